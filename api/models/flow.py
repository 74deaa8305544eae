"""Traffic flow as the API shows it."""

from api.models.common import DeviceRef, Model
from api.times import Moment

__all__ = ["FlowView", "FlowWindow", "HourView", "ProfileView", "RateView", "RatesView"]


class FlowWindow(Model):
    """What passed a camera's lane in a window of time."""

    device: DeviceRef
    lane: int | None
    """Null where the camera does not say."""
    start: Moment
    vehicles: int
    classes: dict[str, int]
    """Vehicles by class; `unknown` where the camera does not say."""
    measured: int
    """Of how many the speed was measured."""
    mean_kmh: float | None
    p85_kmh: float | None
    """The speed that 85 of 100 do not exceed."""


class FlowView(Model):
    """Windows of time with vehicles, by device, time and lane."""

    every_s: int
    windows: list[FlowWindow]


class HourView(Model):
    """What passes a camera in one local hour of the day."""

    device: DeviceRef
    hour: int
    """Of the city's local time, 0 to 23."""
    vehicles: int
    days: int
    """On how many local days anything passed."""
    per_day: float
    mean_kmh: float | None


class ProfileView(Model):
    """Hours of the day with vehicles, by device."""

    hours: list[HourView]


class RateView(Model):
    """Suspected violations of a type beside the vehicles that passed."""

    device: DeviceRef
    type: str
    violations: int
    vehicles: int
    per_ten_thousand: float | None
    """Null where no passage is stored."""


class RatesView(Model):
    """Suspected violations per 10,000 vehicles, by place and type."""

    rates: list[RateView]
