"""Which other devices a function about a device reads, and what their answers come to."""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from devices.registry import Device, Life
from rules.detection.fleet import Fleet
from rules.detection.past import NEVER, Floats, Ints
from rules.detection.telling import Answers, Telling
from rules.detection.watches import gives_bool
from rules.expressions.relations import SILENT_INTERVALS, RelationCall

__all__ = ["Kin"]

_PER_UNIT = 1_000_000
_SEVERAL = 3
"""Devices of a circuit that its state can be told from."""

_FOREVER = np.iinfo(np.int64).max
Bools = NDArray[np.bool_]


class _Asked(NamedTuple):
    """Readings and the devices they ask, one pair each: the reading's place, the device's row, its answer."""

    reading: Ints
    other: Ints
    said: Floats
    is_known: Bools
    is_silent: Bools


class Kin:
    """The devices that one function asks, for all devices of a kind, by row number.

    Devices that one parent feeds form a group; those not in service are in none.
    """

    def __init__(self, call: RelationCall, own: Fleet, other: Fleet, telling: Telling) -> None:
        self._call = call
        self._telling = telling
        self._interval_ms = other.columns["interval_ms"].to_numpy()
        self._is_bool = gives_bool(call, own.kind.id)
        name = f"d.{call.otherwise}"
        self._otherwise = other.columns[name].to_numpy() if call.otherwise else None
        parent_asks = call.function.startswith("children.")
        is_parent = call.function == "parent"
        group_of = {name: number for number, name in enumerate(_names(own, by_id=parent_asks))}
        asking = [_group(device, by_id=parent_asks) for device in own.devices]
        joining = [
            _group(device, by_id=is_parent) if device.life is Life.IN_SERVICE else None
            for device in other.devices
        ]
        self._asks: Ints = np.array([group_of.get(name or "", -1) for name in asking], dtype=np.int64)
        joined = np.array([group_of.get(name or "", -1) for name in joining], dtype=np.int64)
        self._members: Ints = np.argsort(joined, kind="stable")[int((joined < 0).sum()) :]
        # The last group is empty: that of the devices that ask nobody, whose number is -1.
        counts = np.bincount(joined[joined >= 0], minlength=len(group_of) + 1)
        self._sizes: Ints = counts.astype(np.int64)
        self._starts: Ints = np.cumsum(self._sizes) - self._sizes
        self._circuits: Ints = _circuits(other)

    def complete_until(self, others_until: Ints) -> Ints:
        """Up to when everything is known that a device asks, given up to when it is for each other device."""
        # One more at the end, where empty groups may begin.
        least = np.minimum.reduceat(np.append(others_until[self._members], _FOREVER), self._starts)
        complete: Ints = np.where(self._sizes > 0, least, _FOREVER)[self._asks]
        return complete

    def column(self, rows: Ints, ts: Ints) -> pl.Series:
        """What the function gives for readings of some devices at some moments."""
        asked = self._ask(rows, ts)
        found = pl.Series(self._call.column, self._worth(asked, rows.size), nan_to_null=True)
        return found > 0 if self._is_bool else found

    def _ask(self, rows: Ints, ts: Ints) -> _Asked:
        groups = self._asks[rows]
        sizes = self._sizes[groups]
        reading = np.repeat(np.arange(rows.size), sizes)
        within = np.arange(reading.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        other = self._members[self._starts[groups[reading]] + within]
        if self._call.function == "siblings.share":
            others = other != rows[reading]
            reading, other = reading[others], other[others]
        answers: Answers = self._telling.as_of(other, ts[reading])
        has_spoken = answers.ts != NEVER
        is_silent = has_spoken & (ts[reading] - answers.ts > SILENT_INTERVALS * self._interval_ms[other])
        name = self._call.asked
        said = np.full(other.size, np.nan) if name is None else answers.values[name]
        if name is None:
            return _Asked(reading, other, said, has_spoken, is_silent)
        return _Asked(reading, other, said, has_spoken & ~is_silent & ~np.isnan(said), is_silent)

    def _worth(self, asked: _Asked, count: int) -> Floats:
        match self._call.function:
            case "parent":
                found = np.full(count, np.nan)
                found[asked.reading[asked.is_known]] = asked.said[asked.is_known]
                return found
            case "children.sum":
                return self._sum(asked, count)
            case "children.silent":
                return self._silent(asked, count)
            case _:
                is_true = asked.is_known & (asked.said > 0)
                return _share(asked.reading, is_true, asked.is_known, count)

    def _sum(self, asked: _Asked, count: int) -> Floats:
        """The sum over all of them; unknown where one is, and nothing stands for it."""
        values = np.where(asked.is_known, asked.said, np.nan)
        if self._otherwise is not None:
            values = np.where(asked.is_known, values, self._otherwise[asked.other])
        unknown = np.bincount(asked.reading, np.isnan(values), minlength=count)
        whole = np.rint(np.nan_to_num(values) * _PER_UNIT)
        total = np.bincount(asked.reading, whole, minlength=count) / _PER_UNIT
        return np.where(unknown > 0, np.nan, total)

    def _silent(self, asked: _Asked, count: int) -> Floats:
        """The share that is silent; of the worst circuit with several devices where each is looked at."""
        if not self._call.by_circuit:
            return _share(asked.reading, asked.is_silent, asked.is_known, count)
        circuits = self._circuits[asked.other]
        named = circuits >= 0
        width = int(self._circuits.max(initial=-1)) + 1
        of_circuit = asked.reading[named] * width + circuits[named]
        known = np.bincount(of_circuit, asked.is_known[named], minlength=count * width).reshape(count, width)
        silent = np.bincount(of_circuit, asked.is_silent[named], minlength=count * width).reshape(
            count, width
        )
        shares = np.where(known >= _SEVERAL, silent / np.maximum(known, 1), -1.0)
        worst = shares.max(axis=1, initial=-1.0)
        return np.where(worst < 0, np.nan, worst)


def _names(own: Fleet, *, by_id: bool) -> list[str]:
    """The groups that devices of a kind ask, each once."""
    return list(dict.fromkeys(name for device in own.devices if (name := _group(device, by_id=by_id))))


def _group(device: Device, *, by_id: bool) -> str | None:
    """The parent whose group a device is in; its own id where it is the parent."""
    if by_id:
        return device.id
    return device.powered_by.parent if device.powered_by else None


def _circuits(other: Fleet) -> Ints:
    """A number for the name of each device's circuit, -1 without one."""
    names: dict[str, int] = {}
    circuits = [device.powered_by.circuit if device.powered_by else None for device in other.devices]
    numbers = [-1 if name is None else names.setdefault(name, len(names)) for name in circuits]
    return np.array(numbers, dtype=np.int64)


def _share(reading: Ints, is_true: Bools, is_known: Bools, count: int) -> Floats:
    known = np.bincount(reading, is_known, minlength=count)
    true = np.bincount(reading, is_true, minlength=count)
    return np.where(known > 0, true / np.maximum(known, 1), np.nan)
