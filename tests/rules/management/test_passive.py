"""What has no telemetry: inferred from those that hang on it, blamed once, back when they are."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from devices.registry import Device, Registry, Supply
from rules.management.standing import Hold
from tests.rules.management.support import (
    MINUTE_MS,
    SECOND_MS,
    START_MS,
    Office,
    cabinet,
    lamp,
    point,
    small_city,
)

POINTS_1 = [f"SW-1-W-{number}" for number in range(4)]
POINTS_2 = [f"SW-2-W-{number}" for number in range(4)]
CABINETS = ["C-1", "C-2"]
LAMPS = [f"{cabinet}-L-{number:02}" for cabinet in CABINETS for number in range(1, 13)]


@pytest.fixture
def office() -> Office:
    """The small city and eighty points elsewhere, so that one switch is far from all points."""
    more = [Device(id=f"W-{number}", kind="wifi-ap", area="tam-ky", interval_s=60.0) for number in range(80)]
    return Office(small_city(*more))


def test_switch_whose_devices_fall_silent_together_is_one_incident(office: Office) -> None:
    office.raise_("any.silent", *POINTS_1)

    office.run(10 * MINUTE_MS)

    assert office.inferred() == [("switch.offline", "SW-1")]
    assert office.holds() == {Hold.FREE: 1, Hold.WAITING: 0, Hold.SUPPRESSED: 4}
    [incident] = office.open()
    assert (incident.device, incident.faults) == ("SW-1", 5)
    assert "4 of 4" in incident.why.en
    assert "4/4" in incident.why.vi


def test_switch_above_switches_is_blamed_for_all_of_them(office: Office) -> None:
    office.raise_("any.silent", *POINTS_1, *POINTS_2)

    office.run(10 * MINUTE_MS)

    assert office.inferred() == [("switch.offline", "SW-0")]
    assert [one.device for one in office.open()] == ["SW-0"]


def test_switch_found_first_is_suppressed_by_the_one_above(office: Office) -> None:
    office.raise_("any.silent", *POINTS_1)
    office.step(10 * SECOND_MS)
    office.raise_("any.silent", *POINTS_2)

    office.run(10 * MINUTE_MS)

    assert office.inferred() == [("switch.offline", "SW-0"), ("switch.offline", "SW-1")]
    assert [one.device for one in office.open()] == ["SW-0"]
    assert office.holds() == {Hold.FREE: 1, Hold.WAITING: 0, Hold.SUPPRESSED: 9}


def test_switch_found_first_is_part_of_the_highest_of_a_chain_that_fails_at_once() -> None:
    between = [
        Device(id="SW-A", kind="switch", area="ban-thach"),
        Device(id="SW-B", kind="switch", area="ban-thach", uplink="SW-A"),
        Device(id="SW-C", kind="switch", area="ban-thach", uplink="SW-B"),
    ]
    hanging = [point(number, switch) for switch in ("SW-A", "SW-B", "SW-C") for number in range(4)]
    office = Office(small_city(*between, *hanging))
    office.raise_("any.silent", *(one.id for one in hanging if one.uplink == "SW-C"))
    office.step(10 * SECOND_MS)
    # SW-B contains SW-C, and is itself contained in SW-A: of the two only SW-A is raised.
    office.raise_("any.silent", *(one.id for one in hanging if one.uplink != "SW-C"))

    office.run(10 * MINUTE_MS)

    assert office.inferred() == [("switch.offline", "SW-A"), ("switch.offline", "SW-C")]
    assert [one.device for one in office.open()] == ["SW-A"]


@pytest.mark.parametrize(
    ("silent", "since_ms"),
    [
        (POINTS_1[:2], [START_MS] * 2),  # two are few
        (POINTS_1[:3], [START_MS] * 3),  # three of four are below four fifths
        (POINTS_1, [START_MS - number * 10 * MINUTE_MS for number in range(4)]),  # one after the other
    ],
)
def test_switch_is_not_blamed_for_few_or_for_what_happened_apart(
    office: Office, silent: list[str], since_ms: list[int]
) -> None:
    for device, at_ms in zip(silent, since_ms, strict=True):
        office.raise_("any.silent", device, since_ms=at_ms)

    office.run(10 * MINUTE_MS)

    assert office.inferred() == []
    assert sorted(one.device for one in office.open()) == silent


def test_switch_is_back_when_most_of_its_devices_are(office: Office) -> None:
    silent = office.raise_("any.silent", *POINTS_1)
    office.run(10 * MINUTE_MS)

    office.clear(silent[:2])
    office.step(SECOND_MS)
    assert office.inferred() == [("switch.offline", "SW-1")]
    office.clear(silent[:3])
    office.step(SECOND_MS)
    assert office.inferred() == []
    assert office.of(silent[3]).hold is Hold.WAITING
    office.step(MINUTE_MS)

    assert [one.device for one in office.open()] == [POINTS_1[3]]


def test_feeder_is_blamed_for_cabinets_that_lost_supply_and_for_silent_ones(office: Office) -> None:
    office.raise_("cabinet.supply_lost", "C-1")
    office.raise_("any.silent", "C-2", *LAMPS)

    office.run(10 * MINUTE_MS)

    assert ("feeder.offline", "F-1") in office.inferred()
    assert [one.device for one in office.open()] == ["F-1"]
    assert office.open()[0].devices == 27


def test_cabinet_that_says_itself_that_it_lost_supply_is_no_sign_of_its_feeder(office: Office) -> None:
    office.raise_("cabinet.supply_lost", "C-1")
    office.raise_("any.silent", *LAMPS[:12])

    office.run(10 * MINUTE_MS)

    assert office.inferred() == []
    assert [one.device for one in office.open()] == ["C-1"]


def test_circuit_whose_lamps_fall_silent_is_one_incident(office: Office) -> None:
    office.raise_("any.silent", *LAMPS[:6])

    office.run(40 * MINUTE_MS)

    assert office.inferred() == [("cabinet.circuit_lost", "C-1")]
    [incident] = office.open()
    assert (incident.device, incident.faults) == ("C-1", 7)


def test_lost_circuit_is_part_of_the_breaker_that_the_cabinet_reports(office: Office) -> None:
    office.raise_("any.silent", *LAMPS[:6])
    office.step(10 * SECOND_MS)
    office.raise_("cabinet.breaker_tripped", "C-1")

    office.run(40 * MINUTE_MS)

    [incident] = office.open()
    assert (incident.rule, incident.device, incident.faults) == ("cabinet.breaker_tripped", "C-1", 8)


@pytest.mark.parametrize(("seen_after_min", "told"), [(3, ["cabinet.breaker_tripped"]), (20, None)])
def test_cabinet_sees_its_lamps_silent_two_of_their_reports_after_they_fell_silent(
    office: Office, seen_after_min: int, told: list[str] | None
) -> None:
    office.raise_("any.silent", *LAMPS[:6])
    office.step(4 * MINUTE_MS)
    office.raise_("cabinet.breaker_tripped", "C-1", since_ms=START_MS + seen_after_min * MINUTE_MS)

    office.run(40 * MINUTE_MS)

    # What began long after the lamps fell silent is another matter.
    both = ["cabinet.breaker_tripped", "cabinet.circuit_lost"]
    assert sorted(one.rule for one in office.open()) == (told or both)


@pytest.mark.parametrize(
    ("silent", "rule"),
    [
        (range(4, 11), "cabinet.circuit_end_lost"),  # from a lamp on to the end
        (range(1, 11), "cabinet.circuit_lost"),  # all of them
        ([2, 9, 10], None),  # here and there
        ([9, 10], None),  # two are few
    ],
)
def test_end_of_a_circuit_that_falls_silent_is_one_incident(silent: Iterable[int], rule: str | None) -> None:
    box = replace(cabinet("C-7"), latitude=15.57, longitude=108.48)
    street = [
        lamp(
            number,
            "C-7",
            latitude=15.57 + number * 3e-4,
            longitude=108.48,
            powered_by=Supply(parent="C-7", circuit="1"),
        )
        for number in range(1, 11)
    ]
    office = Office(small_city(box, *street))
    lamps = [f"C-7-L-{number:02}" for number in silent]
    office.raise_("any.silent", *lamps)

    office.run(40 * MINUTE_MS)

    assert office.inferred() == ([(rule, "C-7")] if rule else [])
    assert len(office.open()) == (1 if rule else len(lamps))


def test_feeder_and_switch_with_the_same_devices_are_one_incident() -> None:
    own = [point(number, "SW-9", "F-9") for number in range(5)]
    feeder, switch = Device(id="F-9", kind="feeder", area="a"), Device(id="SW-9", kind="switch", area="a")
    others = [lamp(number, "C-1") for number in range(20, 25)]
    office = Office(small_city(feeder, switch, *own, *others))
    office.raise_("any.silent", *(one.id for one in own))

    office.run(10 * MINUTE_MS)

    assert len(office.inferred()) == 1
    assert len(office.open()) == 1


def test_many_that_share_nothing_are_one_incident_of_ours(office: Office) -> None:
    alone = [f"W-{number}" for number in range(70)]
    office.raise_("any.silent", *alone, *POINTS_1)

    office.run(10 * MINUTE_MS)

    [incident] = office.open()
    assert (incident.device, incident.rule) == ("IOC", "platform.blind")
    assert office.holds() == {Hold.FREE: 1, Hold.WAITING: 0, Hold.SUPPRESSED: 75}  # the switch among them


def test_many_under_one_switch_are_that_switch_and_no_blindness() -> None:
    office = Office(
        Registry(
            [
                Device(id="IOC", kind="collector", area="ioc", interval_s=10.0),
                Device(id="SW-1", kind="switch", area="a"),
                *(point(number, "SW-1") for number in range(15)),
                *(Device(id=f"W-{number}", kind="wifi-ap", area="a") for number in range(5)),
            ]
        )
    )
    office.raise_("any.silent", *(f"SW-1-W-{number}" for number in range(15)))

    office.run(20 * MINUTE_MS)

    assert office.inferred() == [("switch.offline", "SW-1")]
    assert [one.device for one in office.open()] == ["SW-1"]
