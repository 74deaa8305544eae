"""Which faults are held and which are told, from one step to the next."""

from dataclasses import replace
from typing import Any

import pytest

from rules.faults import Severity
from rules.management.incident import IncidentState
from rules.management.standing import Hold
from tests.rules.management.support import MINUTE_MS, SECOND_MS, START_MS, Office

LAMPS = [f"C-1-L-{number:02}" for number in range(1, 13)]
DEAD_L2: dict[str, Any] = {
    "samples": [{"values": {"m.voltage_l1_v": 229.0, "m.voltage_l2_v": 1.4, "m.voltage_l3_v": 230.0}}]
}


@pytest.fixture
def office() -> Office:
    return Office()


def test_fault_without_a_cause_above_is_an_incident_at_once(office: Office) -> None:
    [fault] = office.raise_("lamp.high_temperature", LAMPS[0])

    office.step()

    assert office.of(fault).hold is Hold.FREE
    [incident] = office.open()
    assert (incident.cause, incident.faults, incident.streets, incident.people) == (
        fault.id,
        1,
        ("Phan Bội Châu",),
        10,
    )


def test_fault_that_may_have_a_cause_waits_as_long_as_that_may_need(office: Office) -> None:
    [fault] = office.raise_("cabinet.supply_lost", "C-1")

    office.step()

    until_ms = office.of(fault).until_ms
    assert office.of(fault).hold is Hold.WAITING
    assert until_ms is not None
    # The feeder's slowest lamp is silent after three minutes and its lateness of two.
    assert 5 * MINUTE_MS < until_ms - START_MS < 7 * MINUTE_MS
    office.step(until_ms - office.now_ms - 1)
    assert office.open() == []
    office.step(1)
    assert [one.cause for one in office.open()] == [fault.id]


def test_lamps_of_a_cabinet_without_supply_are_suppressed_with_the_reason(office: Office) -> None:
    [cause] = office.raise_("cabinet.supply_lost", "C-1")
    lamps = office.raise_("any.silent", *LAMPS)

    office.run(10 * MINUTE_MS)

    assert office.holds() == {Hold.FREE: 1, Hold.WAITING: 0, Hold.SUPPRESSED: 12}
    standing = office.of(lamps[3])
    assert standing.suppressed_by == cause.id
    assert standing.reason is not None
    assert standing.reason.en == "Caused by “Cabinet without supply” at C-1"
    assert standing.reason.vi == "Do sự cố “Tủ mất nguồn cả ba pha” ở C-1"
    [incident] = office.open()
    assert (incident.device, incident.faults, incident.devices, incident.people) == ("C-1", 13, 13, 120)
    assert incident.why.en.endswith("12 more faults follow from it, 13 devices")


def test_loss_of_a_phase_concerns_only_the_lamps_of_that_phase(office: Office) -> None:
    office.raise_("cabinet.phase_lost", "C-1", since_ms=START_MS, **DEAD_L2)
    lamps = office.raise_("any.silent", *LAMPS[:3])  # on L2, L3 and L1

    office.run(10 * MINUTE_MS)

    assert [office.of(one).hold for one in lamps] == [Hold.SUPPRESSED, Hold.FREE, Hold.FREE]


def test_fault_that_began_long_before_its_would_be_cause_is_its_own(office: Office) -> None:
    [old] = office.raise_("lamp.out", LAMPS[0], since_ms=START_MS - 60 * MINUTE_MS)
    office.step()
    office.raise_("cabinet.supply_lost", "C-1")

    office.run(10 * MINUTE_MS)

    assert office.of(old).hold is Hold.FREE
    assert len(office.open()) == 2


@pytest.mark.parametrize("cause_first", [True, False])
def test_order_of_arrival_within_the_wait_changes_nothing(office: Office, *, cause_first: bool) -> None:
    rules = [("cabinet.supply_lost", ["C-1"]), ("any.silent", LAMPS)]
    for rule, devices in rules if cause_first else rules[::-1]:
        office.raise_(rule, *devices)
        office.step()

    office.run(10 * MINUTE_MS)

    assert office.holds() == {Hold.FREE: 1, Hold.WAITING: 0, Hold.SUPPRESSED: 12}
    assert office.changes() == [("C-1", "opened")]


def test_after_the_cause_each_is_looked_at_again_and_told_after_one_interval(office: Office) -> None:
    cause = office.raise_("cabinet.supply_lost", "C-1")
    lamps = office.raise_("any.silent", *LAMPS)
    office.run(10 * MINUTE_MS)

    office.clear(cause)
    office.step(SECOND_MS)
    assert office.holds() == {Hold.FREE: 0, Hold.WAITING: 12, Hold.SUPPRESSED: 0}
    office.clear(lamps[:10])
    office.step(MINUTE_MS - 1)
    assert office.open() == []
    office.step(1)

    assert sorted(one.device for one in office.open()) == LAMPS[10:]
    assert office.changes()[:3] == [("C-1", "opened"), ("C-1", "cleared"), ("C-1", "unsuppressed")]
    # Those that came back have stayed what they were: part of the cabinet's incident, told to nobody.
    assert office.of(lamps[0]).told_at_ms is None
    assert office.of(lamps[0]).incident == office.history[0].incident.id


def test_incident_whose_cause_shows_late_is_merged_and_may_come_back(office: Office) -> None:
    [lamp] = office.raise_("lamp.out", LAMPS[0])
    office.run(10 * MINUTE_MS)
    cause = office.raise_("cabinet.contactor_stuck", "C-1", since_ms=START_MS)
    office.step(SECOND_MS)

    own = next(one for one in office.incidents.values() if one.cause == lamp.id)
    assert own.state is IncidentState.MERGED
    assert [one.device for one in office.open()] == ["C-1"]
    assert office.open()[0].id == own.merged_into

    office.clear(cause)
    office.run(2 * MINUTE_MS)

    assert [one.cause for one in office.open()] == [lamp.id]
    assert office.changes() == [
        (LAMPS[0], "opened"),
        (LAMPS[0], "merged"),
        ("C-1", "opened"),
        ("C-1", "cleared"),
        ("C-1", "unsuppressed"),
        (LAMPS[0], "reopened"),
    ]


def test_incident_takes_the_worst_severity_and_never_a_better_one(office: Office) -> None:
    [fault] = office.raise_("lamp.high_temperature", LAMPS[0])
    office.step()
    office.active[fault.id] = replace(fault, severity=Severity.CRITICAL)
    office.step(SECOND_MS)
    office.active[fault.id] = replace(fault, severity=Severity.MINOR)
    office.step(SECOND_MS)

    assert office.open()[0].severity is Severity.CRITICAL
    assert [change for _, change in office.changes()] == ["opened", "severity_changed"]


def test_fault_that_ends_while_it_waits_is_told_to_nobody(office: Office) -> None:
    faults = office.raise_("any.silent", LAMPS[0])
    office.step()
    office.clear(faults)
    office.run(20 * MINUTE_MS)

    assert office.history == []
    assert not office.of(faults[0]).is_live


def test_step_repeated_decides_nothing_more(office: Office) -> None:
    office.raise_("cabinet.supply_lost", "C-1")
    office.raise_("any.silent", *LAMPS)
    office.run(10 * MINUTE_MS)

    assert office.step().is_empty
