"""The dump is for keys of its own role, is audited, and comes whole."""

from collections.abc import Iterator
from dataclasses import replace

from api.application import create_app
from api.auth import Role
from tests.api.support import City, client_of


def frames() -> Iterator[bytes]:
    yield b"one "
    yield b"two"


def test_dump_is_for_the_role_backup_alone_and_is_audited(city: City) -> None:
    services = replace(city.services(), dump=frames)
    with client_of(create_app(services)) as client:
        for role in Role:
            answer = client.post("/v1/store/dump", city.tokens[role])
            assert answer.status_code == (200 if role is Role.BACKUP else 403), role
        assert client.post("/v1/store/dump", city.tokens[Role.BACKUP]).content == b"one two"
    actions = [(entry.who, entry.action) for entry in city.views.audit.list().items]
    assert actions.count(("the backup", "store.backup")) == 2


def test_process_without_stores_of_its_own_says_where_to_go(city: City) -> None:
    with client_of(create_app(city.services())) as client:
        answer = client.post("/v1/store/dump", city.tokens[Role.BACKUP])
    assert (answer.status_code, "ioc store backup" in answer.json()["detail"]) == (404, True)
