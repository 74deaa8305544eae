import json
from pathlib import Path

import pytest

from app.errors import StartError
from app.mosquitto.book import CredentialBook
from app.mosquitto.password_file import read_passwords, write_passwords
from app.mosquitto.principals import Principal, Role, principal
from devices.clock import SteppedClock

LAMP = principal(Role.DEVICE, "TK-L-0001")
OTHER = principal(Role.DEVICE, "TK-L-0002")
GATEWAY = principal(Role.GATEWAY, "gw.zigbee", ["zigbee2mqtt"])
COLLECTOR = principal(Role.COLLECTOR, "svc.collector")


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(1_000)


@pytest.fixture
def book(tmp_path: Path, clock: SteppedClock) -> CredentialBook:
    return CredentialBook(tmp_path, clock, "an")


def names(book: CredentialBook, *, service: bool = False) -> list[str]:
    return list(read_passwords(book.files.passwords(service=service)))


def test_issued_principals_stand_in_the_files_of_their_listener(book: CredentialBook) -> None:
    issued = book.issue([LAMP, GATEWAY, COLLECTOR])
    assert [one.principal for one in issued] == [LAMP, GATEWAY, COLLECTOR]
    assert names(book) == ["TK-L-0001", "gw.zigbee"]
    assert names(book, service=True) == ["svc.collector"]
    devices = book.files.acl(service=False).read_text(encoding="utf-8")
    assert "user gw.zigbee\ntopic readwrite zigbee2mqtt/#\n" in devices
    assert "svc.collector" not in devices
    assert "user svc.collector\ntopic read ioc/v1/" in book.files.acl(service=True).read_text(
        encoding="utf-8"
    )


def test_passwords_are_nowhere_but_with_who_asked(book: CredentialBook, tmp_path: Path) -> None:
    (issued,) = book.issue([LAMP])
    assert issued.password not in repr(issued)
    assert [f for f in tmp_path.iterdir() if issued.password in f.read_text(encoding="utf-8")] == []


def test_issuing_twice_is_refused_and_changes_nothing(book: CredentialBook) -> None:
    book.issue([LAMP])
    before = book.files.passwords(service=False).read_text(encoding="utf-8")
    with pytest.raises(StartError, match="has a credential already"):
        book.issue([OTHER, LAMP])
    assert book.files.passwords(service=False).read_text(encoding="utf-8") == before
    assert [one.principal for one in book.list()] == [LAMP]


def test_gateways_of_one_prefix_are_refused_also_in_one_call(book: CredentialBook) -> None:
    twin = principal(Role.GATEWAY, "gw.twin", ["zigbee2mqtt/floor"])
    with pytest.raises(StartError, match="a topic has one owner"):
        book.issue([GATEWAY, twin])
    book.issue([GATEWAY])
    with pytest.raises(StartError, match="a topic has one owner"):
        book.issue([twin])


def test_rotated_principal_has_another_hash_and_its_neighbour_the_same(book: CredentialBook) -> None:
    book.issue([LAMP, OTHER])
    before = read_passwords(book.files.passwords(service=False))
    book.rotate(["TK-L-0001"])
    after = read_passwords(book.files.passwords(service=False))
    assert (after["TK-L-0001"] != before["TK-L-0001"], after["TK-L-0002"]) == (True, before["TK-L-0002"])


def test_revoked_principal_is_gone_from_the_files_and_stays_in_the_book(
    book: CredentialBook, clock: SteppedClock
) -> None:
    book.issue([LAMP, GATEWAY])
    clock.step_to(5_000)
    assert book.revoke(["gw.zigbee"]) == book.revoke(["gw.zigbee"]) == [GATEWAY]
    assert names(book) == ["TK-L-0001"]
    assert "gw.zigbee" not in book.files.acl(service=False).read_text(encoding="utf-8")
    found = {one.principal.name: one for one in book.list()}["gw.zigbee"]
    assert (found.revoked, found.issued_at_ms, found.changed_at_ms, found.by) == (True, 1_000, 5_000, "an")
    assert len(book.files.book.read_text(encoding="utf-8").splitlines()) == 3


def test_revoked_principal_may_be_issued_anew(book: CredentialBook, clock: SteppedClock) -> None:
    book.issue([LAMP])
    book.revoke(["TK-L-0001"])
    clock.step_to(7_000)
    book.issue([LAMP])
    (found,) = book.list()
    assert (found.revoked, found.issued_at_ms) == (False, 7_000)


@pytest.mark.parametrize("act", ["rotate", "revoke"])
def test_stranger_cannot_be_changed(book: CredentialBook, act: str) -> None:
    with pytest.raises(StartError, match="'TK-L-0009'"):
        getattr(book, act)(["TK-L-0009"])


def test_interrupted_revocation_is_completed_by_the_next_change(book: CredentialBook) -> None:
    book.issue([LAMP, OTHER])
    act = {"at_ms": 2_000, "by": "an", "action": "revoke", "name": "TK-L-0001", "role": "device"}
    with book.files.book.open("a", encoding="utf-8") as file:
        file.write(json.dumps(act) + "\n")
    book.write_files()
    assert names(book) == ["TK-L-0002"]


def test_user_that_the_book_does_not_know_is_taken_out(book: CredentialBook) -> None:
    write_passwords(book.files.passwords(service=False), {"intruder": "x"})
    book.issue([LAMP])
    assert names(book) == ["TK-L-0001"]


def test_damaged_book_is_refused(book: CredentialBook) -> None:
    book.files.book.write_text("{}\n", encoding="utf-8")
    with pytest.raises(StartError, match="cannot be read"):
        book.issue([LAMP])


def test_book_without_a_folder_says_what_to_do(tmp_path: Path, clock: SteppedClock) -> None:
    with pytest.raises(StartError, match="give another with --folder"):
        CredentialBook(tmp_path / "missing", clock, "an").issue([Principal("a", Role.DEVICE)])
