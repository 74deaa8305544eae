"""How a value stands in a cell of a file: the columns that import, export, storage and API walk."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any

__all__ = [
    "AREA_SLUG",
    "CLOCK",
    "DAY",
    "FLAG",
    "ID",
    "MOMENT",
    "NUMBER",
    "POSITIVE",
    "SLUG",
    "TEXT",
    "WEEKDAYS",
    "WHOLE",
    "WORDS",
    "Codec",
    "Column",
    "LineProblem",
    "choice",
    "read_cells",
    "write_cells",
]  # fmt: skip

AREA_SLUG = re.compile(r"[a-z0-9-]{1,64}")
_LONGEST_TEXT = 256
_LONGEST_ID = 64
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TRUE, _FALSE = frozenset({"true", "1", "yes"}), frozenset({"false", "0", "no"})
_LARGEST_WHOLE = 2**53


@dataclass(frozen=True)
class LineProblem:
    """A bad cell: where it stands, the rule that it breaks, and what stands there.

    `line` counts from 1 with the header; in GeoJSON it is the number of the feature; 0 is what the file does
    not hold. `column` is empty where the whole line is at fault.
    """

    line: int
    column: str
    rule: str
    value: str = ""

    def __str__(self) -> str:
        where = f"line {self.line}:" if self.line else "not in the file:"
        seen = f", got {self.value!r}" if self.value and repr(self.value) not in self.rule else ""
        column = f" {self.column}:" if self.column else ""
        return f"{where}{column} {self.rule}{seen}"


@dataclass(frozen=True, kw_only=True)
class Codec:
    """How values of one sort are written.

    `read` takes the text of a cell that is not empty and raises ValueError where it breaks `rule`; `write`
    is its inverse; `plain` gives the value as JSON has it.
    """

    rule: str
    read: Callable[[str], Any]
    write: Callable[[Any], str] = str
    plain: Callable[[Any], Any] = str


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its name, what it means in which unit, and what an empty cell stands for.

    `refers_to` says whose id it holds: `device`, or the id of a kind of dated entity.
    """

    name: str
    about: str
    codec: Codec
    required: bool = False
    default: Any = None
    refers_to: str | None = None


def read_cells(
    columns: Iterable[Column], cells: Mapping[str, str], line: int
) -> tuple[dict[str, Any], list[LineProblem]]:
    """The values in the cells of a line, those of empty cells too, and every bad cell."""
    values: dict[str, Any] = {}
    problems: list[LineProblem] = []
    for column in columns:
        text = cells.get(column.name, "")
        values[column.name] = column.default
        if not text:
            if column.required:
                problems.append(LineProblem(line, column.name, "is missing"))
            continue
        try:
            values[column.name] = column.codec.read(text)
        except (ValueError, OverflowError):
            problems.append(LineProblem(line, column.name, column.codec.rule, text))
    return values, problems


def write_cells(columns: Iterable[Column], values: Mapping[str, Any]) -> dict[str, str]:
    """The cells of values, those that say nothing left out; `read_cells` gives the values back."""
    return {
        column.name: column.codec.write(values[column.name])
        for column in columns
        if values[column.name] != column.default
    }


def choice(members: type[StrEnum]) -> Codec:
    """One of the words of an enum."""
    return Codec(rule=f"must be one of {', '.join(members)}", read=members, plain=lambda value: value.value)


def _text(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        raise ValueError
    return text


def _id(text: str) -> str:
    if len(text) > _LONGEST_ID:
        raise ValueError
    return text


def _slug(text: str) -> str:
    if not AREA_SLUG.fullmatch(text):
        raise ValueError
    return text


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _positive(text: str) -> float:
    number = _number(text)
    if number <= 0:
        raise ValueError
    return number


def _whole(text: str) -> int:
    number = _number(text)
    if not number.is_integer() or abs(number) > _LARGEST_WHOLE:
        raise ValueError
    return int(number)


def _flag(text: str) -> bool:
    word = text.lower()
    if word not in _TRUE | _FALSE:
        raise ValueError
    return word in _TRUE


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError
    return at.astimezone(UTC)


def _moment_text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _clock(text: str) -> time:
    at = time.fromisoformat(text)
    if at.tzinfo is not None:
        raise ValueError
    return at


def _clock_text(at: time) -> str:
    return at.isoformat("auto" if at.second or at.microsecond else "minutes")


def _weekdays(text: str) -> frozenset[int]:
    return frozenset(_WEEKDAYS.index(word) for word in text.lower().split())


def _weekday_words(days: Iterable[int]) -> Sequence[str]:
    return [_WEEKDAYS[day] for day in sorted(days)]


ID = Codec(rule=f"must be at most {_LONGEST_ID} characters", read=_id)
SLUG = Codec(rule="must be the slug of a ward, such as tam-ky", read=_slug)
TEXT = Codec(rule=f"must be at most {_LONGEST_TEXT} characters", read=_text)
NUMBER = Codec(rule="must be a number", read=_number, write=repr, plain=float)
POSITIVE = Codec(rule="must be a number above 0", read=_positive, write=repr, plain=float)
WHOLE = Codec(rule="must be a whole number", read=_whole, plain=int)
FLAG = Codec(rule="must be true or false", read=_flag, write=lambda value: str(value).lower(), plain=bool)
DAY = Codec(rule="must be a day, such as 2026-11-22", read=date.fromisoformat, write=date.isoformat)
MOMENT = Codec(
    rule="must be a time with its offset, such as 2026-11-22T22:00:00+07:00",
    read=_moment,
    write=_moment_text,
    plain=_moment_text,
)
CLOCK = Codec(rule="must be a local time, such as 17:30", read=_clock, write=_clock_text, plain=_clock_text)
WEEKDAYS = Codec(
    rule=f"must be weekdays separated by spaces: {' '.join(_WEEKDAYS)}",
    read=_weekdays,
    write=lambda days: " ".join(_weekday_words(days)),
    plain=_weekday_words,
)
WORDS = Codec(
    rule="must be words separated by spaces",
    read=lambda text: tuple(text.split()),
    write=" ".join,
    plain=list,
)
