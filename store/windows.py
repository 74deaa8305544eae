"""Readings summed up over windows of time: the question, and what no backend answers alike by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import polars as pl

from devices.batch import TIME
from devices.catalogue import kinds
from devices.description import DeviceKind

__all__ = ["Aggregate", "GroupBy", "WindowQuery", "known_fields", "known_kind", "result_type", "tidied"]

_MS_A_SECOND = 1_000
_MOST_WINDOWS = 100_000


class Aggregate(StrEnum):
    """What is made of the values in a window; those without a value count for none of them."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    COUNT = "count"
    FIRST = "first"
    LAST = "last"
    PERCENTILE = "percentile"
    """By nearest rank: the value at position floor(count * percentile / 100 + 0.5)."""


_OF_ANY_TYPE = frozenset({Aggregate.COUNT, Aggregate.FIRST, Aggregate.LAST})


class GroupBy(StrEnum):
    """One row a window for each of what."""

    DEVICE = "device"
    AREA = "area"
    KIND = "kind"


@dataclass(frozen=True, kw_only=True)
class WindowQuery:
    """An aggregate of fields every `every_ms` in [`from_ms`, `to_ms`), of a kind's devices.

    All devices and areas where none are named. `every_ms` of 0 is one window, the whole time. Windows begin
    at multiples of `every_ms` of the zone's local time, so that 86,400,000 gives its days; the first one may
    begin before `from_ms`. With `fill_gaps` a window without readings has a row too, between `from_ms` and
    `to_ms`, for each device or area that has any: null, or 0 for a count.

    Raises:
        LookupError: a kind or field that no description knows, or a field that has no such aggregate.
        ValueError: times, percentile or the number of windows make no sense, or the zone's offset changes.
    """

    kind: str
    fields: Sequence[str]
    aggregate: Aggregate
    from_ms: int
    to_ms: int
    every_ms: int = 0
    devices: Sequence[str] = ()
    areas: Sequence[str] = ()
    group_by: GroupBy = GroupBy.DEVICE
    percentile: float = 95.0
    fill_gaps: bool = False
    zone: str = "Asia/Ho_Chi_Minh"

    def __post_init__(self) -> None:
        """Refuse what no backend could answer."""
        if not self.fields:
            raise ValueError("a window query names at least one field")
        for field in known_fields(known_kind(self.kind), self.fields):
            if self.aggregate not in _OF_ANY_TYPE and _value(self.kind, field) not in {"float", "int"}:
                raise LookupError(
                    f"{field!r} is no number; it has count, first and last, not {self.aggregate}"
                )
        if not self.from_ms < self.to_ms or self.every_ms < 0:
            raise ValueError(f"from < to and every >= 0, got {self.from_ms}, {self.to_ms}, {self.every_ms}")
        # Below it a window of few values has no nearest rank, at which InfluxQL leaves out all that follow.
        if not 50 <= self.percentile <= 100:  # noqa: PLR2004 - per cent
            raise ValueError(f"a percentile is from 50 to 100, got {self.percentile!r}")
        if self.every_ms and (self.to_ms - self.from_ms) // self.every_ms > _MOST_WINDOWS:
            raise ValueError(f"at most {_MOST_WINDOWS} windows; ask for longer ones or less time")
        if _offset_ms(self.zone, self.from_ms) != _offset_ms(self.zone, self.to_ms):
            raise ValueError(f"the offset of {self.zone!r} changes between from and to; ask for each part")

    @property
    def offset_ms(self) -> int:
        """How far the zone's local time is ahead of UTC."""
        return _offset_ms(self.zone, self.from_ms)

    def as_whole_by_device(self) -> "WindowQuery":
        """The same question with one window for each device."""
        return replace(self, every_ms=0, group_by=GroupBy.DEVICE, fill_gaps=False)

    def start_of(self, at_ms: int) -> int:
        """The start of the window that a moment is in."""
        if not self.every_ms:
            return self.from_ms
        return (at_ms + self.offset_ms) // self.every_ms * self.every_ms - self.offset_ms

    @property
    def group_columns(self) -> list[str]:
        """The columns beside `window` that name a row."""
        return [] if self.group_by is GroupBy.KIND else [self.group_by.value]


def known_kind(kind: str) -> DeviceKind:
    """The description of a kind.

    Raises:
        LookupError: there is none.
    """
    if kind not in kinds():
        raise LookupError(f"no kind {kind!r}; known: {', '.join(kinds())}")
    return kinds()[kind]


def known_fields(kind: DeviceKind, fields: Sequence[str]) -> tuple[str, ...]:
    """The fields asked for, all of the kind's where none are.

    Raises:
        LookupError: one that the kind does not have.
    """
    unknown = set(fields) - set(kind.field_names)
    if unknown:
        known = ", ".join(kind.field_names)
        raise LookupError(f"a {kind.id} has no field {sorted(unknown)!r}; known: {known}")
    return tuple(fields) or kind.field_names


def result_type(query: WindowQuery, field: str) -> pl.DataType:
    """The column type of an aggregated field."""
    if query.aggregate is Aggregate.COUNT:
        return pl.Int64()
    if query.aggregate is Aggregate.MEAN:
        return pl.Float64()
    types = {"float": pl.Float64(), "int": pl.Int64(), "bool": pl.Boolean(), "text": pl.String()}
    return types[_value(query.kind, field)]


def tidied(found: pl.DataFrame, query: WindowQuery) -> pl.DataFrame:
    """Windows (`window` in epoch ms) as the port gives them: in order, empty ones left out or filled in."""
    fields = list(query.fields)
    if query.aggregate is Aggregate.COUNT:
        found = found.with_columns(pl.col(fields).fill_null(0).replace(0, None))
    if not query.every_ms:
        found = found.with_columns(window=pl.lit(query.from_ms, pl.Int64))
    found = found.filter(pl.any_horizontal(pl.col(fields).is_not_null()))
    if query.fill_gaps and query.every_ms and not found.is_empty():
        found = _with_gaps(found, query)
    if query.aggregate is Aggregate.COUNT:
        found = found.with_columns(pl.col(fields).fill_null(0))
    names = [*query.group_columns, "window"]
    return found.sort(names).select(*names, *fields).with_columns(pl.col("window").cast(TIME))


def _with_gaps(found: pl.DataFrame, query: WindowQuery) -> pl.DataFrame:
    """The same with a row for every window of each device or area."""
    starts = range(query.start_of(query.from_ms), query.to_ms, query.every_ms)
    wanted = pl.DataFrame({"window": starts}, schema={"window": pl.Int64})
    names = query.group_columns
    if names:
        wanted = found.select(names).unique().join(wanted, how="cross")
    return wanted.join(found, on=[*names, "window"], how="left")


def _value(kind: str, field: str) -> str:
    return kinds()[kind].by_name[field].value


def _offset_ms(zone: str, at_ms: int) -> int:
    offset = datetime.fromtimestamp(at_ms / _MS_A_SECOND, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    return 0 if offset is None else round(offset.total_seconds()) * _MS_A_SECOND
