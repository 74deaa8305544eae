"""The export pack: whole, hashed, for officers who say why, and readable in Vietnamese."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from api.application import create_app
from api.auth import Role
from api.services import Evidence
from rules.review.case import Verdict
from rules.review.deeds import CorrectPlate, Decide
from store.evidence.pictures import PictureStore
from store.operations.picture_keeping import KeptPicture, keep_picture
from tests.api.support import NOW_MS, City, Client, client_of
from tests.store.operations.support import PLATE, outcome, suspected

WHY = "reason=handing+over"


def jpeg() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (640, 480), (40, 90, 140)).save(written, "JPEG")
    return written.getvalue()


@pytest.fixture
def client(city: City, tmp_path: Path) -> Iterator[Client]:
    store = PictureStore(str(tmp_path / "evidence"))
    measured = {"speed_kmh": 71.5, "limit_kmh": 50.0, "mpe_kmh": 3.0, "excess_kmh": 18.5}
    city.detection.commit(outcome(suspected(occurred_at_ms=NOW_MS, measured=measured)))
    desk = city.views.review_desk
    desk.seal_new(NOW_MS)
    [picture] = city.views.pictures.due(NOW_MS, 9)
    content = jpeg()
    store.put("a.jpg", content)
    sha256 = hashlib.sha256(content).hexdigest()
    kept = KeptPicture(file="a.jpg", sha256=sha256, media_type="image/jpeg", bytes=len(content))
    keep_picture(city.database, picture, kept, NOW_MS)
    for deed in (CorrectPlate(plate="92A-123.46", comment="số cuối là 6"), Decide(verdict=Verdict.CONFIRM)):
        desk.perform(suspected().id, deed, by=("anna", NOW_MS), officers=1, expected_version=None)
    with client_of(
        create_app(replace(city.services(), evidence=Evidence.of(city.database, store)))
    ) as client:
        yield client


def test_pack_is_whole_and_its_hashes_are_right(client: Client, city: City) -> None:
    body = {"violations": [suspected().id, suspected().id]}
    answer = client.post(f"/v1/violations/export?{WHY}", city.tokens[Role.OFFICER], json=body)

    assert answer.headers["content-disposition"] == 'attachment; filename="violations-1.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    lines = [line.split("  ") for line in files.pop("SHA256SUMS").decode().splitlines()]
    sums = {name: sha256 for sha256, name in lines}
    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert set(files) == {"violations.json", "violations.csv", "violations.pdf", "pictures/1-0.jpg"}
    told = json.loads(files["violations.json"])
    [violation] = told["violations"]
    assert (violation["plate"], violation["plate_read"]) == ("92A-123.46", PLATE)
    assert told["chain_head"] == str(city.views.chain.head())
    assert [entry["transition"] for entry in violation["history"]] == [
        "suspected",
        "plate_corrected",
        "confirmed",
    ]
    [line] = csv.DictReader(io.StringIO(files["violations.csv"].decode("utf-8-sig")))
    assert line["Biển số"] == "92A-123.46"
    assert line["Thời gian vi phạm"] == "19:00, 22/11/2026"
    assert line["Trạng thái"] == "Cán bộ đã xác nhận"
    assert city.audited("violation.export") == [("the officer", suspected().id)]


def test_pdf_shows_the_picture_and_has_its_own_letters(client: Client, city: City) -> None:
    body = {"violations": [suspected().id]}
    answer = client.post(f"/v1/violations/export?{WHY}", city.tokens[Role.OFFICER], json=body)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        pdf = archive.read("violations.pdf")
    assert pdf.startswith(b"%PDF")
    assert b"DejaVu" in pdf
    assert b"/DCTDecode" in pdf


@pytest.mark.parametrize(
    ("role", "query", "status"),
    [(Role.OFFICER, "", 422), (Role.OPERATOR, WHY, 403), (Role.ADMIN, WHY, 403)],
)
def test_pack_is_for_officers_who_say_why(
    client: Client, city: City, role: Role, query: str, status: int
) -> None:
    body = {"violations": [suspected().id]}
    answer = client.post(f"/v1/violations/export?{query}", city.tokens[role], json=body)
    assert answer.status_code == status
    assert not city.audited("violation.export")
