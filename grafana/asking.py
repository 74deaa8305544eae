"""What Grafana would ask: a built board's questions with macros and variables put in."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from grafana.names import Source

__all__ = ["Asked", "Window", "asked", "expand", "variables"]

_SQL_MACRO = re.compile(r"\$__(timeFilter|timeFrom|timeTo)\(([^()]*)\)")
_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(\w+)")
_REGEX_SIGNS = re.compile(r"([.*+?^${}()|\[\]\\/])")
_EVERYTHING = ".*"


@dataclass(frozen=True, kw_only=True)
class Window:
    """The time that a board shows, in epoch ms, and the step of its lines."""

    from_ms: int
    to_ms: int
    step_s: int = 60


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question of one panel, with its variables still in it."""

    board: str
    panel: str
    ref: str
    source: Source
    text: str


def asked(board: Mapping[str, Any]) -> Iterator[Asked]:
    """Every question of a built board, those of annotations included."""
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield _asked(board["uid"], panel["title"], target)
    for annotation in board["annotations"].get("list", []):
        target = annotation["target"] | {"datasource": annotation["datasource"]}
        yield _asked(board["uid"], f"annotation: {annotation['name']}", target)


def variables(board: Mapping[str, Any]) -> Iterator[tuple[str, Source | None, str]]:
    """Each variable of a built board: name, and a query to a source or, without one, its value."""
    for one in board["templating"]["list"]:
        if one["type"] != "query":
            yield one["name"], None, one["query"]
        elif one.get("includeAll"):
            yield one["name"], None, one["allValue"]
        else:
            yield one["name"], _source(one["datasource"]["uid"]), one["query"]


def expand(text: str, source: Source, window: Window, values: Mapping[str, str]) -> str:
    """The question as its server gets it.

    Raises:
        LookupError: it names a variable that is not among the values.
    """
    if source is Source.TELEMETRY:
        time = f"time >= {window.from_ms}ms and time <= {window.to_ms}ms"
        text = text.replace("$timeFilter", time).replace("$__interval", f"{window.step_s}s")
    else:
        text = _SQL_MACRO.sub(lambda found: _sql_time(found, window), text)
    return _VARIABLE.sub(lambda found: _value(found, values), text)


def _asked(board: str, panel: str, target: Mapping[str, Any]) -> Asked:
    source = _source(target["datasource"]["uid"])
    text = target["rawSql"] if source is Source.OPERATIONS else target["query"]
    return Asked(board=board, panel=panel, ref=target["refId"], source=source, text=text)


def _source(uid: str) -> Source:
    return next(source for source in Source if source.value.uid == uid)


def _sql_time(found: re.Match[str], window: Window) -> str:
    first, last = (
        f"'{datetime.fromtimestamp(ms / 1000, UTC).isoformat()}'" for ms in (window.from_ms, window.to_ms)
    )
    if found[1] == "timeFilter":
        return f"{found[2]} BETWEEN {first} AND {last}"
    return f"{first}::timestamptz" if found[1] == "timeFrom" else f"{last}::timestamptz"


def _value(found: re.Match[str], values: Mapping[str, str]) -> str:
    name = found[1] or found[3]
    if name not in values:
        raise LookupError(f"a question names the variable {name!r}, which its board has not")
    value = values[name]
    if found[2] == "sqlstring":
        return "'" + value.replace("'", "''") + "'"
    if found[2] == "regex" and value != _EVERYTHING:
        return _REGEX_SIGNS.sub(r"\\\1", value)
    return value
