"""A city is split between its relations, never through one."""

from app.areas import relations_across, watched_in
from devices.device import Supply
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
    ]
)


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
