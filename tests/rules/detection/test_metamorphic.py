"""What must not matter, or matter in one direction only, whatever the readings are."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from devices.registry import Device, Registry, Supply
from devices.stream import Content, Mark
from rules.detection.outcome import Change
from rules.expressions.expression import condition
from rules.faults import FaultCleared, FaultRaised
from rules.rule import Lasting, Rule
from tests.rules.detection.support import (
    LATENESS_MS,
    MINUTE_MS,
    SPREAD,
    START_MS,
    Bench,
    History,
    Told,
    batch,
    dark,
    history,
    lamp,
    rule,
)

_STEPS_S = st.sampled_from([60, 60, 60, 60, 30, 120, 180])
_POWERS = st.sampled_from([0.0, 3.0, 10.0, 20.0, 60.0, None])


@st.composite
def _readings(draw: st.DrawFn, device: str = "lamp-1") -> list[Told]:
    at_ms, found = 0, []
    for seq in range(draw(st.integers(1, 20))):
        at_ms += draw(_STEPS_S) * 1000
        values = {"power_w": draw(_POWERS), "cmd_on": draw(st.sampled_from([True, True, True, False]))}
        found.append(Told(at_ms, seq, at_ms + draw(st.sampled_from([500, 5_000])), device, values))
    return found


def _played(rules: Sequence[Rule], readings: Sequence[Told], devices: Sequence[Device]) -> History:
    bench = Bench(rules, devices)
    coming = sorted(readings, key=lambda told: told.received_ms or 0)
    last_ms = max(told.at_ms for told in coming)
    bench.feed(*(batch(coming[start : start + 5]) for start in range(0, len(coming), 5)))
    bench.feed(Mark(START_MS + last_ms + 2 * LATENESS_MS + MINUTE_MS, caught_up=True))
    return history(bench.changes)


@settings(max_examples=8)
@given(_readings(), _readings("lamp-2"))
def test_unrelated_device_changes_nothing(own: list[Told], others: list[Told]) -> None:
    together = _played(SPREAD, own + others, [lamp(), lamp("lamp-2")])
    alone = _played(SPREAD, own, [lamp()])
    assert {key: value for key, value in together.items() if key[1] == "lamp-1"} == alone


def _scaled_rules(scale: int) -> list[Rule]:
    when = condition(f"avg(m.power_w, '{3 * scale}m') < 20", "streetlight")
    return [
        rule("held", dark(3 * scale, min_samples=3, clear_for_ms=2 * scale * MINUTE_MS)),
        rule("window", Lasting(when=when, for_ms=scale * MINUTE_MS)),
    ]


@settings(max_examples=8)
@given(_readings(), st.integers(2, 5))
def test_time_that_passes_faster_makes_the_same_faults(own: list[Told], scale: int) -> None:
    slow = [replace(told, at_ms=told.at_ms * scale, received_ms=told.at_ms * scale + 500) for told in own]
    found = _played(_scaled_rules(scale), slow, [lamp(interval_s=60.0 * scale)])
    stretched = {
        (rule_id, device, since * scale): (raised * scale, None if cleared is None else cleared * scale)
        for (rule_id, device, since), (raised, cleared) in _played(_scaled_rules(1), own, [lamp()]).items()
    }
    assert found == stretched


@settings(max_examples=20)
@given(_readings(), st.sampled_from([(3, 10), (3, 20), (10, 60)]))
def test_tighter_threshold_is_a_fault_whenever_the_wider_one_is(
    own: list[Told], limits: tuple[int, int]
) -> None:
    wide, tight = (
        rule(
            f"below.{limit}",
            Lasting(
                when=condition(f"m.power_w < {limit} && m.cmd_on", "streetlight"),
                for_ms=2 * MINUTE_MS,
                min_samples=2,
                clear_for_ms=MINUTE_MS,
            ),
        )
        for limit in limits
    )
    found = _played([wide, tight], own, [lamp()])
    for told in own:
        assert not _is_active(found, wide.id, told.at_ms) or _is_active(found, tight.id, told.at_ms)


def _is_active(found: History, rule_id: str, at_ms: int) -> bool:
    return any(
        raised <= at_ms and (cleared is None or at_ms < cleared)
        for (of, _, _), (raised, cleared) in found.items()
        if of == rule_id
    )


_CABINETS = [
    Device(id=name, kind="lighting-cabinet", area="tam-ky", interval_s=60.0) for name in ("c-1", "c-2")
]
_ASKING = rule(
    "lamp.beside",
    Lasting(when=condition("m.power_w < 6 && parent('powered_by').cmd_on", "streetlight")),
)


def _city(parent: str | None) -> list[Device]:
    """Two cabinets and a lamp that hangs on one of them, or is gone."""
    fed = [] if parent is None else [lamp(powered_by=Supply(parent=parent, circuit="1"))]
    return [*_CABINETS, *fed]


@st.composite
def _stormy(draw: st.DrawFn) -> list[Content]:
    """Readings with jumps of the clock, losses, repetitions and delays, and marks between them."""
    contents: list[Content] = []
    at_ms = {"lamp-1": 0, "c-1": 0, "c-2": 0}
    received_ms, seq = 0, 0
    for _ in range(draw(st.integers(1, 25))):
        device = draw(st.sampled_from(["lamp-1", "lamp-1", "c-1", "c-2"]))
        at_ms[device] += draw(st.sampled_from([60_000, 60_000, 60_000, -3_600_000, 3_600_000, 1]))
        received_ms += draw(st.sampled_from([0, 500, 20_000, 130_000]))
        seq += draw(st.sampled_from([0, 1, 1, 1, 2]))
        values = {"cmd_on": draw(st.booleans())}
        if device == "lamp-1":
            values["power_w"] = draw(_POWERS)  # type: ignore[assignment]
        told = Told(at_ms[device], seq, received_ms, device, values)
        contents.append(batch([told], "streetlight" if device == "lamp-1" else "lighting-cabinet"))
        if draw(st.booleans()):
            contents.append(Mark(START_MS + received_ms, caught_up=draw(st.integers(0, 9)) > 0))
    return [*contents, Mark(START_MS + received_ms + 10 * LATENESS_MS, caught_up=True)]


def _weathered(
    contents: Sequence[Content], restarts: set[int], moves: dict[int, str | None]
) -> tuple[Sequence[Change], str | None]:
    """The changes of an engine that is restarted at some places and told of another registry at others."""
    parent: str | None = "c-1"
    bench = Bench([*SPREAD, _ASKING], _city(parent))
    bounds = sorted({number for number in restarts | moves.keys() if number < len(contents)})
    for start, end in itertools.pairwise([0, *bounds, len(contents)]):
        if start in moves:
            parent = moves[start]
            bench.registry = Registry(_city(parent))
            bench.restart()
        elif start in restarts:
            assert bench.restart() == []
        bench.feed(*contents[start:end])
    return bench.changes, parent


@settings(max_examples=10)
@given(
    _stormy(),
    st.sets(st.integers(1, 30), max_size=2),
    st.dictionaries(st.integers(1, 30), st.sampled_from(["c-1", "c-2", None]), max_size=2),
)
def test_storms_restarts_and_another_topology_leave_one_fault_of_a_pair_and_lose_none(
    contents: list[Content], restarts: set[int], moves: dict[int, str | None]
) -> None:
    changes, _ = _weathered(contents, set(), moves)
    restarted, parent = _weathered(contents, restarts, moves)
    # `history` refuses a second fault of a pair and an end without a beginning. A restart divides what is
    # judged at once, so the order in which rules tell, and how far the device had come by then, may differ.
    found = history(changes)
    assert history(restarted) == found
    raised = [change for change in changes if isinstance(change, FaultRaised)]
    cleared = [change for change in changes if isinstance(change, FaultCleared)]
    active = {device for (_, device, _), (_, end) in found.items() if end is None}
    assert len(raised) == len(cleared) + sum(end is None for _, end in found.values())
    if parent is None:
        assert "lamp-1" not in active
