"""How certain a suspicion is, for the order of the officers' queue: never a reason to decide anything.

certainty = plate * excess * pictures, each from 0 to 1, told in thousandths:

- plate: 1 where an officer read it; else the camera's confidence (0.5 where it gives none), times 0.8 where
  the form is ambiguous and 0.5 where it is none that there is; 0.1 where no plate was read.
- excess: from 0.5 at the edge of what is suspected to 1 at 20 km/h more, or at 2 s of red; 1 where the camera
  reports the fact itself.
- pictures: 0.4 without any that is kept, growing to 1 with all that are expected: 3 of a red light, else 2.

The figures are engineering judgement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devices.errors import PlateError
from devices.plates import PlateClass, parse_plate

__all__ = ["Certainty", "certainty_of"]

_UNKNOWN_CONFIDENCE = 0.5
_NO_PLATE = 0.1
_AMBIGUOUS = 0.8
_NO_FORM = 0.5
_FULL_EXCESS_KMH = 20.0
_FULL_RED_S = 2.0
_WITHOUT_PICTURES = 0.4
_EXPECTED = {"red-light": 3, "red_light": 3}
_EXPECTED_OTHERWISE = 2


@dataclass(frozen=True)
class Certainty:
    """A figure from 0 to 1000, and the three factors that it is the product of."""

    per_mille: int
    inputs: Mapping[str, float]


def certainty_of(
    *,
    type_: str,
    plate: str | None,
    confidence: float | None,
    is_corrected: bool,
    measured: Mapping[str, Any],
    pictures: int,
) -> Certainty:
    """The certainty of a suspicion of which so many pictures are kept."""
    factors = {
        "plate": 1.0 if is_corrected else _plate(plate, confidence),
        "excess": _excess(measured),
        "pictures": _pictures(type_, pictures),
    }
    product = factors["plate"] * factors["excess"] * factors["pictures"]
    return Certainty(round(1000 * product), {name: round(value, 3) for name, value in factors.items()})


def _plate(plate: str | None, confidence: float | None) -> float:
    if not plate:
        return _NO_PLATE
    sure = _UNKNOWN_CONFIDENCE if confidence is None else min(max(confidence, 0.0), 1.0)
    try:
        form = parse_plate(plate).plate_class
    except PlateError:
        return sure * _NO_FORM
    return sure * (_AMBIGUOUS if form is PlateClass.AMBIGUOUS else 1.0)


def _excess(measured: Mapping[str, Any]) -> float:
    for name, full in (("excess_kmh", _FULL_EXCESS_KMH), ("red_elapsed_s", _FULL_RED_S)):
        value = measured.get(name)
        if isinstance(value, int | float):
            return 0.5 + 0.5 * min(max(value / full, 0.0), 1.0)
    return 1.0


def _pictures(type_: str, kept: int) -> float:
    expected = _EXPECTED.get(type_, _EXPECTED_OTHERWISE)
    return _WITHOUT_PICTURES + (1 - _WITHOUT_PICTURES) * min(kept, expected) / expected
