"""Vehicles as a camera sees them: Vietnamese plates, speeds and riders."""

from bisect import bisect
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple

__all__ = ["CITY_PLATES", "Plates", "plate", "vehicle"]

_LETTERS = "ABCDEFGHKLMNPSTUVXYZ"
_STATE_LETTERS = "ABCDEFGHKLM"  # of blue plates
_SECOND_LETTERS = "ABCDEFHKLMNPRSTUVXYZ"
_SPECIAL_SERIES = frozenset({"CD", "DA", "HC", "KT", "LD", "MK"})  # two letters that mean no motorcycle
_MILITARY = ("AA", "BC", "HB", "HC", "KA", "KB", "PP", "QA", "TC", "TH", "TM", "VT")
_DIPLOMATIC_PROVINCE = 80
_HOME_SHARE = 0.8
_CLASSES = ("motorcycle", "car", "truck", "bus")
_CLASS_STEPS = tuple(accumulate((0.72, 0.22, 0.04, 0.02)))
_PACE = {"motorcycle": 0.97, "car": 1.0, "truck": 0.9, "bus": 0.92}
_COMMERCIAL_SHARE = {"car": 0.2, "truck": 0.9, "bus": 1.0}
_STATE_SHARE = 0.02  # blue: the state's bodies and the police
_MILITARY_SHARE = 0.008  # red
_DIPLOMATIC_SHARE = 0.004
_ELECTRIC_SHARE = 0.04  # of motorcycles
_COLOURS = ("white", "black", "red", "blue", "grey", "silver")
_NEW_SERIES_SHARE = 0.4  # motorcycles registered since August 2023 have two letters
_UNREAD_SHARE = 0.03
_RIDERS = (1, 1, 1, 2, 2)


class Plates(NamedTuple):
    """Province codes that plates of a place have: its own, and those of its visitors."""

    home: int
    visitors: tuple[int, ...] = (29, 30, 51, 59)


CITY_PLATES = {
    "tam-ky": Plates(92, (43, 75, 76, 77, 73, 51, 59, 29, 30, 47)),  # Quảng Nam; merged codes stay valid
    "phu-ly": Plates(90, (18, 35, 29, 30, 89, 17, 36, 14, 15, 51)),  # Hà Nam
}


def plate(random: Random, vehicle_class: str, plates: Plates = CITY_PLATES["tam-ky"]) -> tuple[str, str]:
    """A plate that a vehicle of the class can carry, with its separators, and its colour."""
    province = plates.home if random.random() < _HOME_SHARE else _one(random, plates.visitors)
    number = int(random.random() * 100_000)
    digits = f"{number // 100:03d}.{number % 100:02d}"
    if vehicle_class == "motorcycle":
        return _of_motorcycle(random, province, digits), "white"
    kind = random.random()
    if vehicle_class == "car" and kind < _DIPLOMATIC_SHARE:
        return f"{_DIPLOMATIC_PROVINCE}-{number % 900 + 11:03d}-NG-{number % 99 + 1:02d}", "white"
    kind -= _DIPLOMATIC_SHARE
    if kind < _MILITARY_SHARE:
        return f"{_one(random, _MILITARY)}-{number // 1000:02d}-{number % 100:02d}", "red"
    kind -= _MILITARY_SHARE
    if kind < _STATE_SHARE:
        return f"{province}{_one(random, _STATE_LETTERS)}-{digits}", "blue"
    commercial = random.random() < _COMMERCIAL_SHARE[vehicle_class]
    return f"{province}{_one(random, _LETTERS)}-{digits}", "yellow" if commercial else "white"


def vehicle(
    random: Random,
    speed_kmh: float,
    *,
    plates: Plates = CITY_PLATES["tam-ky"],
    unread_share: float = _UNREAD_SHARE,
) -> dict[str, Any]:
    """One vehicle of a passage where traffic goes at a speed; a plate that was not read is absent.

    Everybody wears a helmet and nobody is one too many: who breaks that was injected, and is in the truth.
    """
    vehicle_class = _CLASSES[bisect(_CLASS_STEPS[:-1], random.random())]
    seen: dict[str, Any] = {
        "class": vehicle_class,
        "colour": _one(random, _COLOURS),
        "speed_kmh": round(speed_kmh * _PACE[vehicle_class], 1),
    }
    if random.random() >= unread_share:
        text, colour = plate(random, vehicle_class, plates)
        seen["plate"] = text
        seen["plate_confidence"] = round(1 - 0.2 * random.random() ** 2, 2)
        seen["plate_colour"] = colour
    if vehicle_class == "motorcycle":
        seen["helmet"] = True
        seen["riders"] = _one(random, _RIDERS)
    return seen


def _of_motorcycle(random: Random, province: int, digits: str) -> str:
    letter, kind = _one(random, _LETTERS), random.random()
    if kind < _ELECTRIC_SHARE:
        return f"{province}-MĐ{1 + int(random.random() * 9)} {digits}"
    series = letter + _one(random, _SECOND_LETTERS)
    if kind < _ELECTRIC_SHARE + _NEW_SERIES_SHARE and series not in _SPECIAL_SERIES:
        return f"{province}-{series} {digits}"
    return f"{province}-{letter}{1 + int(random.random() * 9)} {digits}"


def _one(random: Random, options: Any) -> Any:
    """One of several; cheaper than `choice`."""
    return options[int(random.random() * len(options))]
