"""Vietnamese number plates: recognised forms, and text that shows no more than it may.

Forms after Circular 79/2024/TT-BCA and the old plates that stay legal; colours are not in the text.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from devices.errors import PlateError
from devices.plate_provinces import plate_provinces

__all__ = ["Plate", "PlateClass", "compact", "mask", "parse_plate", "squeeze"]


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
_NUMBER = r"[0-9]{3}\.?[0-9]{2}|[0-9]{4}"
_SPECIAL_SERIES = "MĐ[1-9]?|TĐ|LD|DA|KT|HC|MK|CD|RM?"

# Order matters: `92B11234` fits a car and an old motorcycle, which needs its separator to be told apart.
# Digits are written out: `\d` takes those of every script.
_FORMS: tuple[tuple[PlateClass, re.Pattern[str]], ...] = tuple(
    (plate_class, re.compile(form))
    for plate_class, form in (
        (
            PlateClass.DIPLOMATIC,
            r"(?P<p>[0-9]{2})-?(?:[0-9]{3})[- ]?(?P<s>NG|QT|NN|CV)[- ]?(?P<n>[0-9]{2})",
        ),
        (PlateClass.SPECIAL, rf"(?P<p>[0-9]{{2}})-?(?P<s>{_SPECIAL_SERIES})[- ]?(?P<n>{_NUMBER})"),
        (PlateClass.AMBIGUOUS, rf"(?P<p>[0-9]{{2}})(?P<s>{_L1})(?P<n>[1-9][0-9]{{4}})"),
        (PlateClass.MOTORCYCLE, rf"(?P<p>[0-9]{{2}})-?(?P<s>{_L1}[1-9])[- ](?P<n>{_NUMBER})"),
        (PlateClass.MOTORCYCLE, rf"(?P<p>[0-9]{{2}})-?(?P<s>{_L1}[1-9])(?P<n>[0-9]{{3}}\.?[0-9]{{2}})"),
        (PlateClass.CAR, rf"(?P<p>[0-9]{{2}})(?P<s>{_L1})[- ]?(?P<n>{_NUMBER})"),
        (PlateClass.MOTORCYCLE, rf"(?P<p>[0-9]{{2}})-?(?P<s>{_L1}{_L2})[- ]?(?P<n>{_NUMBER})"),
        (PlateClass.TEMPORARY, r"(?P<s>T)-?(?P<p>[0-9]{2})-?(?P<n>[0-9]{3}\.?[0-9]{2})"),
        (PlateClass.MILITARY, r"(?P<s>[A-DHKPQTV][A-X])-?(?P<n>[0-9]{2}-?[0-9]{2})"),
    )
)


@dataclass(frozen=True)
class Plate:
    """A number plate. Printing it shows the masked text; the whole text must be asked for by name.

    `province` is the two-digit code, absent on military plates; `series` the letters, on old motorcycles with
    their digit.
    """

    text: str
    plate_class: PlateClass
    province: int | None
    series: str

    @property
    def masked(self) -> str:
        """The text with all but province, series and the last two characters hidden: `92A-***.45`."""
        return mask(self.text)

    @property
    def motorcycle_series(self) -> str | None:
        """`two-letter` (since August 2023) or `letter-digit` (before); None if it is no motorcycle's."""
        if self.plate_class is not PlateClass.MOTORCYCLE:
            return None
        return "two-letter" if self.series.isalpha() else "letter-digit"

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


def squeeze(text: str) -> str:
    """Upper case, composed letters, single spaces. `Đ` stays what it is."""
    return " ".join(unicodedata.normalize("NFC", text).upper().split())


def compact(text: str) -> str:
    """Only the letters and digits of a plate's text, to recognise it however it is separated."""
    return "".join(character for character in squeeze(text) if character.isalnum())


def parse_plate(text: str) -> Plate:
    """Recognise the form of a plate.

    Letters are raised to upper case and white space is squeezed; `Đ` stays what it is.

    Raises:
        PlateError: no known form fits, or the province code is not in use.
    """
    squeezed = squeeze(text)
    in_use = plate_provinces().by_code
    for plate_class, form in _FORMS:
        match = form.fullmatch(squeezed)
        if match is None:
            continue
        found = match.groupdict()
        province = int(found["p"]) if "p" in found else None
        if province is None or province in in_use:
            return Plate(squeezed, plate_class, province, found["s"])
    raise PlateError(len(text))
