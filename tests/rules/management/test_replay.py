"""Management over what is past gives what management gave as it happened."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.faults import fault_id
from rules.management.replay import Replay, Spell, replayed
from rules.management.standing import Hold
from tests.rules.management.support import MINUTE_MS, SECOND_MS, START_MS, Office, dependencies

LAMPS = [f"C-1-L-{number:02}" for number in range(1, 13)]
POINTS = [f"SW-1-W-{number}" for number in range(4)]


def _spells(office: Office, rule: str, devices: list[str], ended_min: int | None = None) -> list[Spell]:
    ended_ms = None if ended_min is None else START_MS + ended_min * MINUTE_MS
    return [Spell(fault=one, ended_at_ms=ended_ms) for one in office.raise_(rule, *devices)]


def _replayed(office: Office, spells: list[Spell]) -> Replay:
    return replayed(spells, dependencies(), office.topology)


def test_replay_goes_on_until_nothing_waits() -> None:
    office = Office()
    replay = _replayed(office, _spells(office, "lamp.out", LAMPS[:1]))

    assert [one.hold for one in replay.standings.values()] == [Hold.FREE]
    assert [one.change.value for one in replay.history] == ["opened"]


def test_replay_has_the_faults_that_were_inferred_and_their_ends() -> None:
    office = Office()
    replay = _replayed(office, _spells(office, "any.silent", POINTS, ended_min=60))

    [(raised, ended_at_ms)] = replay.inferred.values()
    assert (raised.rule, raised.device) == ("switch.offline", "SW-1")
    assert ended_at_ms == START_MS + 60 * MINUTE_MS
    assert [one.change.value for one in replay.history] == ["opened", "cleared"]
    assert all(one.told_at_ms is None for one in replay.standings.values() if one.fault != raised.id)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 40), min_size=12, max_size=12))
def test_replay_tells_what_was_told_as_it_happened(ended_min: list[int]) -> None:
    office = Office()
    cause = office.raise_("cabinet.supply_lost", "C-1")
    lamps = office.raise_("any.silent", *LAMPS)
    spells = [Spell(fault=cause[0], ended_at_ms=START_MS + 20 * MINUTE_MS)]
    spells += [
        Spell(fault=lamp, ended_at_ms=START_MS + at_min * MINUTE_MS)
        for lamp, at_min in zip(lamps, ended_min, strict=True)
    ]
    for now_ms in range(START_MS, START_MS + 50 * MINUTE_MS, 10 * SECOND_MS):
        office.clear(one.fault for one in spells if one.ended_at_ms == now_ms)
        office.now_ms = now_ms
        office.step()

    replay = _replayed(office, spells)

    told = {fault for fault, one in replay.standings.items() if one.told_at_ms is not None}
    assert told == {fault for fault, one in office.standings.items() if one.told_at_ms is not None}
    assert fault_id("cabinet.supply_lost", "C-1", START_MS) in told
