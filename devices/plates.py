"""Vietnamese number plates: recognised forms, and text that shows no more than it may.

Forms after Circular 79/2024/TT-BCA and the old plates that stay legal; colours are not in the text.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from devices.errors import PlateError

__all__ = ["Plate", "PlateClass", "mask", "parse_plate"]


class PlateClass(StrEnum):
    """What the form of a plate says about its vehicle; `ambiguous` where two forms share one text."""

    CAR = "car"
    MOTORCYCLE = "motorcycle"
    DIPLOMATIC = "diplomatic"
    SPECIAL = "special"
    TEMPORARY = "temporary"
    MILITARY = "military"
    AMBIGUOUS = "ambiguous"


_L1 = "[A-HK-NPS-VXYZ]"
_L2 = "[A-FHK-NPR-VXYZ]"
_NUMBER = r"(?:\d{3}\.?\d{2}|\d{4})"
_UNUSED_PROVINCES = frozenset({13, 42, 44, 45, 46, 87, 91, 96})
_LOWEST_PROVINCE = 11

# Order matters: `92B11234` fits a car and an old motorcycle, which needs its separator to be told apart.
_FORMS: tuple[tuple[PlateClass, re.Pattern[str]], ...] = (
    (PlateClass.DIPLOMATIC, re.compile(r"(\d{2})-?\d{3}-?(?:NG|QT|NN|CV)-?\d{2}")),
    (PlateClass.SPECIAL, re.compile(rf"(\d{{2}})-?(?:MĐ[1-9]?|TĐ|LD|DA|KT|HC|MK|CD|RM?)[- ]?{_NUMBER}")),
    (PlateClass.AMBIGUOUS, re.compile(rf"(\d{{2}}){_L1}[1-9]\d{{4}}")),
    (PlateClass.MOTORCYCLE, re.compile(rf"(\d{{2}})-?{_L1}[1-9][- ]{_NUMBER}")),
    (PlateClass.CAR, re.compile(rf"(\d{{2}}){_L1}-?{_NUMBER}")),
    (PlateClass.MOTORCYCLE, re.compile(rf"(\d{{2}})-?{_L1}{_L2}[- ]?{_NUMBER}")),
    (PlateClass.TEMPORARY, re.compile(r"T-?(\d{2})-?\d{3}\.?\d{2}")),
    (PlateClass.MILITARY, re.compile(r"[A-DHKPQTV][A-X]-?\d{2}-?\d{2}")),
)


@dataclass(frozen=True)
class Plate:
    """A number plate. Printing it shows the masked text; the whole text must be asked for by name.

    `province` is the two-digit code, absent on military plates.
    """

    text: str
    plate_class: PlateClass
    province: int | None

    @property
    def masked(self) -> str:
        """The text with all but province, series and the last two characters hidden: `92A-***.45`."""
        return mask(self.text)

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"Plate({self.masked!r}, {self.plate_class.value})"


def mask(text: str) -> str:
    """Any plate text with its digits hidden except the province's and the last two.

    Works on text that is no valid plate as well: a misread plate is personal data too.
    """
    digits = [index for index, character in enumerate(text) if character.isdigit()]
    shown = set(digits[:2] if text[:2].isdigit() else ()) | set(digits[-2:])
    if len(digits) < 5:  # noqa: PLR2004 - too short to show both ends without telling nearly all
        shown = set()
    return "".join(
        "*" if character.isdigit() and index not in shown else character
        for index, character in enumerate(text)
    )


def parse_plate(text: str) -> Plate:
    """Recognise the form of a plate.

    Letters are raised to upper case and white space is squeezed; `Đ` stays what it is.

    Raises:
        PlateError: no known form fits, or the province code is not in use.
    """
    squeezed = " ".join(unicodedata.normalize("NFC", text).upper().split())
    for plate_class, form in _FORMS:
        match = form.fullmatch(squeezed)
        if match is None:
            continue
        province = int(match[1]) if match.groups() else None
        if province is not None and (province < _LOWEST_PROVINCE or province in _UNUSED_PROVINCES):
            continue
        return Plate(squeezed, plate_class, province)
    raise PlateError(len(text))
