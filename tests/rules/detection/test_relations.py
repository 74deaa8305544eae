"""Rules that read other devices: the same history in any order of arrival, divided and restarted anywhere."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from devices.registry import Device, Life, Supply
from devices.stream import Content, Mark
from rules.expressions.evaluator import evaluate
from rules.expressions.expression import condition
from rules.rule import Lasting, Missing
from tests.rules.detection.support import (
    LATENESS_MS,
    MINUTE_MS,
    START_MS,
    Bench,
    History,
    Told,
    batch,
    history,
    lamp,
    rule,
)

_CABINET = Device(id="cabinet-1", kind="lighting-cabinet", area="tam-ky", interval_s=60.0)
_LAMPS = [
    lamp(f"lamp-{number}", powered_by=Supply(parent="cabinet-1", circuit="1" if number < 4 else "2"))
    for number in (1, 2, 3, 4)
]
_SILENT = "children.silent('circuit') > 0.5"
_EXPLAINED = "m.power_l1_w <= children.sum(m.power_w, d.rated_w)"
_SHARE = "children.share(m.power_w > prev.power_w) >= 0.5"
_PARENT = "m.cmd_on && !parent('powered_by').cmd_on"
_KNOWN = "!m.cmd_on && has(parent('powered_by').cmd_on) && parent('powered_by').cmd_on"
_SIBLINGS = "siblings.share(m.power_w < 0.10 * d.rated_w) > 0.5"


def _at_once(rule_id: str, text: str, kind_id: str) -> Any:
    return rule(rule_id, Lasting(when=condition(text, kind_id), missing=Missing.CLEAR), kind_id)


_RULES = (
    _at_once("cabinet.silent", _SILENT, "lighting-cabinet"),
    _at_once("cabinet.explained", _EXPLAINED, "lighting-cabinet"),
    _at_once("cabinet.share", _SHARE, "lighting-cabinet"),
    _at_once("lamp.parent", _PARENT, "streetlight"),
    _at_once("lamp.known", _KNOWN, "streetlight"),
    _at_once("lamp.siblings", _SIBLINGS, "streetlight"),
)


@st.composite
def _said(draw: st.DrawFn, device: str) -> list[Told]:
    """What a device says in some minutes, each reading received within the lamps' lateness."""
    at_ms, found = draw(st.integers(0, 59_000)), []
    for seq in range(draw(st.integers(0, 12))):
        delay_ms = draw(st.sampled_from([0, 500, 5_000, 59_000]))
        values: dict[str, Any] = {"cmd_on": draw(st.sampled_from([True, False, None]))}
        if device == "cabinet-1":
            values["power_l1_w"] = draw(st.sampled_from([0.0, 120.0, 200.0, 240.0]))
        else:
            values["power_w"] = draw(st.sampled_from([0.0, 60.0, 61.5, None]))
        found.append(Told(at_ms, seq, at_ms + delay_ms, device, values))
        at_ms += draw(st.sampled_from([60_000, 60_000, 60_000, 30_000, 200_000]))
    return found


_DEVICES = ["cabinet-1", *(one.id for one in _LAMPS)]
_READINGS = st.tuples(*map(_said, _DEVICES)).map(lambda lists: list(itertools.chain.from_iterable(lists)))


def _contents(readings: Sequence[Told], cuts: Sequence[int]) -> list[Content]:
    """Readings in the order of arrival, a batch of one kind each, with marks between some of them."""
    coming = sorted(readings, key=lambda told: told.received_ms or 0)
    contents: list[Content] = []
    for number, told in enumerate(coming):
        kind_id = "lighting-cabinet" if told.device == "cabinet-1" else "streetlight"
        contents.append(batch([told], kind_id))
        if number in cuts:
            contents.append(Mark(START_MS + (told.received_ms or 0), caught_up=True))
    end_ms = max((told.received_ms or 0 for told in readings), default=0)
    return [*contents, Mark(START_MS + end_ms + 2 * LATENESS_MS + 20 * MINUTE_MS, caught_up=True)]


def _last(readings: Sequence[Told], device: str, at_ms: int) -> tuple[Told, Told | None] | None:
    """A device's last reading up to a moment, and the one before."""
    own = [told for told in readings if told.device == device and told.at_ms <= at_ms]
    return (own[-1], own[-2] if len(own) > 1 else None) if own else None


def _answers(readings: Sequence[Told], asking: Told, text: str) -> dict[str, float | bool | None]:
    """What the other devices answer, for each of the lamps that had spoken; None is unknown."""
    others = [one.id for one in _LAMPS if one.id != asking.device]
    found: dict[str, float | bool | None] = {}
    for device in others:
        last = _last(readings, device, asking.at_ms)
        if last is not None:
            row: dict[str, Any] = dict(last[0].values) | {"d.rated_w": 60.0}
            row |= {f"prev.{name}": value for name, value in (last[1].values if last[1] else {}).items()}
            is_silent = asking.at_ms - last[0].at_ms > 2 * MINUTE_MS
            worth = None if is_silent else evaluate(condition(text, "streetlight").tree, row)
            assert not isinstance(worth, str)
            found[device] = worth
    return found


def _share(answers: Mapping[str, float | bool | None]) -> float | None:
    known = [answer for answer in answers.values() if answer is not None]
    return sum(map(bool, known)) / len(known) if known else None


def _truth(readings: Sequence[Told], asking: Told, rule_id: str) -> bool | None:
    """What a rule says of a reading, from all readings there are."""
    match rule_id:
        case "cabinet.silent":
            spoken = [_last(readings, f"lamp-{number}", asking.at_ms) for number in (1, 2, 3)]
            if None in spoken:
                return None
            silent = [asking.at_ms - last[0].at_ms > 2 * MINUTE_MS for last in spoken if last]
            return sum(silent) / 3 > 0.5
        case "cabinet.explained":
            powers = [_last(readings, one.id, asking.at_ms) for one in _LAMPS]
            total = 0.0
            for last in powers:
                is_known = last is not None and asking.at_ms - last[0].at_ms <= 2 * MINUTE_MS
                power = last[0].values["power_w"] if last and is_known else None
                total += 60.0 if power is None else power
            return bool(asking.values["power_l1_w"] <= total)
        case "cabinet.share":
            share = _share(_answers(readings, asking, "m.power_w > prev.power_w"))
            return None if share is None else share >= 0.5
        case "lamp.siblings":
            share = _share(_answers(readings, asking, "m.power_w < 0.10 * d.rated_w"))
            return None if share is None else share > 0.5
    last = _last(readings, "cabinet-1", asking.at_ms)
    is_known = last is not None and asking.at_ms - last[0].at_ms <= 2 * MINUTE_MS
    row = dict(asking.values) | {
        "parent('powered_by').cmd_on": last[0].values["cmd_on"] if last and is_known else None
    }
    text = _KNOWN if rule_id == "lamp.known" else _PARENT
    worth = evaluate(condition(text, "streetlight").tree, row)
    assert worth in (True, False, None)
    return worth  # type: ignore[return-value]


def _expected(readings: Sequence[Told]) -> History:
    found: History = {}
    for one in _RULES:
        own = [t for t in readings if (t.device == "cabinet-1") == one.id.startswith("cabinet")]
        for device in {told.device for told in own}:
            since: int | None = None
            for told in (told for told in own if told.device == device):
                truth = _truth(readings, told, one.id)
                if truth and since is None:
                    since = told.at_ms
                    found[one.id, device, since] = since, None
                elif not truth and since is not None:
                    found[one.id, device, since] = since, told.at_ms
                    since = None
    return found


def _bench() -> Bench:
    return Bench(_RULES, [_CABINET, *_LAMPS])


@settings(max_examples=30)
@given(_READINGS, st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60), max_size=3))
def test_rules_about_others_are_the_reference_whatever_the_order_marks_and_restarts(
    readings: list[Told], cuts: set[int], restarts: set[int]
) -> None:
    bench = _bench()
    for number, content in enumerate(_contents(readings, sorted(cuts))):
        bench.feed(content)
        if number in restarts:
            assert bench.restart() == []
    assert history(bench.changes) == _expected(readings)


@settings(max_examples=15)
@given(_READINGS, st.sets(st.integers(0, 60)), st.lists(st.integers(0, 60), max_size=6))
def test_changes_about_others_do_not_depend_on_how_the_entries_are_divided_into_calls(
    readings: list[Told], cuts: set[int], calls: list[int]
) -> None:
    contents = _contents(readings, sorted(cuts))
    whole, divided = _bench(), _bench()
    whole.feed(*contents)
    bounds = [0, *sorted({cut % (len(contents) + 1) for cut in calls} - {0}), len(contents)]
    for start, end in itertools.pairwise(bounds):
        divided.feed(*contents[start:end])
    # Watermarks are notes on the arrival, which differ.
    assert [replace(change, why={}) for change in divided.changes] == [
        replace(change, why={}) for change in whole.changes
    ]


def test_rule_about_a_parent_waits_until_the_parent_has_spoken_or_its_lateness_has_passed() -> None:
    bench = Bench([_RULES[3]], [_CABINET, *_LAMPS])
    lit, fed, off = {"cmd_on": True}, {"cmd_on": True}, {"cmd_on": False}
    bench.feed(batch([Told(0, 0, 500, "cabinet-1", fed)], "lighting-cabinet"))
    bench.feed(batch([Told(0, 0, 500, "lamp-1", lit)]))
    assert bench.feed(Mark(START_MS + 5 * MINUTE_MS, caught_up=True)) == []

    bench.feed(batch([Told(300_000, 1, 300_500, "cabinet-1", off)], "lighting-cabinet"))
    bench.feed(batch([Told(301_000, 1, 301_500, "lamp-1", lit)]))
    assert bench.feed(Mark(START_MS + 350_000, caught_up=True)) == []
    # The cabinet's next reading releases what came before it.
    bench.feed(batch([Told(360_000, 2, 360_500, "cabinet-1", off)], "lighting-cabinet"))
    raised = bench.feed(Mark(START_MS + 361_000, caught_up=True))
    assert [(change.rule, change.device) for change in raised] == [("lamp.parent", "lamp-1")]
    # Silent from now on, it holds nobody beyond its lateness of a minute and its usual delay.
    bench.feed(batch([Told(361_000, 2, 361_500, "lamp-1", off)]))
    assert bench.feed(Mark(START_MS + 421_000, caught_up=True)) == []
    cleared = bench.feed(Mark(START_MS + 421_500, caught_up=True))
    assert [(change.rule, change.device) for change in cleared] == [("lamp.parent", "lamp-1")]


def test_reading_waits_for_a_parent_whose_answer_a_rule_only_asks_whether_there_is() -> None:
    # Alone in its catalogue: no other rule of lamps makes their readings wait.
    bench = Bench([_RULES[4]], [_CABINET, *_LAMPS])
    on, off = {"cmd_on": True}, {"cmd_on": False}
    bench.feed(batch([Told(0, 0, 500, "cabinet-1", on)], "lighting-cabinet"))
    bench.feed(batch([Told(1_000, 0, 1_500, "lamp-1", off)]))
    raised = bench.feed(Mark(START_MS + 5 * MINUTE_MS, caught_up=True))
    assert [(change.rule, change.device) for change in raised] == [("lamp.known", "lamp-1")]


def test_devices_out_of_service_are_asked_nothing() -> None:
    parted = [replace(one, life=Life.OUT_OF_SERVICE) if one.id == "lamp-1" else one for one in _LAMPS]
    bench = Bench([_RULES[1]], [_CABINET, *parted])
    values = {"power_l1_w": 200.0}
    bench.feed(batch([Told(0, 0, 500, "cabinet-1", values)], "lighting-cabinet"))
    # Three lamps are rated 180 W together.
    assert bench.feed(Mark(START_MS + 10 * MINUTE_MS, caught_up=True)) == []
