"""Tests of rules as data: a series of readings in, faults and violations out, through the real engine."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
import polars as pl
from msgspec import Struct

from devices.batch import ReadingBatch, reading_schema, to_ms
from devices.catalogue import kinds
from devices.cities import load_city
from devices.clock import milliseconds
from devices.dim_curve import read_curve
from devices.durations import parse_duration_ms
from devices.entities.lighting_programmes import LightingProgramme
from devices.errors import RegistryError
from devices.plans import Programme
from devices.programmes import BroadcastProgramme
from devices.registry import Device
from devices.stream import Content, Entry, Mark
from rules.detection.engine import Engine
from rules.detection.outcome import Change
from rules.errors import RuleError
from rules.faults import FaultCleared, FaultRaised
from rules.loading import catalogue_folder, load_rules
from rules.neighbours import Neighbour, registry_with
from rules.rule import Rule, Silence
from rules.violations import ViolationSuspected
from rules.written_passages import WrittenPassage, dated
from rules.yaml_files import read_yaml

__all__ = ["CatalogueReport", "check_catalogue"]

_API_VERSION = "rules-tests/v1"
_CITY = "tam-ky"
_AREA = "tam-ky"
_DEVICE = "device-under-test"
_TRANSPORT_MS = 1000
_SAME_KMH = 1e-6
_NO_READING = "-"
_NO_VALUE = "_"
_PIECE = re.compile(r"(?P<value>\S+?)(?:x(?P<times>\d+))?")


class _Fault(Struct, frozen=True, forbid_unknown_fields=True):
    since: str
    raised: str
    cleared: str | None = None


class _Violation(Struct, frozen=True, forbid_unknown_fields=True):
    at: str
    vehicle: int = 0
    excess_kmh: float | None = None


class _Programme(Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    from_: str
    to: str


class _Test(Struct, frozen=True, forbid_unknown_fields=True):
    """One test as written; times are durations from `start`, at which the first reading is measured.

    A series is a list of values by field, `60x3 2x8` being three times 60 and eight times 2; `_` is a reading
    without the value, `-` no reading at all. `then` is how long the clock goes on afterwards;
    `lighting` the dim curve of the area's lamps, `dated` whatever else is dated, by kind and as lines of its
    CSV file. `neighbours` have series of their own.
    """

    name: str
    rule: str
    kind: str
    start: datetime
    attributes: dict[str, float | int | bool | str] = {}
    every: str | None = None
    series: dict[str, str] = {}
    then: str = "0s"
    passages: list[WrittenPassage] = []
    dated: dict[str, list[dict[str, str]]] = {}
    programmes: list[_Programme] = []
    lighting: str | None = None
    neighbours: list[Neighbour] = []
    faults: list[_Fault] = []
    violations: list[_Violation] = []


@dataclass(frozen=True, kw_only=True)
class CatalogueReport:
    """What proving a catalogue gave: how much there is of it, and a sentence for each test that failed."""

    rules: int
    tests: int
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every rule did what its tests say."""
        return not self.failures


def check_catalogue(folder: Traversable | None = None) -> CatalogueReport:
    """Load a catalogue and run all tests that its rules name.

    Raises:
        RuleError: a rule or a test cannot be read, or a rule's files hold no test of it.
    """
    source = catalogue_folder() if folder is None else folder
    rules = load_rules(source)
    failures: list[str] = []
    count = 0
    read = cache(lambda name: _read_tests(source.joinpath(name), name))
    for rule in rules:
        tests = [
            (file_name, test) for file_name in rule.tests for test in read(file_name) if test.rule == rule.id
        ]
        if not tests:
            raise RuleError(rule.tests[0], rule.id, "the rule's test files hold no test of it; write one")
        for file_name, test in tests:
            count += 1
            failures += [
                f"{file_name}, {test.name!r}: {problem}" for problem in _problems(rule, test, file_name)
            ]
    return CatalogueReport(rules=len(rules), tests=count, failures=tuple(failures))


def _read_tests(file: Traversable, file_name: str) -> list[_Test]:
    try:
        return [msgspec.convert(test, _Test) for test in read_yaml(file, _API_VERSION, "tests")]
    except msgspec.ValidationError as error:
        raise RuleError(file_name, None, str(error)) from None


def _problems(rule: Rule, test: _Test, file_name: str) -> list[str]:
    """What came out otherwise than expected."""
    try:
        changes = _run(rule, test)
        expected_faults = sorted(map(_expected_fault, test.faults), key=str)
        expected_violations = [(parse_duration_ms(v.at), v.vehicle, v.excess_kmh) for v in test.violations]
    except (ValueError, KeyError, RegistryError, pl.exceptions.PolarsError) as error:
        raise RuleError(file_name, rule.id, f"test {test.name!r}: {error}") from None
    start_ms = _start_ms(test)
    faults, violations = _found_faults(changes, start_ms), _found_violations(changes, start_ms)
    problems: list[str] = []
    if faults != expected_faults:
        problems.append(f"faults {_shown(expected_faults)} expected, got {_shown(faults)}")
    if not _matches(violations, expected_violations):
        problems.append(f"violations {expected_violations} expected, got {violations}")
    return problems


def _start_ms(test: _Test) -> int:
    if test.start.tzinfo is None:
        raise ValueError(f"start needs an offset such as +07:00, got {test.start.isoformat()!r}")
    return to_ms(test.start) or 0


_Found = tuple[int, int, int | None]
"""A fault as since, raised and cleared, in ms from the start."""


def _expected_fault(fault: _Fault) -> _Found:
    cleared = None if fault.cleared is None else parse_duration_ms(fault.cleared)
    return parse_duration_ms(fault.since), parse_duration_ms(fault.raised), cleared


def _found_faults(changes: Sequence[Change], start_ms: int) -> list[_Found]:
    cleared = {c.id: c.cleared_at_ms - start_ms for c in changes if isinstance(c, FaultCleared)}
    found = [
        (change.since_ms - start_ms, change.raised_at_ms - start_ms, cleared.get(change.id))
        for change in changes
        if isinstance(change, FaultRaised)
    ]
    return sorted(found, key=str)


def _found_violations(changes: Sequence[Change], start_ms: int) -> list[tuple[int, int, float | None]]:
    return [
        (
            change.occurred_at_ms - start_ms,
            change.why["samples"][0]["vehicle"],
            change.measured.get("excess_kmh"),
        )
        for change in changes
        if isinstance(change, ViolationSuspected)
    ]


def _matches(
    found: list[tuple[int, int, float | None]], expected: list[tuple[int, int, float | None]]
) -> bool:
    """Whether violations agree; an excess that the test leaves out may be anything."""
    if len(found) != len(expected):
        return False
    return all(
        got[:2] == wanted[:2] and (wanted[2] is None or abs((got[2] or 0.0) - wanted[2]) < _SAME_KMH)
        for got, wanted in zip(found, expected, strict=True)
    )


def _shown(faults: Sequence[_Found]) -> str:
    texts = [
        f"since {since / 1000:g} s, raised {raised / 1000:g} s, "
        + ("active" if cleared is None else f"cleared {cleared / 1000:g} s")
        for since, raised, cleared in faults
    ]
    return f"[{'; '.join(texts)}]"


def _run(rule: Rule, test: _Test) -> Sequence[Change]:
    """The changes that the engine finds for a test's input."""
    kind = kinds()[test.kind]
    every_ms = milliseconds(kind.interval_s) if test.every is None else parse_duration_ms(test.every)
    device = Device(
        id=_DEVICE, kind=kind.id, area=_AREA, interval_s=every_ms / 1000, attributes=test.attributes
    )
    engine = Engine([rule], registry_with(device, test.neighbours), _programmes(test), load_city(_CITY))
    is_about_silence = isinstance(rule.patterns.get(kind.id), Silence)
    contents = _contents(test, every_ms, is_about_silence=is_about_silence)
    engine.process([Entry(number, content) for number, content in enumerate(contents, 1)])
    return engine.take_outcome("test").changes


def _programmes(test: _Test) -> list[Programme]:
    lighting = [
        LightingProgramme(id="lighting", area=_AREA, group="", curve=read_curve(curve), valid_from=date.min)
        for curve in filter(None, [test.lighting])
    ]
    broadcasts = [
        BroadcastProgramme(
            id=f"programme-{number}",
            area=_AREA,
            title=test.name,
            weekdays=frozenset(range(7)),
            starts=time.fromisoformat(programme.from_),
            ends=time.fromisoformat(programme.to),
            valid_from=date.min,
        )
        for number, programme in enumerate(test.programmes)
    ]
    return [*lighting, *broadcasts, *dated(test.dated)]


def _contents(test: _Test, every_ms: int, *, is_about_silence: bool) -> list[Content]:
    """Readings and passages in the order of time with marks between them and in the silence after."""
    start_ms = _start_ms(test)
    timed: list[tuple[int, Content]] = []
    rows = _rows(test.series)
    for number, neighbour in enumerate(test.neighbours):
        for device in neighbour.ids(number):
            timed += _readings(neighbour.kind, _rows(neighbour.series), start_ms, every_ms, device)
    timed += _readings(test.kind, rows, start_ms, every_ms)
    for number, row in enumerate(rows):
        at_ms = start_ms + number * every_ms
        # In long silences that no rule asks about, the clock need not tick at every step.
        if row is not None or number == 0 or rows[number - 1] is not None or is_about_silence:
            timed.append((at_ms, Mark(at_ms + 2 * _TRANSPORT_MS, caught_up=True)))
    timed += [
        (p.at_ms(start_ms), p.batch(number, start_ms, _DEVICE, _AREA))
        for number, p in enumerate(test.passages)
    ]
    end_ms = start_ms + len(rows) * every_ms
    for passed_ms in range(0, parse_duration_ms(test.then) + 1, 1000):
        timed.append((end_ms + passed_ms, Mark(end_ms + passed_ms, caught_up=True)))
    return [content for _, content in sorted(timed, key=lambda item: item[0])]


def _readings(
    kind_id: str,
    rows: Sequence[dict[str, Any] | None],
    start_ms: int,
    every_ms: int,
    device: str = _DEVICE,
) -> list[tuple[int, Content]]:
    """A device's readings with their times; steps without one have no number either."""
    timed: list[tuple[int, Content]] = []
    for number, row in enumerate(rows):
        if row is not None:
            at_ms = start_ms + number * every_ms
            timed.append((at_ms, _reading(kind_id, row | {"device": device}, at_ms, len(timed))))
    return timed


def _rows(series_by_field: Mapping[str, str]) -> list[dict[str, Any] | None]:
    """The values of each step by field; None for a step without a reading."""
    columns = {name: _expanded(series) for name, series in series_by_field.items()}
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise ValueError(f"series must be equally long, got {sorted(lengths)} steps")
    steps = zip(*columns.values(), strict=True)
    return [
        None if _NO_READING in step else dict(zip(columns, map(_value, step), strict=True)) for step in steps
    ]


def _expanded(series: str) -> list[str]:
    found: list[str] = []
    for piece in series.split():
        match = _PIECE.fullmatch(piece)
        if match is not None:
            found += [match["value"]] * int(match["times"] or 1)
    return found


def _value(text: str) -> Any:
    if text == _NO_VALUE:
        return None
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text


def _reading(kind_id: str, values: Mapping[str, Any], at_ms: int, seq: int) -> ReadingBatch:
    schema = dict(reading_schema(kind_id))
    unknown = set(values) - set(schema)
    if unknown:
        raise ValueError(f"a {kind_id} has no field {sorted(unknown)}")
    common = {
        "device": _DEVICE, "area": _AREA, "measured_at": at_ms, "received_at": at_ms + _TRANSPORT_MS,
        "device_time": at_ms, "seq": seq, "time_quality": "ok",
    }  # fmt: skip
    row = dict.fromkeys(schema) | common | dict(values)
    columns = [pl.Series(name, [row[name]], strict=False).cast(dtype) for name, dtype in schema.items()]
    return ReadingBatch(kind_id, pl.DataFrame(columns))
