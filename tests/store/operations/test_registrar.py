"""Imports with a dry run, exports that give back, and what a change tells the running service."""

from collections.abc import Sequence

import pytest

from devices.entity_catalogue import entity_kinds
from devices.plans import Programme
from devices.registry import Registry
from devices.table_files import FileFormat
from store.operations.audit import AuditLog
from store.operations.database import OperationsDatabase
from store.operations.devices import DeviceRepository
from store.operations.errors import RegisteringRefusedError
from store.operations.registrar import Author, ImportMode, ImportReport, Registrar

ANNA = Author(who="anna", at_ms=5)
CITY = """id,kind,area,powered_by,circuit,phase,uplink,life,replaces,rated_w,limit_kmh,vendor_ids
F1,feeder,tam-ky,,,,,,,,,
C1,lighting-cabinet,tam-ky,F1,,,,,,,,
L0,streetlight,tam-ky,,,,,retired,,60,,
L1,streetlight,tam-ky,C1,A,L2,,,L0,60,,tasmota:one
S1,switch,tam-ky,F1,,,,,,,,
T1,traffic-camera,tam-ky,,,,S1,,,,50,
"""


class Told:
    """What the service is told of changes."""

    def __init__(self) -> None:
        self.registries: list[Registry] = []
        self.programmes: list[Sequence[Programme]] = []

    def __call__(self, registry: Registry, programmes: Sequence[Programme]) -> None:
        self.registries.append(registry)
        self.programmes.append(programmes)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def registrar(database: OperationsDatabase, told: Told) -> Registrar:
    return Registrar(database, told)


def imported(registrar: Registrar, text: str, **mode: bool) -> ImportReport:
    return registrar.import_devices(text.encode(), FileFormat.CSV, ImportMode(**mode), ANNA)


def problems(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.column, problem.value) for problem in report.problems]


def test_dry_run_says_what_it_would_do_and_does_nothing(
    registrar: Registrar, database: OperationsDatabase, told: Told
) -> None:
    report = imported(registrar, CITY, dry_run=True)
    assert (report.added, report.unchanged) == (["F1", "C1", "L0", "L1", "S1", "T1"], 0)
    assert dict(DeviceRepository(database).load()) == {}
    assert (told.registries, AuditLog(database).list().items) == ([], [])


def test_import_counts_at_once_and_is_audited(
    registrar: Registrar, database: OperationsDatabase, told: Told
) -> None:
    imported(registrar, CITY)
    [registry] = told.registries
    assert dict(registry) == dict(DeviceRepository(database).load())
    assert registry.replacement_of("L0") is registry["L1"]
    [entry] = AuditLog(database).list().items
    assert (entry.who, entry.action, entry.detail) == (
        "anna",
        "registry.import",
        {"changed": 6, "removed": 0},
    )


def test_second_import_tells_the_same_from_the_changed_and_replacing_removes_the_rest(
    registrar: Registrar, told: Told
) -> None:
    imported(registrar, CITY)
    changed = CITY.replace("T1,traffic-camera,tam-ky", "T2,traffic-camera,tam-ky").replace(",A,L2", ",B,L3")
    report = imported(registrar, changed, dry_run=True, replace=True)
    assert (report.added, report.changed, report.removed, report.unchanged) == (
        ["T2"], {"L1": ["circuit", "phase"]}, ["T1"], 4,
    )  # fmt: skip
    assert imported(registrar, changed, dry_run=True).removed == []
    imported(registrar, changed, replace=True)
    assert list(told.registries[-1]) == ["F1", "C1", "L0", "L1", "S1", "T2"]


@pytest.mark.parametrize("file_format", FileFormat)
def test_export_imported_again_changes_nothing(
    registrar: Registrar, file_format: FileFormat, told: Told
) -> None:
    imported(registrar, CITY)
    exported = registrar.export_devices(file_format)
    report = registrar.import_devices(exported.encode(), file_format, ImportMode(replace=True), ANNA)
    assert (report.added, report.changed, report.removed, report.unchanged) == ([], {}, [], 6)
    assert len(told.registries) == 1


def test_every_bad_line_is_named_with_column_and_value(registrar: Registrar) -> None:
    imported(registrar, CITY)
    bad = (
        "id,kind,area,latitude,phase,life,uplink,replaces,rated_w,vendor_ids,colour\n"
        "a b,streetlight,tam-ky,,,,,,60,,\n"
        "L2,streetlight,Tam Ky,north,L4,gone,,,60,,red\n"
        "L3,streetlight,tam-ky,,,,,,,,\n"
        "L4,streetlight,tam-ky,,,,S9,T1,60,tasmota:one,\n"
        "C1,feeder,tam-ky,,,,,,,,\n"
        "F2,feeder,tam-ky,,,,,,60,,\n"
        "F3,feeder,tam-ky,,,,,,,,\n"
        "F3,feeder,tam-ky,,,,,,,,,surplus\n"
    )
    report = imported(registrar, bad, dry_run=True)
    assert problems(report) == [
        (2, "id", "a b"),
        (3, "colour", "red"),
        (3, "area", "Tam Ky"),
        (3, "latitude", "north"),
        (3, "phase", "L4"),
        (3, "life", "gone"),
        (3, "phase", "L4"),
        (4, "rated_w", ""),
        (5, "vendor_ids", "tasmota:one"),
        (5, "uplink", "S9"),
        (5, "replaces", "T1"),
        (6, "kind", "feeder"),
        (7, "rated_w", "60"),
        (9, "", "surplus"),
        (9, "id", "F3"),
    ]
    rules = {problem.rule for problem in report.problems if problem.line == 6}
    assert rules == {"is that of a lighting-cabinet: an id never moves to another device, take a new one"}
    with pytest.raises(RegisteringRefusedError, match="and 14 more"):
        imported(registrar, bad)


def test_change_that_breaks_a_device_outside_the_file_is_named(registrar: Registrar) -> None:
    imported(registrar, CITY)
    report = imported(registrar, "id,kind,area,rated_w\nL0,streetlight,tam-ky,60\n", dry_run=True)
    [problem] = report.problems
    assert (problem.line, problem.column, problem.value) == (0, "replaces", "L0")
    assert "L1" in str(problem)


def test_empty_file_replaces_nothing(registrar: Registrar) -> None:
    imported(registrar, CITY)
    with pytest.raises(RegisteringRefusedError, match="would remove everything"):
        imported(registrar, "id,kind,area\n", replace=True)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"id,kind,area\nL\xff,feeder,x\n", "must be UTF-8"),
        (b"id,id,kind\n", "stands twice"),
    ],
)
def test_file_that_is_no_table_is_refused(registrar: Registrar, content: bytes, rule: str) -> None:
    with pytest.raises(RegisteringRefusedError, match=rule):
        registrar.import_devices(content, FileFormat.CSV, ImportMode(), ANNA)


ENTITIES = {
    "broadcast-programmes": "id,area,title,weekdays,starts,ends,valid_from\n"
    "m,tam-ky,Sáng,mon fri,05:00,05:45,2026-01-01\n",
    "lighting-programmes": "id,area,group,curve,valid_from\n"
    "l,tam-ky,C1,sunset-15m=100 22:00=60 sunrise=0,2026-01-01\n",
    "emergency-sources": "id,area,source,level,valid_from\ne,,tinh-01,province,2026-01-01\n",
    "speed-limits": "id,device,lane,limit_kmh,document,valid_from,valid_to\n"
    "s,T1,1,50,Sign P.127,2026-01-01,2026-06-30\n",
    "calibrations": "id,device,certificate,mpe_kmh,valid_from,valid_to\nc,T1,V-1,3,2026-01-01,2026-12-31\n",
    "road-sections": "id,from_device,to_device,length_m,limit_kmh,mpe_kmh,document,valid_from\n"
    "d,T1,S1,1000,50,2,Sign,2026-01-01\n",
    "road-restrictions": "id,device,forbids,document,vehicle_classes,starts,ends,valid_from\n"
    "h,T1,passing,Sign P.106,truck bus,06:30,08:00,2026-01-01\n",
    "maintenance-windows": "id,devices,reason,valid_from,valid_to\n"
    "w,L1 C1,new lamp,2026-03-01T22:00:00+07:00,2026-03-02T05:00:00+07:00\n",
    "contractors": "id,name,valid_from\nk,Công ty Điện,2026-01-01\n",
    "crews": "id,name,contractor,areas,kinds,valid_from\nq,Đội 1,k,tam-ky,streetlight,2026-01-01\n",
    "shifts": "id,crew,weekdays,starts,ends,people,valid_from\nn,q,sat sun,22:00,06:00,2,2026-01-01\n",
}


def entity_import(registrar: Registrar, kind: str, text: str, **mode: bool) -> ImportReport:
    return registrar.import_entities(entity_kinds()[kind], text.encode(), ImportMode(**mode), ANNA)


def test_every_kind_of_entity_is_imported_and_its_export_changes_nothing(registrar: Registrar) -> None:
    imported(registrar, CITY)
    assert set(ENTITIES) == set(entity_kinds())
    for kind, text in ENTITIES.items():
        assert len(entity_import(registrar, kind, text).added) == 1
        exported = registrar.export_entities(entity_kinds()[kind])
        again = entity_import(registrar, kind, exported, replace=True)
        assert (again.added, again.changed, again.removed, again.unchanged) == ([], {}, [], 1)


def test_programmes_count_at_once(registrar: Registrar, told: Told) -> None:
    entity_import(registrar, "broadcast-programmes", ENTITIES["broadcast-programmes"])
    assert [programme.id for programme in told.programmes[-1]] == ["m"]
    entity_import(registrar, "contractors", ENTITIES["contractors"])
    assert len(told.programmes) == 1


def test_versions_of_an_entity_follow_one_another_and_never_overlap(registrar: Registrar) -> None:
    imported(registrar, CITY)
    header, line = ENTITIES["speed-limits"].splitlines()
    entity_import(registrar, "speed-limits", ENTITIES["speed-limits"])
    following = f"{header}\ns,T1,1,60,Sign P.127,2026-07-01,\n"
    assert entity_import(registrar, "speed-limits", following).added == ["s from 2026-07-01"]
    report = entity_import(
        registrar, "speed-limits", f"{header}\n{line.replace('06-30', '07-01')}\n", dry_run=True
    )
    assert [(p.line, p.column, p.value) for p in report.problems] == [(0, "valid_from", "2026-07-01")]


@pytest.mark.parametrize(
    ("kind", "line", "column"),
    [
        ("speed-limits", "id,device,limit_kmh,document,valid_from\ns,T9,50,x,2026-01-01\n", "device"),
        ("speed-limits", "id,device,limit_kmh,document,valid_from\ns,T1,0,x,2026-01-01\n", "limit_kmh"),
        ("crews", "id,name,contractor,valid_from\nq,x,nobody,2026-01-01\n", "contractor"),
        ("crews", "id,name,kinds,valid_from\nq,x,toaster,2026-01-01\n", ""),
        ("shifts", "id,weekdays,starts,ends,valid_from\nn,noday,22:00,06:00,2026-01-01\n", "weekdays"),
        ("contractors", "id,name,valid_from,valid_to\nk,x,2026-01-02,2026-01-01\n", "valid_to"),
        ("contractors", "id,name,valid_from\na b,x,2026-01-02\n", "id"),
        ("contractors", "id,name\nk,x\n", "valid_from"),
        ("lighting-programmes", "id,area,curve,valid_from\nl,tam-ky,dusk=100,2026-01-01\n", "curve"),
        ("lighting-programmes", "id,area,curve,valid_from\nl,Tam Ky,22:00=1,2026-01-01\n", "area"),
        (
            "maintenance-windows",
            "id,reason,valid_from,valid_to\nw,x,2026-01-01T00:00Z,2026-01-02T00:00Z\n",
            "",
        ),
        (
            "maintenance-windows",
            "id,area,reason,valid_from,valid_to\nw,a,x,2026-01-01,2026-01-02\n",
            "valid_from",
        ),
        (
            "broadcast-programmes",
            "id,area,weekdays,starts,ends,valid_from\nm,a,mon,6:00,05:00,2026-01-01\n",
            "starts",
        ),
    ],
)  # fmt: skip
def test_bad_line_of_an_entity_is_named(registrar: Registrar, kind: str, line: str, column: str) -> None:
    imported(registrar, CITY)
    report = entity_import(registrar, kind, line, dry_run=True)
    assert (report.problems[0].line, report.problems[0].column) == (2, column)
    with pytest.raises(RegisteringRefusedError):
        entity_import(registrar, kind, line)
