"""What a suspected violation would cost by the law of its day; read from `rules/traffic/law/`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal

import msgspec
from msgspec import Struct

from devices.description import Label

__all__ = ["FineRow", "FineTable", "FinesError", "fine_table", "read_fines"]

_UNVERIFIED = Label(vi="chưa đối chiếu", en="unverified")
_VERIFIED = Label(vi="đã đối chiếu", en="verified")
# Article 6 (article 5 of the old decree) is about cars "and the like", whatever they carry.
_LAW_CLASSES = {"car": "car", "truck": "car", "bus": "car", "van": "car",
                "motorcycle": "motorcycle", "moped": "motorcycle"}  # fmt: skip


class FinesError(Exception):
    """The tables of fines contradict themselves: the person who edits them must look."""


@dataclass(frozen=True, kw_only=True)
class FineRow:
    """One band of a fine; amounts in VND. Its bounds are on `measure` (km/h above the limit, or riders).

    `verified_on` is None until a person has compared the row with the official text.
    """

    id: str
    decree: str
    offences: Sequence[str]
    vehicle: str
    measure: str | None
    at_least: Decimal | None
    above: Decimal | None
    up_to: Decimal | None
    below: Decimal | None
    min_vnd: int
    max_vnd: int
    points: int
    article: str
    source: str
    valid_from: date
    valid_to: date | None
    verified_by: str | None
    verified_on: date | None
    note: Label | None

    @property
    def mark(self) -> Label:
        """How far the row may be trusted, for whoever reads it."""
        mark = _UNVERIFIED if self.verified_on is None else _VERIFIED
        if self.note is None:
            return mark
        return Label(vi=f"{mark.vi}; {self.note.vi}", en=f"{mark.en}; {self.note.en}")

    def covers(self, day: date) -> bool:
        """Whether the row is in force on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def takes(self, measured: Decimal | None) -> bool:
        """Whether a measured value lies in the band."""
        if self.measure is None:
            return True
        return measured is not None and all(
            (
                self.at_least is None or measured >= self.at_least,
                self.above is None or measured > self.above,
                self.up_to is None or measured <= self.up_to,
                self.below is None or measured < self.below,
            )
        )

    @property
    def facts(self) -> dict[str, Any]:
        """What is kept beside a violation."""
        return {
            "row": self.id,
            "decree": self.decree,
            "article": self.article,
            "min_vnd": self.min_vnd,
            "max_vnd": self.max_vnd,
            "points": self.points,
            "verified_on": None if self.verified_on is None else self.verified_on.isoformat(),
            "mark": {"vi": self.mark.vi, "en": self.mark.en},
        }


class FineTable:
    """All bands of all decrees."""

    def __init__(self, rows: Sequence[FineRow]) -> None:
        self.rows = tuple(rows)
        self._by_id = {row.id: row for row in self.rows}
        self._by_offence: dict[tuple[str, str], list[FineRow]] = {}
        for row in self.rows:
            for offence in row.offences:
                self._by_offence.setdefault((offence, row.vehicle), []).append(row)

    def row(self, row_id: str) -> FineRow | None:
        """The band of an id."""
        return self._by_id.get(row_id)

    def find(
        self, offence: str, vehicle_class: str | None, day: date, measured: Mapping[str, Decimal]
    ) -> FineRow | None:
        """The band for an offence on a day of the city, from what was measured; None where the law has none.

        The tolerance of the instrument must be taken off before.

        Raises:
            FinesError: two bands fit.
        """
        law_class = _LAW_CLASSES.get(vehicle_class or "")
        fitting = [
            row
            for row in self._by_offence.get((offence, law_class or ""), ())
            if row.covers(day) and row.takes(measured.get(row.measure or ""))
        ]
        if len(fitting) > 1:
            raise FinesError(
                f"one band of {offence} may fit at a time, on {day} {[row.id for row in fitting]!r} do;"
                " correct the tables of fines"
            )
        return fitting[0] if fitting else None


class _Row(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    id: str
    offences: tuple[str, ...]
    vehicle: Literal["car", "motorcycle"]
    min_vnd: int
    max_vnd: int
    points: int
    article: str
    measure: Literal["excess_kmh", "riders"] | None = None
    at_least: Decimal | None = None
    above: Decimal | None = None
    up_to: Decimal | None = None
    below: Decimal | None = None
    verified_by: str | None = None
    verified_on: date | None = None


class _Decree(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    decree: str
    valid_from: date
    valid_to: date | None
    note: Label | None
    source: str
    verified_by: str | None
    verified_on: date | None
    rows: tuple[_Row, ...] = ()
    rows_of: str | None = None


@cache
def fine_table() -> FineTable:
    """The bands that come with the product."""
    return read_fines(files("rules.traffic.law"))


def read_fines(folder: Traversable) -> FineTable:
    """The bands in a folder of YAML files.

    Raises:
        FinesError: a file takes its rows from one that there is not.
        msgspec.ValidationError: a file breaks the format.
    """
    documents = {
        file.name.removesuffix(".yaml"): msgspec.yaml.decode(file.read_bytes(), type=_Decree, strict=False)
        for file in sorted(folder.iterdir(), key=lambda one: one.name)
        if file.name.endswith(".yaml")
    }
    rows: list[FineRow] = []
    for name, document in documents.items():
        origin = document if document.rows_of is None else documents.get(document.rows_of)
        if origin is None:
            raise FinesError(f"rows_of must name a file beside {name}.yaml, got {document.rows_of!r}")
        is_own = origin is document
        rows += [_row(name, document, one, is_own=is_own) for one in origin.rows]
    return FineTable(rows)


def _row(name: str, document: _Decree, written: _Row, *, is_own: bool) -> FineRow:
    """A band of a decree; a row's own verification holds for the decree it was written for only."""
    own = written if is_own else None
    return FineRow(
        id=f"{name}:{written.id}",
        decree=document.decree,
        offences=written.offences,
        vehicle=written.vehicle,
        measure=written.measure,
        at_least=written.at_least,
        above=written.above,
        up_to=written.up_to,
        below=written.below,
        min_vnd=written.min_vnd,
        max_vnd=written.max_vnd,
        points=written.points,
        article=written.article,
        source=document.source,
        valid_from=document.valid_from,
        valid_to=document.valid_to,
        verified_by=(own and own.verified_by) or document.verified_by,
        verified_on=(own and own.verified_on) or document.verified_on,
        note=document.note,
    )
