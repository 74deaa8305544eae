"""Which city `ioc simulate` simulates: one that we know, one from a file, or the devices of a registry."""

import dataclasses
import statistics
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from app.errors import StartError
from devices.cities import Area, City, load_city, read_city
from devices.description import Label
from devices.errors import RegistryError
from devices.registry import Registry
from devices.registry_files import read_registry
from simulators.city import SimulatedCity, build_city
from simulators.layout.programmes import broadcast_programmes, lighting_programmes

__all__ = ["Place", "find_place"]

_REGISTRIES = (".csv", ".geojson", ".json")
_CITIES = (".yaml", ".yml")
_TIMEZONE = "Asia/Ho_Chi_Minh"


@dataclass(frozen=True)
class Place:
    """A city, and its devices where a registry names them; without, they are invented."""

    city: City
    registry: Registry | None = None

    def populate(self, devices: int, seed: int, on: date, interval_s: float | None) -> SimulatedCity:
        """The city with its devices and programmes, imagined on a day.

        Raises:
            StartError: so few devices make no city.
        """
        try:
            simulated = (
                build_city(self.city, devices, seed, on=on)
                if self.registry is None
                else SimulatedCity(
                    city=self.city,
                    devices=tuple(self.registry.values()),
                    programmes=broadcast_programmes(self.city, on),
                    lighting=lighting_programmes(self.city, on),
                )
            )
        except ValueError as error:
            raise StartError(str(error)) from error
        if interval_s is None:
            return simulated
        paced = tuple(
            device if device.is_passive else dataclasses.replace(device, interval_s=interval_s)
            for device in simulated.devices
        )
        return dataclasses.replace(simulated, devices=paced)


def find_place(name: str) -> Place:
    """The place of a name (`tam-ky`) or of a file: a registry (CSV, GeoJSON) or a city (YAML).

    Raises:
        StartError: there is none, or the file cannot be used; the sentence says why.
    """
    path = Path(name)
    try:
        if path.suffix.lower() in _REGISTRIES:
            registry = read_registry(path)
            return Place(_city_of(registry, path.stem), registry)
        return Place(read_city(path) if path.suffix.lower() in _CITIES else load_city(name))
    except OSError as error:
        raise StartError(f"--city: {name!r} cannot be read ({error.strerror})") from error
    except (RegistryError, msgspec.DecodeError) as error:
        raise StartError(f"--city: {name!r} cannot be used: {error}") from error
    except LookupError as error:
        raise StartError(f"--city: {error.args[0]}, or a .csv, .geojson or .yaml file") from error


def _city_of(registry: Registry, name: str) -> City:
    """The city that a registry's devices make up: its sun stands where they are on average."""
    if not registry:
        raise StartError(f"--city: the registry {name!r} names no device")
    latitude = statistics.fmean(device.latitude for device in registry.values())
    longitude = statistics.fmean(device.longitude for device in registry.values())
    slugs = sorted({device.area for device in registry.values()})
    return City(
        id=name,
        label=Label(vi=name, en=name),
        timezone=_TIMEZONE,
        latitude=latitude,
        longitude=longitude,
        province_code="",
        areas=tuple(
            Area(
                slug=slug,
                code=f"registry:{slug}",
                label=Label(vi=slug, en=slug),
                latitude=latitude,
                longitude=longitude,
            )
            for slug in slugs
        ),
    )
