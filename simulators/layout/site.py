"""The ground a city is laid out on: its units, their names, and the ids of what stands there."""

from dataclasses import dataclass
from datetime import date
from random import Random

from devices.cities import Area, City, LegacyUnit
from simulators.layout.geometry import Point
from simulators.layout.names import UnitNames, names_of
from simulators.randomness import generator

__all__ = ["JUNCTION", "SCHOOL_GATE", "Site", "Unit"]

JUNCTION, SCHOOL_GATE = "junction", "school-gate"
"""Where cameras stand, as the registry says it."""


@dataclass(frozen=True)
class Unit:
    """One ward or commune of before July 2025 within its current area."""

    area: str
    legacy_name: str
    centre: Point
    names: UnitNames

    @property
    def village_word(self) -> str:
        """What a settlement is called: `thôn` in a commune, `khối phố` in a ward."""
        return "thôn" if self.legacy_name.startswith("Xã") else "khối phố"

    def near_centre(self, random: Random, radius_m: float) -> Point:
        """A random place at most that far from the centre."""
        return self.centre.moved(random.uniform(0, radius_m), random.uniform(0, 360))


class Site:
    """A city's units in a seeded order that takes the areas in turn, and the rules for ids.

    `on` is the day the city is imagined at: calibrations and programmes are dated around it.
    """

    def __init__(self, city: City, seed: int, on: date) -> None:
        self.city = city
        self.seed = seed
        self.on = on
        self._prefix = "".join(word[0] for word in city.id.split("-")).upper()
        self.units = self._in_turn()

    def random(self, *what: object) -> Random:
        """The generator for one part of the layout; parts do not disturb each other."""
        return generator(self.seed, "layout", *what)

    def id(self, letter: str, number: int, digits: int) -> str:
        """A readable id such as `TK-L-0001`."""
        return f"{self._prefix}-{letter}-{number:0{digits}d}"

    def unit(self, number: int) -> Unit:
        """The unit whose turn it is, counting from 0 and beginning again at the end."""
        return self.units[number % len(self.units)]

    def _in_turn(self) -> tuple[Unit, ...]:
        """First units of all areas, then second ones: even a small city touches every area."""
        random = self.random("units")
        by_area = [self._units_of(area, random) for area in self.city.areas]
        most = max(len(units) for units in by_area)
        return tuple(units[turn] for turn in range(most) for units in by_area if turn < len(units))

    def _units_of(self, area: Area, random: Random) -> list[Unit]:
        """An area's units in random order; an area that names none is one itself."""
        legacy = list(area.legacy) or [LegacyUnit(area.code, "", area.latitude, area.longitude)]
        random.shuffle(legacy)
        return [
            Unit(
                area.slug, unit.name, Point(unit.latitude, unit.longitude), names_of(self.city.id, unit.code)
            )
            for unit in legacy
        ]
