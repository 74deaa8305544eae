"""What holds whatever happens: reasons live, nothing is told while it is suppressed, nothing is lost."""

from collections import Counter
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.management.incident import IncidentChange, IncidentState, incident_id
from rules.management.situation import ActiveFault
from rules.management.standing import Hold
from tests.rules.management.support import MINUTE_MS, SECOND_MS, START_MS, Office

_LAMPS = [f"{cabinet}-L-{number:02}" for cabinet in ("C-1", "C-2") for number in range(1, 13)]
_POINTS = [f"{switch}-W-{number}" for switch in ("SW-1", "SW-2") for number in range(4)]
_DEAD = {
    phase: {f"m.voltage_{one}_v": 1.0 if one == phase else 230.0 for one in ("l1", "l2", "l3")}
    for phase in ("l1", "l2", "l3")
}


class Act(NamedTuple):
    """A fault that begins, or (the same again) ends, and how long afterwards the next step comes."""

    rule: str
    device: str
    phase: str
    pause_ms: int


_ACTS = st.builds(
    Act,
    st.sampled_from(
        ["any.silent", "any.silent", "any.silent", "lamp.out", "cabinet.supply_lost", "cabinet.phase_lost"]
    ),
    st.sampled_from([*_LAMPS, *_POINTS, "C-1", "C-2"]),
    st.sampled_from(sorted(_DEAD)),
    st.sampled_from([0, 0, 0, SECOND_MS, 10 * SECOND_MS, MINUTE_MS, 5 * MINUTE_MS]),
)


def _fitting(act: Act) -> bool:
    kind = "lamp" if "-L-" in act.device else "cabinet" if act.device.startswith("C-") else "point"
    return act.rule == "any.silent" or act.rule.startswith(kind)


def _perform(office: Office, act: Act, standing: dict[tuple[str, str], list[ActiveFault]]) -> None:
    key = (act.rule, act.device)
    if key in standing:
        office.clear(standing.pop(key))
        return
    samples = [{"values": _DEAD[act.phase]}]
    standing[key] = office.raise_(
        act.rule, act.device, since_ms=office.now_ms - 3 * MINUTE_MS, samples=samples
    )


def _check(office: Office) -> None:
    live = {fault: one for fault, one in office.standings.items() if one.is_live}
    assert live.keys() == office.active.keys()
    told = {one.cause for one in office.open()}
    for fault, one in live.items():
        if one.hold is Hold.SUPPRESSED:
            assert one.suppressed_by in office.active
            assert one.reason is not None
            assert one.suppressed_by != fault
        if one.hold is Hold.FREE:
            assert fault in told
            assert one.incident == incident_id(fault)
    changes = Counter(one.change for one in office.history)
    opened = changes[IncidentChange.OPENED] + changes[IncidentChange.REOPENED]
    ended = changes[IncidentChange.CLEARED] + changes[IncidentChange.MERGED]
    assert opened == ended + len(office.open())
    assert all(one.cause in office.active for one in office.open())


@given(st.lists(_ACTS.filter(_fitting), max_size=60))
@settings(max_examples=150)
def test_every_suppressed_fault_has_a_live_reason_and_nothing_is_lost(acts: list[Act]) -> None:
    office = Office()
    standing: dict[tuple[str, str], list[ActiveFault]] = {}
    for act in acts:
        _perform(office, act, standing)
        if act.pause_ms:
            office.step(act.pause_ms)
            _check(office)
            assert office.step().is_empty
    office.run(30 * MINUTE_MS, every_ms=5 * MINUTE_MS)
    _check(office)
    assert office.holds()[Hold.WAITING] == 0
    # A suppressed fault's chain of reasons ends at one that people know.
    for one in office.standings.values():
        if one.is_live:
            incident = office.incidents[str(one.incident)]
            assert incident.state is IncidentState.OPEN
            assert office.standings[incident.cause].hold is Hold.FREE


@given(
    st.permutations([("cabinet.supply_lost", "C-1"), *(("any.silent", lamp) for lamp in _LAMPS[:12])]),
    st.lists(st.sampled_from([0, SECOND_MS, 5 * SECOND_MS]), min_size=13, max_size=13),
)
def test_whatever_order_faults_come_in_within_the_wait_the_end_is_the_same(
    faults: list[tuple[str, str]], pauses_ms: list[int]
) -> None:
    office = Office()
    for (rule, device), pause_ms in zip(faults, pauses_ms, strict=True):
        office.raise_(rule, device, since_ms=START_MS - 3 * MINUTE_MS)
        office.step(pause_ms)
    office.run(20 * MINUTE_MS, every_ms=MINUTE_MS)

    assert office.holds() == {Hold.FREE: 1, Hold.WAITING: 0, Hold.SUPPRESSED: 12}
    assert office.changes() == [("C-1", "opened")]


@given(st.sets(st.sampled_from(_LAMPS + _POINTS), max_size=12), st.integers(0, 2))
def test_fault_of_an_unrelated_device_changes_nothing_of_the_others(silent: set[str], which: int) -> None:
    plain, more = Office(), Office()
    for office in (plain, more):
        office.raise_("any.silent", *sorted(silent))
    more.raise_(("lamp.out", "lamp.high_temperature", "lamp.over_power")[which], "C-2-L-12")
    for office in (plain, more):
        office.run(20 * MINUTE_MS, every_ms=MINUTE_MS)

    own = set(plain.standings)
    assert {fault: one.hold for fault, one in more.standings.items() if fault in own} == {
        fault: one.hold for fault, one in plain.standings.items()
    }
