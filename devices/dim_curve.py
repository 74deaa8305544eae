"""Dim curves: how bright lamps are meant to be from which moment of the day on."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from devices.columns import Codec

__all__ = ["DIM_CURVE", "Anchor", "DimStep", "SunTimes", "dim_pct_at", "read_curve", "write_curve"]

_STEP = re.compile(
    r"(?:(?P<anchor>sunset|sunrise)(?P<offset>[+-]\d{1,3}m)?|(?P<clock>\d{2}:\d{2}))=(?P<dim>\d{1,3})"
)
_FULL_PCT = 100


class Anchor(StrEnum):
    """What a step's offset counts from."""

    SUNSET = "sunset"
    SUNRISE = "sunrise"


@dataclass(frozen=True)
class SunTimes:
    """Sunrise and sunset of a local day."""

    sunrise: datetime
    sunset: datetime


@dataclass(frozen=True, kw_only=True)
class DimStep:
    """From a local time, or minutes from the sun's rise or set, lamps burn at `dim_pct`; 0 is off.

    Raises:
        ValueError: more than 100 %.
    """

    dim_pct: int
    clock: time | None = None
    anchor: Anchor | None = None
    offset_min: int = 0

    def __post_init__(self) -> None:
        """Refuse what no lamp can do."""
        if not 0 <= self.dim_pct <= _FULL_PCT:
            raise ValueError(f"a dim level is 0 to 100 %, got {self.dim_pct!r}")

    def begins(self, sun: SunTimes) -> datetime:
        """When the step begins on the day of that sun."""
        if self.clock is not None:
            return datetime.combine(sun.sunset.date(), self.clock, sun.sunset.tzinfo)
        at = sun.sunrise if self.anchor is Anchor.SUNRISE else sun.sunset
        return at + timedelta(minutes=self.offset_min)


def dim_pct_at(curve: tuple[DimStep, ...], at: datetime, sun: SunTimes) -> int:
    """The level in force at a moment of the day of that sun: of the last step begun.

    Before the first step of a day the last one of the day before still holds.
    """
    steps = sorted(curve, key=lambda step: step.begins(sun))
    begun = [step for step in steps if step.begins(sun) <= at]
    return (begun or steps)[-1].dim_pct


def read_curve(text: str) -> tuple[DimStep, ...]:
    """The steps of a curve such as `sunset-15m=100 22:00=60 05:00=100 sunrise+10m=0`.

    Raises:
        ValueError: it is none.
    """
    return tuple(_step(word) for word in text.split())


def write_curve(curve: tuple[DimStep, ...]) -> str:
    """The text that `read_curve` reads back to the same steps."""
    return " ".join(f"{_begin(step)}={step.dim_pct}" for step in curve)


def _step(word: str) -> DimStep:
    found = _STEP.fullmatch(word)
    if found is None:
        raise ValueError(f"a step is sunset-15m=100, sunrise=0 or 22:00=60, got {word!r}")
    dim_pct = int(found["dim"])
    if found["clock"]:
        return DimStep(dim_pct=dim_pct, clock=time.fromisoformat(found["clock"]))
    offset_min = int(found["offset"][:-1]) if found["offset"] else 0
    return DimStep(dim_pct=dim_pct, anchor=Anchor(found["anchor"]), offset_min=offset_min)


def _begin(step: DimStep) -> str:
    if step.clock is not None:
        return step.clock.isoformat("minutes")
    return f"{step.anchor}{f'{step.offset_min:+d}m' if step.offset_min else ''}"


DIM_CURVE = Codec(
    rule="must be steps of time=percent, such as sunset-15m=100 22:00=60 05:00=100 sunrise+10m=0",
    read=read_curve,
    write=write_curve,
    plain=write_curve,
)
