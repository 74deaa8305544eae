"""From a device that spoke up and the little a person says of it to a line of the registry."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from devices.columns import LineProblem
from devices.device import Device
from devices.device_table import device_cells, device_columns
from devices.registry import Registry
from store.operations.pending import NATIVE, PendingDevice

__all__ = ["adopted_cells", "identified", "unknown_cells", "wrong_native_id"]


def adopted_cells(pending: PendingDevice, cells: Mapping[str, str], registry: Registry) -> dict[str, str]:
    """The line of the device to be: what the registry has, what the pending device shows, what was said."""
    shown = {"id": pending.name} if pending.format == NATIVE else {}
    known = registry.get(cells.get("id", shown.get("id", "")))
    if known is not None:
        return device_cells(known) | dict(cells)
    guessed = {"kind": pending.guessed_kind} if pending.guessed_kind else {}
    return shown | guessed | dict(cells)


def identified(device: Device, pending: PendingDevice) -> Device:
    """The device, known under the pending device's identity."""
    if pending.format == NATIVE or pending.identity in device.vendor_ids:
        return device
    return replace(device, vendor_ids=(*device.vendor_ids, pending.identity))


def wrong_native_id(device: Device, pending: PendingDevice) -> Iterator[LineProblem]:
    """What is wrong with an id under which a native device does not speak."""
    if pending.format == NATIVE and device.id != pending.name:
        yield LineProblem(1, "id", f"a native device speaks under its own id, {pending.name!r}", device.id)


def unknown_cells(cells: Mapping[str, str]) -> Iterator[LineProblem]:
    """The cells that no device has."""
    known = {column.name for column in device_columns()}
    for name in cells.keys() - known:
        yield LineProblem(1, name, "is no column of a device", cells[name])
