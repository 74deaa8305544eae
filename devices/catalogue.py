"""All kinds of device, found by looking into `devices/kinds/`; adding one is adding a file."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import devices.kinds
from devices.description import DeviceKind

__all__ = ["PASSIVE_KINDS", "kinds"]

PASSIVE_KINDS = frozenset({"switch", "feeder"})
"""Assets without telemetry: that one failed is inferred from what hangs on it."""


@cache
def kinds() -> Mapping[str, DeviceKind]:
    """Every kind with telemetry by its id, sorted.

    Raises:
        ValueError: two modules describe the same id, or a module's name does not match its kind.
    """
    found: dict[str, DeviceKind] = {}
    for module_info in pkgutil.iter_modules(devices.kinds.__path__):
        kind: DeviceKind = importlib.import_module(f"devices.kinds.{module_info.name}").KIND
        if kind.id in found:
            raise ValueError(f"kind {kind.id!r} is described twice")
        if kind.table != module_info.name:
            raise ValueError(f"kind {kind.id!r} must live in {kind.table}.py, not {module_info.name}.py")
        found[kind.id] = kind
    return MappingProxyType(dict(sorted(found.items())))
