"""Devices as GeoJSON (RFC 7946)."""

from collections.abc import Iterable
from typing import Literal

from api.models.common import Model
from api.models.devices import DeviceView
from devices.registry import Device, Registry

__all__ = ["FeatureCollectionView"]


class PointView(Model):
    """A point of the map."""

    type: Literal["Point"] = "Point"
    coordinates: tuple[float, float]
    """Longitude, latitude; degrees, WGS84."""


class FeatureView(Model):
    """A device on the map."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: PointView
    properties: DeviceView


class FeatureCollectionView(Model):
    """Devices on the map."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[FeatureView]

    @classmethod
    def of(cls, devices: Iterable[Device], registry: Registry) -> "FeatureCollectionView":
        """The devices in their order."""
        return cls(
            features=[
                FeatureView(
                    id=device.id,
                    geometry=PointView(coordinates=(device.longitude, device.latitude)),
                    properties=DeviceView.of(device, registry),
                )
                for device in devices
            ]
        )
