"""Where on the map: near a point, in a box, in a polygon. Longitude comes first, as in GeoJSON."""

import math
import re
from dataclasses import dataclass
from typing import Annotated

import shapely
from fastapi import Depends, Query

from api.problems import Problem, ProblemKind

__all__ = ["EVERY_PLACE", "Place", "WithPlace", "polygon_of"]

_EARTH_M = 6_371_008.8
_NUMBER = r"-?\d{1,3}(\.\d{1,12})?"
_POINT = rf"^{_NUMBER},{_NUMBER}$"
_BOX = rf"^{_NUMBER}(,{_NUMBER}){{3}}$"
_RING = "^[-0-9.,;]+$"
_FEWEST_CORNERS = 3
_CORNER = re.compile(_POINT.strip("^$"))
_FARTHEST_M = 100_000
_EAST, _NORTH = 180, 90
_SEPARATOR = re.compile("[,;]")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A part of the map: all that is asked of it holds. Degrees, WGS84; distances in metres on a sphere."""

    near: tuple[float, float] | None = None
    radius_m: float = 0.0
    shapes: tuple[shapely.Polygon, ...] = ()

    def holds(self, longitude: float, latitude: float) -> bool:
        """Whether a point lies in it; borders are in."""
        if self.near is not None and distance_m(self.near, (longitude, latitude)) > self.radius_m:
            return False
        return all(bool(shapely.intersects_xy(shape, longitude, latitude)) for shape in self.shapes)


EVERY_PLACE = Place()
"""All of the map."""


def distance_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Metres along the great circle between two points (longitude, latitude)."""
    (lon1, lat1), (lon2, lat2) = (tuple(map(math.radians, point)) for point in (one, other))
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_M * math.asin(math.sqrt(min(half, 1.0)))


def polygon_of(points: list[tuple[float, float]], field: str) -> shapely.Polygon:
    """The polygon with these corners, ready to be asked often.

    Raises:
        Problem: its sides cross, or it has no inside.
    """
    polygon = shapely.Polygon(points)
    if not polygon.is_valid or polygon.area == 0:
        raise Problem(
            ProblemKind.INVALID, f"{field} must enclose an area, and its sides not cross", field=field
        )
    shapely.prepare(polygon)
    return polygon


def _place(
    near: Annotated[str | None, Query(pattern=_POINT, description="A point: longitude,latitude")] = None,
    radius_m: Annotated[float, Query(gt=0, le=_FARTHEST_M, description="Metres around `near`")] = 500,
    bbox: Annotated[str | None, Query(pattern=_BOX, description="A box: west,south,east,north")] = None,
    polygon: Annotated[
        str | None, Query(pattern=_RING, max_length=10_000, description="Corners: lon,lat;lon,lat;lon,lat…")
    ] = None,
) -> Place:
    shapes = []
    if bbox is not None:
        west, south, east, north = _numbers(bbox, "bbox")
        if not (west < east and south < north):
            raise Problem(ProblemKind.INVALID, "bbox must be west,south,east,north", field="bbox")
        shapes.append(shapely.box(west, south, east, north))
    if polygon is not None:
        shapes.append(polygon_of(_corners(polygon), "polygon"))
    point = _points(near, "near")[0] if near is not None else None
    return Place(near=point, radius_m=radius_m, shapes=tuple(shapes))


def _points(text: str, field: str) -> list[tuple[float, float]]:
    numbers = _numbers(text, field)
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _corners(text: str) -> list[tuple[float, float]]:
    corners = text.split(";")
    if len(corners) < _FEWEST_CORNERS or not all(_CORNER.fullmatch(corner) for corner in corners):
        detail = "polygon must have three or more corners: lon,lat;lon,lat;lon,lat"
        raise Problem(ProblemKind.INVALID, detail, field="polygon")
    return _points(text, "polygon")


def _numbers(text: str, field: str) -> list[float]:
    """The coordinates of a parameter.

    Raises:
        Problem: one of them is on no map.
    """
    numbers = [float(number) for number in _SEPARATOR.split(text)]
    for place, number in enumerate(numbers):
        limit = _NORTH if place % 2 else _EAST
        if abs(number) > limit:
            detail = f"{field} has longitude,latitude in degrees, got {number!r} beyond {limit}"
            raise Problem(ProblemKind.INVALID, detail, field=field)
    return numbers


WithPlace = Annotated[Place, Depends(_place)]
"""The part of the map that a request asks about."""
