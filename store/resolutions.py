"""How closely history is kept: as it was measured, and summed up by the minute and by the hour."""

from enum import StrEnum

__all__ = ["ROLLUPS", "Resolution"]


class Resolution(StrEnum):
    """What a row of history stands for."""

    RAW = "raw"
    """One reading."""
    MINUTE = "1m"
    """A device's readings of one minute: count, sum, least, greatest, first and last of each field."""
    HOUR = "1h"
    """The same of one hour."""

    @property
    def length_ms(self) -> int:
        """How much time a row stands for; 0 for a reading."""
        return _LENGTH_MS[self]

    @property
    def finer(self) -> "Resolution":
        """What it is made from."""
        return Resolution.MINUTE if self is Resolution.HOUR else Resolution.RAW


_LENGTH_MS = {Resolution.RAW: 0, Resolution.MINUTE: 60_000, Resolution.HOUR: 3_600_000}

ROLLUPS = (Resolution.MINUTE, Resolution.HOUR)
"""In the order in which they are made."""
