"""Rules from the YAML files of a catalogue, checked as a whole; format `rules/v1`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from devices.catalogue import kinds
from devices.description import Label
from devices.device import Phase
from devices.durations import parse_duration_ms
from rules.dependency_text import DependencyText
from rules.errors import ExpressionError, RuleError
from rules.expressions.expression import Expression, Tables, condition, text_value
from rules.expressions.scope import Subject
from rules.faults import Severity
from rules.flap import Flap
from rules.lifecycle.escalation import Escalation, parse_group_count
from rules.management.dependencies import check_dependencies
from rules.rule import Happening, Lasting, Missing, Pattern, Rule, Silence
from rules.table_files import read_tables
from rules.yaml_files import read_yaml

__all__ = ["catalogue_folder", "load_candidates", "load_rules"]

API_VERSION = "rules/v1"
_EVERY_KIND = "any"

_Id = Annotated[str, Meta(pattern=r"^[a-z0-9]+([._][a-z0-9]+)*$", max_length=64)]
_Count = Annotated[int, Meta(ge=1)]
_Page = Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]


class _Text(Struct, frozen=True, forbid_unknown_fields=True):
    vi: str
    en: str


class _FlapText(Struct, frozen=True, forbid_unknown_fields=True):
    window: int = 21
    high: float = 0.30
    low: float = 0.20


class _Escalate(Struct, frozen=True, forbid_unknown_fields=True, rename={"if_": "if"}):
    to: Severity
    after: str | None = None
    if_: str | None = None


class _Severities(Struct, frozen=True, forbid_unknown_fields=True):
    default: Severity
    by_kind: dict[str, Severity] = {}
    escalate: list[_Escalate] = []


class _Absent(Struct, frozen=True, forbid_unknown_fields=True):
    tolerate: Annotated[float, Meta(gt=0)]
    jitter: str = "0s"
    expect: str | None = None


class _Emit(Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["violation"]
    subtype: Annotated[str, Meta(min_length=1)]


class _Dedup(Struct, frozen=True, forbid_unknown_fields=True):
    key: str
    within: str


class _Evidence(Struct, frozen=True, forbid_unknown_fields=True):
    min_images: Annotated[int, Meta(ge=0)] = 0
    roles: frozenset[Literal["before", "line", "past", "plate", "overview"]] = frozenset()


class _RuleText(Struct, frozen=True, forbid_unknown_fields=True, rename={"for_": "for"}):
    """A rule as written; the members are those of the format."""

    id: _Id
    version: _Count
    kind: str | list[str]
    title: _Text
    severity: _Severities
    tests: list[str] = []
    flap: _FlapText | None = None
    when: str | None = None
    for_: str = "0s"
    min_samples: _Count = 1
    clear_when: str | None = None
    clear_for: str = "0s"
    missing: Missing = Missing.KEEP
    absent: _Absent | None = None
    on: str | None = None
    emit: _Emit | None = None
    dedup: _Dedup | None = None
    evidence: _Evidence = _Evidence()
    depends_on: list[DependencyText] = []
    concerns: dict[Phase, str] = {}
    runbook: _Page | None = None


_OF_LASTING = frozenset({"for", "min_samples", "clear_when", "clear_for", "missing"})
_OF_EVENTS = frozenset({"emit", "dedup", "evidence"})


def catalogue_folder() -> Traversable:
    """The catalogue that comes with the product."""
    return files("rules.catalogue")


def load_rules(folder: Traversable | None = None) -> tuple[Rule, ...]:
    """All rules of a catalogue, sorted by id; the product's own catalogue unless another is named.

    A file with the name of a kind's table holds that kind's rules; any other name is free.

    Raises:
        RuleError: the first rule that breaks the format, names something unknown, has no test, or whose id is
            used twice.
    """
    source = catalogue_folder() if folder is None else folder
    tables = _tables(folder)
    files = sorted(source.iterdir(), key=lambda entry: entry.name)
    rules = _unique(
        (file, rule)
        for file in files
        if file.name.endswith(".yaml")
        for rule in _rules_of(file, source, tables)
    )
    if (
        folder is None
    ):  # a folder of somebody's own may depend on rules of ours: `installed_rules` checks both
        check_dependencies(rules)
    return rules


def load_candidates(path: Traversable) -> tuple[Rule, ...]:
    """The rules of one file or folder that are only tried out: they need no tests yet.

    Raises:
        RuleError: the first rule that breaks the format or names something unknown; or there are none.
    """
    files = [path] if path.is_file() else sorted(path.iterdir(), key=lambda entry: entry.name)
    tables = _tables(None if path.is_file() else path)
    listed = [file for file in files if file.name.endswith((".yaml", ".yml"))]
    if not listed:
        raise RuleError(path.name, None, "there is no YAML file of rules; name one")
    return _unique((file, rule) for file in listed for rule in _rules_of(file, None, tables))


def _tables(own: Traversable | None) -> Tables:
    """The product's tables, and those of a folder of somebody's own beside them or in their place."""
    return {**read_tables(catalogue_folder()), **({} if own is None else read_tables(own))}


def _unique(listed: Iterable[tuple[Traversable, Rule]]) -> tuple[Rule, ...]:
    """The rules, sorted by id, of which no two have the same."""
    found: dict[str, Rule] = {}
    for file, rule in listed:
        if rule.id in found:
            raise RuleError(file.name, rule.id, "the id is used twice; choose another")
        found[rule.id] = rule
    return tuple(found[rule_id] for rule_id in sorted(found))


def _rules_of(file: Traversable, folder: Traversable | None, tables: Tables) -> Iterator[Rule]:
    """The rules of a file, whose tests stand in a folder; without one they need none."""
    for number, written in enumerate(read_yaml(file, API_VERSION, "rules"), 1):
        if not isinstance(written, dict):
            raise RuleError(file.name, None, f"rule number {number} must be a mapping, got {written!r}")
        # YAML 1.1 reads the bare word `on` as true.
        members = {"on" if key is True else key: value for key, value in written.items()}
        rule_id = str(members.get("id", f"number {number}"))
        try:
            rule = _rule(msgspec.convert(members, _RuleText), members.keys(), tables)
        except ExpressionError as error:
            raise RuleError(file.name, rule_id, error.problem, error.column) from None
        except ValueError as error:
            # msgspec's own errors are ValueErrors too.
            raise RuleError(file.name, rule_id, str(error)) from None
        _check_place(rule, file.name)
        if folder is not None:
            _check_tests(rule, file.name, folder)
        yield rule


def _check_place(rule: Rule, file_name: str) -> None:
    own = {kind.table: kind.id for kind in kinds().values()}.get(file_name.removesuffix(".yaml"))
    if own is not None and set(rule.patterns) != {own}:
        raise RuleError(file_name, rule.id, f"the file is for {own} only, got {', '.join(rule.patterns)}")


def _check_tests(rule: Rule, file_name: str, folder: Traversable) -> None:
    if not rule.tests:
        raise RuleError(file_name, rule.id, "a rule needs at least one file under tests; write one")
    for name in rule.tests:
        if not folder.joinpath(name).is_file():
            raise RuleError(file_name, rule.id, f"there is no test file {name!r}; write it")


def _rule(written: _RuleText, given: Any, tables: Tables) -> Rule:
    """A checked rule.

    Raises:
        ExpressionError: an expression is wrong.
        ValueError: anything else is.
    """
    watched = _kinds(written.kind)
    strangers = set(written.severity.by_kind) - set(watched)
    if strangers:
        raise ValueError(f"severity.by_kind names kinds the rule does not watch: {sorted(strangers)}")
    make = _pattern_maker(written, set(given))
    return Rule(
        id=written.id,
        version=written.version,
        title=Label(vi=written.title.vi, en=written.title.en),
        severity=written.severity.default,
        severity_by_kind=MappingProxyType(dict(written.severity.by_kind)),
        patterns=MappingProxyType({kind_id: make(written, kind_id, tables) for kind_id in watched}),
        tests=tuple(written.tests),
        depends_on=tuple(one.read() for one in written.depends_on),
        concerns=_concerns(written.concerns, watched),
        flap=_flap(written.flap),
        escalations=tuple(_escalation(one) for one in written.severity.escalate),
        runbook=written.runbook or "",
    )


def _concerns(written: Mapping[Phase, str], watched: Sequence[str]) -> Mapping[str, Expression]:
    if written and len(watched) != 1:
        raise ValueError(f"concerns can stand at a rule of one kind only, this one has {len(watched)}")
    return MappingProxyType({phase.value: condition(text, watched[0]) for phase, text in written.items()})


def _flap(written: _FlapText | None) -> Flap | None:
    if written is None:
        return None
    return Flap(window=written.window, high=written.high, low=written.low)


def _escalation(written: _Escalate) -> Escalation:
    """One way to become worse.

    Raises:
        ValueError: it says neither when nor with whom, or both.
    """
    if written.after is not None and written.if_ is None:
        return Escalation(to=written.to, after_ms=parse_duration_ms(written.after))
    if written.if_ is None or written.after is not None:
        raise ValueError("an escalation has either after or if")
    group, count = parse_group_count(written.if_)
    return Escalation(to=written.to, group=group, count=count)


def _kinds(written: str | list[str]) -> tuple[str, ...]:
    if written == _EVERY_KIND:
        return tuple(kinds())
    listed = (written,) if isinstance(written, str) else tuple(written)
    unknown = [kind_id for kind_id in listed if kind_id not in kinds()]
    if unknown or not listed:
        raise ValueError(f"kind is one or more of {', '.join(kinds())}, or {_EVERY_KIND!r}; got {written!r}")
    return listed


def _pattern_maker(written: _RuleText, given: set[str]) -> Callable[[_RuleText, str, Tables], Pattern]:
    """Which of the three sorts of rule it is, by the keys that it has."""
    if written.absent is not None:
        _refuse(given & ({"when", "on"} | _OF_LASTING | _OF_EVENTS), "absent")
        return _silence
    if written.when is None:
        raise ValueError("a rule has either when or absent")
    if written.on is not None:
        _refuse(given & _OF_LASTING, "on")
        return _happening
    _refuse(given & _OF_EVENTS, "when without on")
    return _lasting


def _refuse(keys: set[str], beside: str) -> None:
    if keys:
        raise ValueError(f"{', '.join(sorted(keys))} cannot stand beside {beside}")


def _silence(written: _RuleText, _kind_id: str, _tables: Tables) -> Silence:
    absent = written.absent
    if absent is None:
        raise ValueError("absent is missing")
    expect_ms = None if absent.expect in (None, "d.interval_s") else parse_duration_ms(str(absent.expect))
    return Silence(tolerate=absent.tolerate, jitter_ms=parse_duration_ms(absent.jitter), expect_ms=expect_ms)


def _lasting(written: _RuleText, kind_id: str, tables: Tables) -> Lasting:
    clear_when = written.clear_when
    return Lasting(
        when=condition(written.when or "", kind_id, tables=tables),
        for_ms=parse_duration_ms(written.for_),
        min_samples=written.min_samples,
        clear_when=None if clear_when is None else condition(clear_when, kind_id, tables=tables),
        clear_for_ms=parse_duration_ms(written.clear_for),
        missing=written.missing,
    )


def _happening(written: _RuleText, kind_id: str, tables: Tables) -> Happening:
    if written.emit is None or written.on is None:
        raise ValueError("a rule about an event needs emit")
    dedup: Mapping[str, Any] = {}
    if written.dedup is not None:
        key = text_value(written.dedup.key, kind_id, Subject.EVENT, tables)
        dedup = {"key": key, "within_ms": parse_duration_ms(written.dedup.within)}
    return Happening(
        event=written.on,
        when=condition(written.when or "", kind_id, Subject.EVENT, tables),
        violation=written.emit.subtype,
        min_images=written.evidence.min_images,
        image_roles=frozenset(written.evidence.roles),
        **dedup,
    )
