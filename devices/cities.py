"""Cities and their areas, read from `devices/places/`."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from devices.description import Label

__all__ = ["Area", "City", "LegacyUnit", "load_city", "read_city"]


class LegacyUnit(Struct, frozen=True, forbid_unknown_fields=True):
    """A ward or commune as it was before July 2025; position in WGS84 degrees."""

    code: str
    name: str
    latitude: float
    longitude: float


class Area(Struct, frozen=True, forbid_unknown_fields=True):
    """A current ward. The code carries its scheme: `gso-2025:20341` is not `gso-2024:20341`.

    `is_code_verified` is false where sources name different codes.
    """

    slug: str
    code: str
    label: Label
    latitude: float
    longitude: float
    legacy: tuple[LegacyUnit, ...] = ()
    is_code_verified: bool = True


class City(Struct, frozen=True, forbid_unknown_fields=True):
    """A city, its centre in WGS84 degrees, its time zone and its areas."""

    id: str
    label: Label
    timezone: str
    latitude: float
    longitude: float
    province_code: str
    areas: tuple[Area, ...]

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.timezone)


@cache
def load_city(city_id: str) -> City:
    """The city described in `devices/places/{city_id}.yaml`.

    Raises:
        LookupError: there is no such file; the known cities are named.
        msgspec.ValidationError: the file breaks the description above.
    """
    folder = files("devices.places")
    file = folder / f"{city_id}.yaml"
    if not file.is_file():
        known = sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml"))
        raise LookupError(f"no city {city_id!r}; known: {', '.join(known)}")
    return msgspec.yaml.decode(file.read_bytes(), type=City)


def read_city(path: Path) -> City:
    """The city described in a YAML file like those of `devices/places/`.

    Raises:
        OSError: the file cannot be read.
        msgspec.DecodeError: the file breaks the description above.
    """
    return msgspec.yaml.decode(path.read_bytes(), type=City)
