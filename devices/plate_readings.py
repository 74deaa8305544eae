"""What a camera read of a plate: repaired where only one character can stand, and set beside its colour."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from devices.errors import PlateError
from devices.plates import Plate, PlateClass, compact, mask, parse_plate, squeeze

__all__ = ["PlateReading", "PlateUse", "read_plate"]


class PlateUse(StrEnum):
    """Whose vehicle it is, as colour and form say together; `unknown` where the colour is not known."""

    PRIVATE = "private"
    COMMERCIAL = "commercial"
    STATE = "state"
    MILITARY = "military"
    DIPLOMATIC = "diplomatic"
    TEMPORARY = "temporary"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PlateReading:
    """A plate as it was read (`read`) and as it is understood (`plate`; None if it fits no form).

    `is_repaired`: characters that cannot stand where they were read were replaced by their look-alikes that
    can. `confidence` is the camera's own, 0 to 1, and says nothing about the repair. Printing it shows no
    whole plate.
    """

    read: str
    plate: Plate | None
    plate_class: PlateClass | None
    use: PlateUse
    is_repaired: bool
    confidence: float | None

    def __repr__(self) -> str:
        return f"PlateReading({mask(self.read)!r}, {self.plate_class}, {self.use})"

    __str__ = __repr__

    @property
    def facts(self) -> dict[str, str | int | bool | float | None]:
        """What may be kept beside a violation: everything but the text."""
        plate = self.plate
        return {
            "class": None if self.plate_class is None else self.plate_class.value,
            "use": self.use.value,
            "province": None if plate is None else plate.province,
            "motorcycle_series": None if plate is None else plate.motorcycle_series,
            "repaired": self.is_repaired,
            "confidence": self.confidence,
        }


# Letters of other scripts that look like ours, and the Icelandic letter that looks like Đ.
_FOREIGN = str.maketrans(
    "АВЕКМНРСТХУΑΒΕΖΗΚΜΝΡΤΥΧÐƉ",
    "ABEKMHPCTXYABEZHKMNPTYXĐĐ",
)
_AS_DIGIT = {"O": "0", "Q": "0", "D": "0", "I": "1", "L": "1", "Z": "2", "A": "4", "S": "5", "G": "6",
             "T": "7", "B": "8"}  # fmt: skip
_AS_LETTER = {"0": "D", "2": "Z", "4": "A", "5": "S", "6": "G", "7": "T", "8": "B"}
_MOST_REPAIRED = 2
_HEAD = 4  # province and series: of these only one may be repaired, two make another plate of it
# Which positions are digits (0) and letters (A) in the forms, without separators. Special series are left
# out: what looks like one of their letters is more often another plate.
_SHAPES = (
    "00A0000",  # car, four digits
    "00A00000",  # car; or motorcycle of the letter-digit series with four digits
    "00A000000",  # motorcycle of the letter-digit series
    "00AA00000",  # motorcycle of the two-letter series
    "AA0000",  # military
    "A0000000",  # temporary
)
_USE_OF_COLOUR = {
    "white": PlateUse.PRIVATE,
    "yellow": PlateUse.COMMERCIAL,
    "blue": PlateUse.STATE,
    "red": PlateUse.MILITARY,
}
_USE_OF_CLASS = {
    PlateClass.DIPLOMATIC: PlateUse.DIPLOMATIC,
    PlateClass.TEMPORARY: PlateUse.TEMPORARY,
    PlateClass.MILITARY: PlateUse.MILITARY,
}
_TWO_WHEELED = frozenset({"motorcycle", "moped"})
_FOUR_WHEELED = frozenset({"car", "truck", "bus", "van"})


def read_plate(
    text: str, *, vehicle_class: str | None = None, colour: str | None = None, confidence: float | None = None
) -> PlateReading:
    """What a plate's text, its colour and the class of its vehicle say together.

    Never raises: text that fits no form has no plate. What two forms share stays `ambiguous` unless the
    camera saw which vehicle it was.
    """
    plate, is_repaired = _understood(text)
    plate_class = None if plate is None else _class_of(plate, vehicle_class)
    return PlateReading(
        read=text,
        plate=plate,
        plate_class=plate_class,
        use=_use_of(plate_class, colour),
        is_repaired=is_repaired,
        confidence=confidence,
    )


def _understood(text: str) -> tuple[Plate | None, bool]:
    """The plate, and whether it took repairs."""
    own = squeeze(unicodedata.normalize("NFKC", text)).translate(_FOREIGN)
    try:
        return parse_plate(own), own != squeeze(text)
    except PlateError:
        candidates = list(_repaired(own))
    fewest = min((count for count, _ in candidates), default=0)
    found = {compact(plate.text): plate for count, plate in candidates if count == fewest}
    # Two readings that are both possible are none.
    return (next(iter(found.values())), True) if len(found) == 1 else (None, False)


def _repaired(text: str) -> Iterator[tuple[int, Plate]]:
    """The plates that a text becomes when what cannot stand where it is is replaced, and how much was."""
    places = [index for index, character in enumerate(text) if character.isalnum()]
    for shape in _SHAPES:
        if len(shape) != len(places):
            continue
        changed = {
            index: (_AS_DIGIT if wanted == "0" else _AS_LETTER).get(text[index])
            for index, wanted in zip(places, shape, strict=True)
            if _is_digit(text[index]) != (wanted == "0")
        }
        in_head = sum(index in changed for index in places[:_HEAD])
        if not 0 < len(changed) <= _MOST_REPAIRED or in_head > 1 or None in changed.values():
            continue
        candidate = "".join(changed.get(index) or character for index, character in enumerate(text))
        try:
            yield len(changed), parse_plate(candidate)
        except PlateError:
            continue


def _is_digit(character: str) -> bool:
    return character.isascii() and character.isdigit()


def _class_of(plate: Plate, vehicle_class: str | None) -> PlateClass:
    if plate.plate_class is not PlateClass.AMBIGUOUS:
        return plate.plate_class
    if vehicle_class in _TWO_WHEELED:
        return PlateClass.MOTORCYCLE
    return PlateClass.CAR if vehicle_class in _FOUR_WHEELED else PlateClass.AMBIGUOUS


def _use_of(plate_class: PlateClass | None, colour: str | None) -> PlateUse:
    if plate_class in _USE_OF_CLASS:
        return _USE_OF_CLASS[plate_class]
    return _USE_OF_COLOUR.get(colour or "", PlateUse.UNKNOWN)
