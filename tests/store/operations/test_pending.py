"""Who speaks and is in no registry: counted once, bounded, adopted, dismissed."""

import polars as pl
import pytest

from devices.batch import DEAD_LETTER_SCHEMA, TIME
from devices.registry import Device, Life, Registry
from devices.table_files import FileFormat
from store.operations import pending as pending_module
from store.operations.audit import AuditLog
from store.operations.database import OperationsDatabase
from store.operations.detection import DetectionTables
from store.operations.devices import DeviceRepository
from store.operations.errors import NoSuchRecordError, RegisteringRefusedError
from store.operations.pending import PendingDevice, PendingRepository
from store.operations.registrar import Author, ImportMode, Registrar
from tests.store.operations.support import outcome

ANNA = Author(who="anna", at_ms=5)
LAMP_TOPIC = "ioc/v1/tam-ky/streetlight/L9/telemetry"


def unknown(*rows: tuple[int, str, str, bytes, int]) -> pl.DataFrame:
    """Dead letters of unknown devices from (entry, identity, topic, payload, received_at)."""
    data = [
        {
            "reason": "unknown_device", "detail": "who is that", "topic": topic, "payload": payload,
            "payload_bytes": len(payload), "received_at": at_ms, "identity": identity, "entry": entry,
        }
        for entry, identity, topic, payload, at_ms in rows
    ]  # fmt: skip
    raw = dict(DEAD_LETTER_SCHEMA) | {"received_at": pl.Int64, "entry": pl.Int64}
    return pl.DataFrame(data, schema=raw).cast({"received_at": TIME})


@pytest.fixture
def tables(database: OperationsDatabase) -> DetectionTables:
    return DetectionTables(database)


@pytest.fixture
def pending(database: OperationsDatabase) -> PendingRepository:
    return PendingRepository(database)


def spoken(tables: DetectionTables, *identities: str, number: int = 1) -> None:
    rows = [(number, identity, "some/topic", b"{}", number) for identity in identities]
    tables.commit(outcome(number=number, dead_letters=unknown(*rows)))


def test_unknown_speaker_is_listed_with_its_last_message_and_counted(
    tables: DetectionTables, pending: PendingRepository
) -> None:
    first = unknown((1, "native:L9", LAMP_TOPIC, b'{"a":1}', 10), (1, "native:L9", LAMP_TOPIC, b"{}", 11))
    second = unknown((2, "native:L9", LAMP_TOPIC, b'{"a":3}', 12), (2, "openwisp:aa:bb", "x", b"{}", 13))
    tables.commit(outcome(number=1, dead_letters=first))
    tables.commit(outcome(number=2, dead_letters=second))
    newest, lamp = pending.list().items
    assert lamp == PendingDevice(
        row=lamp.row,
        identity="native:L9",
        guessed_kind="streetlight",
        topic=LAMP_TOPIC,
        payload=b'{"a":3}',
        payload_bytes=7,
        count=3,
        first_seen_ms=10,
        last_seen_ms=12,
    )
    assert (newest.format, newest.name, newest.guessed_kind) == ("openwisp", "aa:bb", "wifi-ap")


def test_outcome_committed_again_counts_nobody_again(
    tables: DetectionTables, pending: PendingRepository
) -> None:
    told = outcome(
        number=7, dead_letters=unknown((6, "native:a", "x", b"1", 1), (7, "native:a", "x", b"2", 2))
    )
    for _ in range(3):
        tables.commit(told)
    [device] = pending.list().items
    assert (device.count, device.payload) == (2, b"2")


def test_other_dead_letters_make_nobody_pending(tables: DetectionTables, pending: PendingRepository) -> None:
    letters = unknown((1, "native:a", "x", b"", 1)).with_columns(reason=pl.lit("schema"))
    nobody = unknown((1, "native:b", "x", b"", 1)).with_columns(identity=pl.lit(None, pl.String))
    tables.commit(outcome(number=1, dead_letters=pl.concat([letters, nobody])))
    assert pending.list().items == []


def test_pending_devices_come_in_pages(tables: DetectionTables, pending: PendingRepository) -> None:
    spoken(tables, "native:a", "native:b", "native:c")
    page = pending.list(limit=2)
    assert [device.name for device in page.items] == ["c", "b"]
    assert [device.name for device in pending.list(before=page.next_after).items] == ["a"]


def test_those_that_spoke_last_are_kept(
    tables: DetectionTables, pending: PendingRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_module, "_MOST", 2)
    spoken(tables, "native:a", number=1)
    spoken(tables, "native:b", number=2)
    spoken(tables, "native:a", number=3)
    spoken(tables, "native:c", number=4)
    assert {device.name for device in pending.list().items} == {"a", "c"}


def test_long_message_is_kept_as_its_beginning(tables: DetectionTables, pending: PendingRepository) -> None:
    tables.commit(outcome(dead_letters=unknown((1, "native:a", "x", b"x" * 10_000, 1))))
    [device] = pending.list().items
    assert (len(device.payload), device.payload_bytes) == (2_048, 10_000)


def test_dismissed_device_stays_dismissed_however_often_it_speaks(
    tables: DetectionTables, database: OperationsDatabase, pending: PendingRepository
) -> None:
    spoken(tables, "native:a")
    [device] = pending.list().items
    registrar = Registrar(database)
    registrar.dismiss(device.row, ANNA)
    registrar.dismiss(device.row, Author(who="binh", at_ms=9))
    spoken(tables, "native:a", number=2)
    assert pending.list().items == []
    [dismissed] = pending.list(dismissed=True).items
    assert (dismissed.dismissed_by, dismissed.dismissed_at_ms, dismissed.count) == ("anna", 5, 2)
    assert [entry.action for entry in AuditLog(database).list().items] == ["pending.dismiss"]
    with pytest.raises(NoSuchRecordError):
        registrar.dismiss(device.row + 1, ANNA)


def test_native_device_is_adopted_under_its_own_id(
    tables: DetectionTables, database: OperationsDatabase, pending: PendingRepository
) -> None:
    tables.commit(outcome(dead_letters=unknown((1, "native:L9", LAMP_TOPIC, b"{}", 1))))
    [waiting] = pending.list().items
    told: list[Registry] = []
    registrar = Registrar(database, lambda registry, _programmes: told.append(registry))
    with pytest.raises(RegisteringRefusedError, match="speaks under its own id"):
        registrar.adopt(waiting.row, {"id": "L8", "area": "tam-ky", "rated_w": "60"}, ANNA)
    device, _ = registrar.adopt(waiting.row, {"area": "tam-ky", "rated_w": "60"}, ANNA)
    assert (device.id, device.kind, device.attributes, device.vendor_ids) == (
        "L9", "streetlight", {"rated_w": 60.0, "nominal_v": 230.0}, (),
    )  # fmt: skip
    assert [dict(registry) for registry in told] == [{"L9": device}]
    assert pending.list().items == []
    assert [entry.action for entry in AuditLog(database).list().items] == ["device.adopt"]
    with pytest.raises(NoSuchRecordError, match="no pending device"):
        registrar.adopt(waiting.row, {}, ANNA)


def test_vendor_device_is_adopted_as_a_device_that_was_planned(
    tables: DetectionTables, database: OperationsDatabase, pending: PendingRepository
) -> None:
    planned = Device(
        id="L1", kind="streetlight", area="tam-ky", street="Hùng Vương", life=Life.PLANNED,
        vendor_ids=("chirpstack:01",), attributes={"rated_w": 60.0},
    )  # fmt: skip
    DeviceRepository(database).replace(Registry([planned]), who="x", at_ms=1)
    spoken(tables, "tasmota:AABBCC")
    [waiting] = pending.list().items
    device, _ = Registrar(database).adopt(waiting.row, {"id": "L1", "life": "in-service"}, ANNA)
    assert (device.street, device.life, device.vendor_ids) == (
        "Hùng Vương", Life.IN_SERVICE, ("chirpstack:01", "tasmota:AABBCC"),
    )  # fmt: skip
    assert waiting.is_in(DeviceRepository(database).load())


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"kind": "streetlight", "area": "tam-ky", "rated_w": "60"}, "id"),
        ({"id": "L1", "area": "tam-ky"}, "kind"),
        ({"id": "L1", "kind": "streetlight", "area": "tam-ky"}, "rated_w"),
        ({"id": "L1", "kind": "toaster", "area": "tam-ky"}, "kind"),
        ({"id": "L1", "kind": "feeder", "area": "tam-ky", "colour": "red"}, "colour"),
        ({"id": "L1", "kind": "feeder", "area": "tam-ky", "uplink": "nobody"}, "uplink"),
        ({"id": "F1", "kind": "switch", "area": "tam-ky"}, "kind"),
    ],
)
def test_adoption_that_makes_no_device_is_refused_and_changes_nothing(
    tables: DetectionTables, database: OperationsDatabase, cells: dict[str, str], column: str
) -> None:
    DeviceRepository(database).replace(Registry([Device(id="F1", kind="feeder", area="x")]), who="x", at_ms=1)
    spoken(tables, "tasmota:AABBCC")
    registrar = Registrar(database)
    [waiting] = registrar.pending.list().items
    with pytest.raises(RegisteringRefusedError) as caught:
        registrar.adopt(waiting.row, cells, ANNA)
    assert column in {problem.column for problem in caught.value.problems}
    assert len(registrar.pending.list().items) == 1
    assert list(DeviceRepository(database).load()) == ["F1"]


def test_import_of_a_pending_device_adopts_it(tables: DetectionTables, database: OperationsDatabase) -> None:
    spoken(tables, "tasmota:x", "native:L2", "native:L3")
    registrar = Registrar(database)
    text = "id,kind,area,rated_w,vendor_ids\nL1,streetlight,a,60,tasmota:x\nL2,streetlight,a,60,\n"
    registrar.import_devices(text.encode(), FileFormat.CSV, ImportMode(), ANNA)
    assert [device.identity for device in registrar.pending.list().items] == ["native:L3"]
