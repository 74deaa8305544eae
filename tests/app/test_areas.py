"""A city is split between its relations, never through one."""

from dataclasses import replace
from datetime import UTC, date, datetime

from app.areas import cuts, relations_across, sections_across, watched_in
from devices.device import Supply
from devices.entities.road_sections import RoadSection
from devices.registry import Device, Registry

CITY = Registry(
    [
        Device(id="F1", kind="feeder", area="an-phu"),
        Device(id="C1", kind="lighting-cabinet", area="tam-ky", powered_by=Supply(parent="F1")),
        Device(id="C2", kind="lighting-cabinet", area="an-phu", powered_by=Supply(parent="F1")),
        Device(id="S1", kind="switch", area="tam-ky"),
        Device(id="W1", kind="wifi-ap", area="tam-ky", uplink="S1"),
        Device(id="W2", kind="wifi-ap", area="ban-thach", uplink="S1"),
        Device(id="T1", kind="traffic-camera", area="ban-thach"),
        Device(id="T2", kind="traffic-camera", area="an-phu"),
    ]
)
SECTION = RoadSection(
    id="phan-chau-trinh",
    from_device="T1",
    to_device="T2",
    length_m=1_200,
    limit_kmh=50,
    mpe_kmh=2,
    document="12/QD-UBND",
    certificate="K-77",
    valid_from=date(2026, 1, 1),
)
NOW_MS = round(datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp() * 1000)


def test_relations_that_leave_the_collectors_areas_are_named() -> None:
    assert [line.split(" and ")[0] for line in relations_across(CITY, {"tam-ky"})] == [
        "C1 (area tam-ky) is powered by F1 (area an-phu),",
        "W2 (area ban-thach) is linked to S1 (area tam-ky),",
    ]


def test_split_between_relations_and_no_split_are_fine() -> None:
    assert relations_across(CITY, {"tam-ky", "an-phu", "ban-thach"}) == []
    assert relations_across(CITY, set()) == []


def test_collector_watches_its_areas_and_what_they_depend_on() -> None:
    assert set(watched_in(CITY, {"ban-thach"})) == {"W2", "T1", "S1"}
    assert set(watched_in(CITY, {"tam-ky"})) == {"C1", "F1", "S1", "W1"}
    assert watched_in(CITY, set()) is CITY


def test_section_of_road_between_two_collectors_is_named() -> None:
    (line,) = sections_across(CITY, [SECTION], {"an-phu", "tam-ky"}, NOW_MS)
    assert line.startswith(
        "the section phan-chau-trinh begins at T1 (area ban-thach) and ends at T2 (area an-phu)"
    )
    assert line in cuts(CITY, [SECTION], {"an-phu", "tam-ky"}, NOW_MS)
    assert sections_across(CITY, [SECTION], {"ban-thach"}, NOW_MS) == [line]


def test_section_of_one_collector_or_of_nobody_or_of_the_past_cuts_nothing() -> None:
    assert sections_across(CITY, [SECTION], {"an-phu", "ban-thach"}, NOW_MS) == []
    assert sections_across(CITY, [SECTION], {"tam-ky"}, NOW_MS) == []
    assert sections_across(CITY, [SECTION], set(), NOW_MS) == []
    unknown = replace(SECTION, to_device="T9")
    ended = replace(SECTION, valid_to=date(2026, 11, 24))
    assert sections_across(CITY, [unknown, ended], {"an-phu"}, NOW_MS) == []
    assert sections_across(CITY, [replace(SECTION, valid_to=date(2026, 11, 25))], {"an-phu"}, NOW_MS)
