"""What a board is, before it is Grafana's JSON: questions, panels, rows and variables as plain data."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from devices.description import Label
from grafana.names import Source

__all__ = ["Annotation", "Board", "Panel", "Query", "Row", "Step", "Variable", "Visual"]


class Visual(StrEnum):
    """How a panel shows its rows: ids of Grafana's own panels."""

    STAT = "stat"
    LINES = "timeseries"
    TABLE = "table"
    MAP = "geomap"
    BARS = "barchart"
    STATES = "state-timeline"


@dataclass(frozen=True, kw_only=True)
class Query:
    """One question to one source. `alias` names InfluxQL's series; `is_table` asks for plain rows.

    `%LANG%` in the text is `vi` or `en`: views have their texts in both. A text that names things in the
    reader's language is a label itself.
    """

    source: Source
    text: str | Label
    is_table: bool = False
    alias: Label | None = None


@dataclass(frozen=True)
class Step:
    """From this value on a panel has this colour; the first step's value is None, below all others."""

    value: float | None
    color: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One panel, `width` of 24 wide.

    `columns` are words for columns, `states` words and colours for values, `units` those of single lines.
    """

    title: Label
    description: Label
    visual: Visual
    unit: str
    queries: Sequence[Query]
    width: int = 12
    height: int = 8
    steps: Sequence[Step] = (Step(None, "blue"),)
    columns: dict[str, Label] = field(default_factory=dict)
    states: dict[str, tuple[Label, str]] = field(default_factory=dict)
    units: dict[Label, str] = field(default_factory=dict)
    decimals: int | None = None
    is_stacked: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """Panels under a heading."""

    title: Label
    panels: Sequence[Panel]


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A choice at a board's head.

    With a `source` the choices are that query's; without, `query` is a text that people may change.
    `sample` is what `ioc grafana check` asks with; a query is asked instead where there is none.
    """

    name: str
    title: Label
    query: str
    source: Source | None = None
    has_all: bool = False
    is_hidden: bool = False


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """What is marked on the time axis; its rows have time, timeend, text and tags."""

    title: Label
    query: str
    color: str


@dataclass(frozen=True, kw_only=True)
class Board:
    """One dashboard. `id` is the middle of its uid; `since` the time range that it opens with."""

    id: str
    title: Label
    description: Label
    rows: Sequence[Row]
    variables: Sequence[Variable] = ()
    annotations: Sequence[Annotation] = ()
    since: str = "now-24h"

    @property
    def panels(self) -> list[Panel]:
        """All panels, in reading order."""
        return [panel for row in self.rows for panel in row.panels]
