"""Evidence over the API: how it is, a check, and pictures for a reason."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.application import create_app
from api.auth import Role
from api.services import Evidence
from store.evidence.pictures import PictureStore
from store.operations.picture_keeping import KeptPicture, keep_picture
from tests.api.support import City, Client, client_of
from tests.store.operations.support import outcome, suspected

PNG = b"\x89PNG\r\n\x1a\n a picture"


@pytest.fixture
def client(city: City, tmp_path: Path) -> Iterator[Client]:
    store = PictureStore(str(tmp_path / "evidence"))
    city.detection.commit(outcome(suspected()))
    city.views.review_desk.seal_new(1)
    [picture] = city.views.pictures.due(1, 9)
    store.put("a.png", PNG)
    kept = KeptPicture(file="a.png", sha256="0" * 64, media_type="image/png", bytes=len(PNG))
    keep_picture(city.database, picture, kept, 2)
    with client_of(
        create_app(replace(city.services(), evidence=Evidence.of(city.database, store)))
    ) as client:
        yield client


def test_check_finds_what_is_broken_and_is_remembered(client: Client, city: City) -> None:
    assert client.get("/v1/evidence", city.tokens[Role.OPERATOR]).json()["last_check"] is None
    found = client.post("/v1/evidence/verify", city.tokens[Role.OFFICER]).json()
    assert (found["is_whole"], found["problem"].split(":")[0]) == (False, "link 2")
    shown = client.get("/v1/evidence", city.tokens[Role.OPERATOR]).json()
    assert (shown["last_check"], shown["head"]["number"], shown["pictures"]["kept"]) == (found, 2, 1)


def test_picture_is_shown_for_a_reason_that_is_audited(client: Client, city: City) -> None:
    officer, path = city.tokens[Role.OFFICER], f"/v1/violations/{suspected().id}/pictures"
    [listed] = client.get(path, city.tokens[Role.OPERATOR]).json()
    assert (listed["state"], listed["media_type"]) == ("kept", "image/png")
    assert client.get(f"{path}/0", officer).status_code == 422
    assert client.get(f"{path}/0?reason=for+review", city.tokens[Role.ADMIN]).status_code == 403
    answer = client.get(f"{path}/0?reason=for+review", officer)
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
    assert city.audited("picture.read") == [("the officer", suspected().id)]
    assert client.get(f"{path}/1?reason=for+review", officer).status_code == 404
