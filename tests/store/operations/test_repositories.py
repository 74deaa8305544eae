"""The registry, programmes, keys, audit and faults at rest."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, time
from pathlib import Path

import pytest

from devices.entities.broadcast_programmes import ENTITY as PROGRAMMES
from devices.programmes import BroadcastProgramme
from devices.registry import Device, Life, Phase, Registry, Supply
from devices.registry_files import read_registry, write_csv
from rules.lifecycle.deeds import Acknowledge
from rules.lifecycle.errors import AlreadyAcknowledgedError
from store.operations.audit import AuditEntry, AuditLog
from store.operations.changes import ChangeFeed
from store.operations.database import OperationsDatabase
from store.operations.detection import DetectionTables
from store.operations.devices import DeviceRepository
from store.operations.entities import EntityRepository
from store.operations.errors import NoSuchRecordError, VersionConflictError
from store.operations.fault_desk import FaultDesk
from store.operations.faults import FaultRepository
from store.operations.keys import KeyRepository
from store.operations.records import FaultRecord, from_body
from tests.store.operations.support import outcome, raised

CHANGE = AuditEntry(at_ms=6, who="anna", action="registry.import", target="registry")


@pytest.fixture
def devices(database: OperationsDatabase) -> DeviceRepository:
    return DeviceRepository(database)


@pytest.fixture
def keys(database: OperationsDatabase) -> KeyRepository:
    return KeyRepository(database)


@pytest.fixture
def audit(database: OperationsDatabase) -> AuditLog:
    return AuditLog(database)


def rich_devices() -> list[Device]:
    return [
        Device(id="z-switch", kind="switch", area="tam-ky"),
        Device(id="cab", kind="lighting-cabinet", area="tam-ky", latitude=15.57, longitude=108.47),
        Device(
            id="old-lamp", kind="streetlight", area="tam-ky", life=Life.RETIRED, attributes={"rated_w": 1.0}
        ),
        Device(
            id="lamp",
            kind="streetlight",
            area="tam-ky",
            name="Đèn 1",
            area_name="Phường Tam Kỳ",
            area_legacy="An Mỹ",
            area_codes=("gso-2025:20341",),
            street="Phan Chu Trinh",
            powered_by=Supply(parent="cab", circuit="2", phase=Phase.L2),
            uplink="z-switch",
            interval_s=30.0,
            life=Life.COMMISSIONING,
            life_since=date(2026, 3, 1),
            replaces="old-lamp",
            people_served=12,
            vendor_ids=("tasmota:lamp-17",),
            attributes={"rated_w": 60.0},
        ),
    ]


def test_registry_comes_back_as_it_went_in(devices: DeviceRepository, audit: AuditLog) -> None:
    registry = Registry(rich_devices())
    assert dict(devices.load()) == {}
    devices.replace(registry, who="anna", at_ms=5)

    assert list(devices.load().values()) == list(registry.values())
    [entry] = audit.list().items
    assert (entry.who, entry.action, entry.detail) == ("anna", "registry.replace", {"devices": 4})


def test_registry_replaced_by_an_equal_one_leaves_no_trace(
    devices: DeviceRepository, audit: AuditLog
) -> None:
    for at_ms in (5, 6):
        devices.replace(Registry(rich_devices()), who="anna", at_ms=at_ms)
    assert [entry.at_ms for entry in audit.list().items] == [5]


def test_registry_replaced_has_only_the_new_devices(devices: DeviceRepository) -> None:
    devices.replace(Registry(rich_devices()), who="anna", at_ms=5)
    devices.replace(Registry(rich_devices()[:1]), who="anna", at_ms=6)
    assert list(devices.load()) == ["z-switch"]


def test_registry_updated_keeps_the_rest_in_its_order(devices: DeviceRepository, audit: AuditLog) -> None:
    devices.replace(Registry(rich_devices()), who="anna", at_ms=5)
    new = [Device(id=name, kind="lighting-cabinet", area="ban-thach") for name in ("a-cab", "cab")]
    changed = Registry((dict(Registry(rich_devices())) | {device.id: device for device in new}).values())
    devices.update(changed, ["a-cab", "cab"], [], CHANGE)
    assert audit.list().items[0].action == CHANGE.action

    loaded = devices.load()
    assert list(loaded) == ["z-switch", "cab", "old-lamp", "lamp", "a-cab"]
    assert loaded["cab"].area == "ban-thach"
    devices.update(Registry(rich_devices()), [], ["a-cab"], CHANGE)
    assert list(devices.load()) == ["z-switch", "cab", "old-lamp", "lamp"]


def test_registry_file_survives_the_store(devices: DeviceRepository, tmp_path: Path) -> None:
    write_csv(rich_devices(), tmp_path / "registry.csv")
    registry = read_registry(tmp_path / "registry.csv")
    devices.replace(registry, who="anna", at_ms=5)
    assert dict(devices.load()) == dict(registry)


def test_programmes_come_back_as_they_went_in(database: OperationsDatabase) -> None:
    morning = BroadcastProgramme(
        id="morning",
        area="tam-ky",
        title="Bản tin sáng",
        weekdays=frozenset({0, 4}),
        starts=time(5),
        ends=time(5, 30, 15),
        valid_from=date(2026, 1, 1),
    )
    evening = BroadcastProgramme(
        id="evening",
        area="tam-ky",
        title="Bản tin chiều",
        weekdays=frozenset(range(7)),
        starts=time(17),
        ends=time(17, 30),
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 12, 31),
    )
    repository = EntityRepository(database)
    repository.replace(PROGRAMMES, [morning, evening], who="anna", at_ms=1)
    repository.replace(PROGRAMMES, [evening, morning], who="anna", at_ms=1)
    assert len(AuditLog(database).list().items) == 1
    assert list(repository.load(PROGRAMMES)) == [evening, morning]
    repository.replace(PROGRAMMES, [], who="anna", at_ms=2)
    assert list(repository.load(PROGRAMMES)) == []


def test_key_is_stored_without_its_secret_and_printed_without_it(
    keys: KeyRepository, database: OperationsDatabase
) -> None:
    made = keys.create("anna", "operator", who="root", at_ms=1)
    secret = made.token.partition(".")[2]

    assert keys.authenticate(made.token, 2) == made.key
    assert secret not in repr(made)
    with database.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM api_keys").all()
    assert secret not in str(rows)
    assert secret.encode() not in bytes(rows[0].secret_hash)


@pytest.mark.parametrize(
    "token", ["", "ioc_", "ioc_000000000000." + "A" * 43, "ioc_\u0660" * 12, "x" * 10_000]
)
def test_text_that_is_no_key_opens_nothing(keys: KeyRepository, token: str) -> None:
    keys.create("anna", "operator", who="root", at_ms=1)
    assert keys.authenticate(token, 2) is None


def test_keys_are_listed_and_revoked_once(keys: KeyRepository, audit: AuditLog) -> None:
    first = keys.create("anna", "operator", who="root", at_ms=1, expires_at_ms=100)
    keys.create("ben", "viewer", who="root", at_ms=2, scopes=["devices:read"])
    keys.revoke(first.key.prefix, who="root", at_ms=3)
    keys.revoke(first.key.prefix, who="root", at_ms=4)

    assert [(key.name, key.revoked_at_ms, key.scopes) for key in keys.list()] == [
        ("anna", 3, ()), ("ben", None, ("devices:read",)),
    ]  # fmt: skip
    assert keys.authenticate(first.token, 5) is None
    assert [entry.action for entry in audit.list().items] == ["key.revoke", "key.create", "key.create"]
    with pytest.raises(NoSuchRecordError, match="there is no key 'nobody'"):
        keys.revoke("nobody", who="root", at_ms=5)


def test_audit_is_read_in_pages_from_the_newest(audit: AuditLog) -> None:
    for number in range(5):
        audit.append(AuditEntry(at_ms=number, who="anna", action="test", target=str(number)))
    first = audit.list(limit=3)
    rest = audit.list(before=first.next_after, limit=3)

    assert [entry.target for page in (first, rest) for entry in page.items] == ["4", "3", "2", "1", "0"]
    assert rest.next_after is None


def test_acknowledged_fault_tells_feed_history_and_audit_in_one_step(
    database: OperationsDatabase, audit: AuditLog
) -> None:
    fault, faults = raised(), FaultRepository(database)
    DetectionTables(database).commit(outcome(fault))
    record = FaultDesk(database).perform(
        fault.id, Acknowledge(comment="seen"), who="anna", at_ms=50, expected_version=1
    )

    [change] = ChangeFeed(database).after(1, 10)
    assert (change.change, change.revision) == ("acknowledged", record.revision)
    assert from_body(FaultRecord, change.body) == record == faults.get(fault.id)
    assert faults.history(fault.id)[-1].comment == "seen"
    assert audit.list().items[0].target == fault.id


def test_acknowledging_a_version_that_is_gone_changes_nothing(database: OperationsDatabase) -> None:
    fault, faults = raised(), FaultRepository(database)
    DetectionTables(database).commit(outcome(fault))
    with pytest.raises(VersionConflictError, match="at version 1, not 2"):
        FaultDesk(database).perform(fault.id, Acknowledge(), who="anna", at_ms=50, expected_version=2)
    assert faults.get(fault.id).version == 1


def test_of_many_who_acknowledge_at_once_one_wins(database: OperationsDatabase) -> None:
    fault, faults = raised(), FaultRepository(database)
    DetectionTables(database).commit(outcome(fault))

    desk = FaultDesk(database)

    def acknowledge(who: str) -> str | None:
        try:
            return desk.perform(fault.id, Acknowledge(), who=who, at_ms=50).acknowledged_by
        except AlreadyAcknowledgedError:
            return None

    people = [f"person {number}" for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        winners = [who for who in threads.map(acknowledge, people) if who is not None]
    assert winners == [faults.get(fault.id).acknowledged_by]
    assert faults.get(fault.id).version == 2


def test_body_of_an_older_program_still_reads() -> None:
    title = {"vi": "a", "en": "b"}
    words = {
        "id": "x",
        "rule": "r",
        "device": "d",
        "kind": "k",
        "area": "a",
        "severity": "minor",
        "state": "active",
    }
    numbers = {"number": 1, "rule_version": 1, "since_ms": 1, "raised_at_ms": 1, "detected_at_ms": 1}
    body = {"title": title, **words, **numbers, "a_member_of_a_newer_one": True}
    assert from_body(FaultRecord, body).acknowledged_by is None
