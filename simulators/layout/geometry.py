"""Metres on the globe, near enough for a city."""

import math
from typing import NamedTuple

__all__ = ["Point"]

_METRES_PER_DEGREE = 111_320.0
_DECIMALS = 6  # a tenth of a metre


class Point(NamedTuple):
    """A position in WGS84 degrees."""

    latitude: float
    longitude: float

    def moved(self, distance_m: float, bearing_deg: float) -> "Point":
        """The point that far away in a direction, clockwise from north."""
        angle = math.radians(bearing_deg)
        north_m, east_m = distance_m * math.cos(angle), distance_m * math.sin(angle)
        degree_m = _METRES_PER_DEGREE * math.cos(math.radians(self.latitude))
        return Point(
            round(self.latitude + north_m / _METRES_PER_DEGREE, _DECIMALS),
            round(self.longitude + east_m / degree_m, _DECIMALS),
        )
