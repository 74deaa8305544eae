"""The page that shows every rule, generated from the catalogue."""

from collections.abc import Iterable, Mapping, Sequence

from devices.catalogue import kinds
from devices.durations import written_duration
from rules.expressions.functions import function_table
from rules.expressions.syntax import Lookup, walk
from rules.lifecycle.escalation import Escalation
from rules.rule import Happening, Lasting, Pattern, Rule, Silence

__all__ = ["rules_page"]

_HEAD = """\
# Rules / Các luật phát hiện

Generated from `rules/catalogue/` by `ioc rules page`; edit the rules, not this page. Where a threshold comes
from stands beside it there. Each rule leads to its runbook ([tiếng Việt](runbooks/README.md)).

A condition that holds for the time under "for", and in as many readings, becomes a fault; it ends when the
condition under "ends when" has held for its own time (without one: when the first no longer holds). `m.` is
the reading, `prev.` the one before, `d.` the registry, `e.` an event or one of its vehicles. A violation is
suspected until an officer decides.
"""
_FUNCTIONS = """
## Functions

What is not known is unknown, and a condition of it neither true nor false. Other devices are seen as they
were at the moment of the reading; the rule waits until everything up to it has come from them, and a device
that has said nothing for two of its intervals is silent. Vehicles are counted where a camera ever saw any.

"""
_TABLE = """\
| id | title | becomes a fault when | for | ends when | severity |
| --- | --- | --- | --- | --- | --- |
"""
_TABLES = """
## Tables

Values that rules look up (`table`), from `rules/catalogue/tables/`, or of an installation's own from
`tables/` in its folder of rules. The first row that fits holds; who changes one raises the version of the
rules that use it.

| table | looked up by | gives | source |
| --- | --- | --- | --- |
"""
_EVERY_KIND = "Every kind / Mọi loại"


def rules_page(rules: Sequence[Rule]) -> str:
    """The page as Markdown: a table for each kind of device, and one for rules that watch all kinds."""
    return (
        _HEAD
        + _FUNCTIONS
        + function_table()
        + _tables(rules)
        + "".join(f"\n## {heading}\n\n{_table(of)}" for heading, of in _by_kind(rules).items())
    )


def _tables(rules: Iterable[Rule]) -> str:
    """The tables that rules look something up in."""
    patterns = (pattern for rule in rules for pattern in rule.patterns.values())
    trees = (one.tree for p in patterns if not isinstance(p, Silence) for one in p.expressions)
    used = {node.table for tree in trees for node, _ in walk(tree) if isinstance(node, Lookup)}
    rows = (
        f"| `{one.name}` | {', '.join(key.name for key in one.keys)} | {one.gives} | {one.source} |\n"
        for one in sorted(used, key=lambda table: table.name)
    )
    return _TABLES + "".join(rows)


def _by_kind(rules: Iterable[Rule]) -> Mapping[str, Sequence[Rule]]:
    labels = {kind.id: f"`{kind.id}`: {kind.label.vi} / {kind.label.en}" for kind in kinds().values()}
    groups: dict[str, list[Rule]] = {heading: [] for heading in (_EVERY_KIND, *labels.values())}
    for rule in rules:
        watched = list(rule.patterns)
        groups[labels[watched[0]] if len(watched) == 1 else _EVERY_KIND].append(rule)
    return {heading: found for heading, found in groups.items() if found}


def _table(rules: Iterable[Rule]) -> str:
    return _TABLE + "".join(map(_row, rules))


def _row(rule: Rule) -> str:
    pattern = next(iter(rule.patterns.values()))
    cells = (_linked(rule), f"{rule.title.vi} / {rule.title.en}", *_cells(pattern), _severity(rule))
    return f"| {' | '.join(cells)} |\n"


def _linked(rule: Rule) -> str:
    return f"[`{rule.id}`](runbooks/en/{rule.runbook}.md)" if rule.runbook else f"`{rule.id}`"


def _cells(pattern: Pattern) -> tuple[str, str, str]:
    """When it becomes a fault, for how long that has to hold, and when it ends."""
    match pattern:
        case Lasting():
            ends = "" if pattern.clear_when is None else _code(pattern.clear_when.text)
            return _code(pattern.when.text), _lasts(pattern), _with_time(ends, pattern.clear_for_ms)
        case Silence():
            missed = f"{pattern.tolerate:g} intervals and {written_duration(pattern.jitter_ms)}"
            return "nothing arrives", missed, "something arrives"
        case Happening():
            pictures = f", with {pattern.min_images} pictures" if pattern.min_images else ""
            return f"{pattern.event}: {_code(pattern.when.text)}{pictures}", "", ""


def _lasts(pattern: Lasting) -> str:
    readings = f"{pattern.min_samples} readings" if pattern.min_samples > 1 else ""
    lasts = written_duration(pattern.for_ms) if pattern.for_ms else ""
    return ", ".join(part for part in (lasts, readings) if part) or "at once"


def _with_time(condition: str, lasts_ms: int) -> str:
    lasts = f"for {written_duration(lasts_ms)}" if lasts_ms else ""
    return " ".join(part for part in (condition, lasts) if part)


def _severity(rule: Rule) -> str:
    others = [f"{kind}: {severity}" for kind, severity in rule.severity_by_kind.items()]
    worse = [f"{one.to} {_when_worse(one)}" for one in rule.escalations]
    return "; ".join([str(rule.severity), *others, *worse])


def _when_worse(escalation: Escalation) -> str:
    if escalation.after_ms is not None:
        return f"after {written_duration(escalation.after_ms)}"
    return f"with {escalation.count} of one {escalation.group}"


def _code(text: str) -> str:
    """An expression in a cell of a table, where a bar would begin the next cell."""
    return f"`{text.replace('|', chr(92) + '|')}`"
