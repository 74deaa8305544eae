"""Readings summed up over windows, as the API shows them."""

from api.models.common import DeviceRef, Model
from api.times import Moment
from store.resolutions import Resolution
from store.windows import Aggregate

__all__ = ["WindowView", "WindowsView"]


class WindowView(Model):
    """What a field's values in one window amount to."""

    start: Moment
    value: float | int | bool | str | None
    """Null where there was none, or 0 of a count."""


class WindowsView(Model):
    """A field of a device over windows of time, oldest first."""

    device: DeviceRef
    field: str
    aggregate: Aggregate
    every_s: int
    """The length of a window, in seconds."""
    resolution: Resolution
    """What answered most of the time asked for; part of it may be answered by what is finer."""
    windows: list[WindowView]
