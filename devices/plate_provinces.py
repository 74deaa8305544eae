"""The provinces behind the two digits that number plates begin with, read from `devices/law/`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct

__all__ = ["PlateProvince", "ProvinceTable", "plate_provinces"]


@dataclass(frozen=True, slots=True)
class PlateProvince:
    """Who gave out the plates of a code: the place's name then, and what it belongs to since the merger."""

    code: int
    name: str
    now: str


@dataclass(frozen=True)
class ProvinceTable:
    """All codes in use, where they were read, and who compared them with the official text and when."""

    by_code: Mapping[int, PlateProvince]
    source: str
    merged_on: date
    verified_by: str | None
    verified_on: date | None

    def name_on(self, code: int, day: date) -> str | None:
        """What the place of a code is called on a day; None for a code that is not in use."""
        province = self.by_code.get(code)
        if province is None:
            return None
        return province.now if day >= self.merged_on else province.name


class _Row(Struct, frozen=True, forbid_unknown_fields=True):
    codes: tuple[int, ...]
    name: str
    now: str | None = None


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    verified_by: str | None
    verified_on: date | None
    merged_on: date
    provinces: tuple[_Row, ...]


@cache
def plate_provinces() -> ProvinceTable:
    """The codes in use; a code stays valid on the plates that carry it, whatever became of its province."""
    read = msgspec.yaml.decode((files("devices.law") / "plate_provinces.yaml").read_bytes(), type=_File)
    return ProvinceTable(
        by_code={
            code: PlateProvince(code, row.name, row.now or row.name)
            for row in read.provinces
            for code in row.codes
        },
        source=read.source,
        merged_on=read.merged_on,
        verified_by=read.verified_by,
        verified_on=read.verified_on,
    )
