"""Vehicles as a camera sees them: Vietnamese plates, speeds and riders."""

from random import Random
from typing import Any

__all__ = ["plate", "vehicle"]

_LETTERS = "ABCDEFGHKLMNPSTUVXYZ"
_SECOND_LETTERS = "ABCDEFHKLMNPRSTUVXYZ"
_SPECIAL_SERIES = frozenset({"CD", "DA", "HC", "KT", "LD", "MK"})  # two letters that mean no motorcycle
_HOME_PROVINCE = 92
_NEIGHBOURS = (43, 75, 76, 77, 73, 51, 59, 29, 30, 47)
_HOME_SHARE = 0.8
_CLASSES = ("motorcycle", "car", "truck", "bus")
_CLASS_WEIGHTS = (72, 22, 4, 2)
_COMMERCIAL_SHARE = {"car": 0.2, "truck": 0.9, "bus": 1.0}
_COLOURS = ("white", "black", "red", "blue", "grey", "silver")
_NEW_SERIES_SHARE = 0.4  # motorcycles registered since August 2023 have two letters
_UNREAD_SHARE = 0.03
_NO_HELMET_SHARE = 0.02
_RIDERS = (1, 1, 1, 2, 2)


def plate(random: Random, vehicle_class: str) -> str:
    """A plate that a vehicle of the class can carry, with its separators."""
    province = _HOME_PROVINCE if random.random() < _HOME_SHARE else random.choice(_NEIGHBOURS)
    number = f"{random.randrange(1000):03d}.{random.randrange(100):02d}"
    letter = random.choice(_LETTERS)
    if vehicle_class != "motorcycle":
        return f"{province}{letter}-{number}"
    series = letter + random.choice(_SECOND_LETTERS)
    if random.random() < _NEW_SERIES_SHARE and series not in _SPECIAL_SERIES:
        return f"{province}-{series} {number}"
    return f"{province}-{letter}{random.randint(1, 9)} {number}"


def vehicle(random: Random, speed_kmh: float) -> dict[str, Any]:
    """One vehicle of a passage at a speed; a plate that was not read is absent."""
    vehicle_class = random.choices(_CLASSES, _CLASS_WEIGHTS)[0]
    seen: dict[str, Any] = {
        "class": vehicle_class,
        "colour": random.choice(_COLOURS),
        "speed_kmh": round(speed_kmh, 1),
    }
    if random.random() >= _UNREAD_SHARE:
        commercial = random.random() < _COMMERCIAL_SHARE.get(vehicle_class, 0.0)
        seen["plate"] = plate(random, vehicle_class)
        seen["plate_confidence"] = round(1 - 0.2 * random.random() ** 2, 2)
        seen["plate_colour"] = "yellow" if commercial else "white"
    if vehicle_class == "motorcycle":
        seen["helmet"] = random.random() >= _NO_HELMET_SHARE
        seen["riders"] = random.choice(_RIDERS)
    return seen
