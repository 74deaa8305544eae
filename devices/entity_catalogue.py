"""All kinds of dated entity, found by looking into `devices/entities/`; adding one is adding a file."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import devices.entities
from devices.entity import EntityKind

__all__ = ["entity_kinds"]


@cache
def entity_kinds() -> Mapping[str, EntityKind]:
    """Every kind of dated entity by its id, sorted.

    Raises:
        ValueError: a module's name does not match its kind.
    """
    found: dict[str, EntityKind] = {}
    for module_info in pkgutil.iter_modules(devices.entities.__path__):
        kind: EntityKind = importlib.import_module(f"devices.entities.{module_info.name}").ENTITY
        if kind.id.replace("-", "_") != module_info.name:
            raise ValueError(f"entity kind {kind.id!r} must not live in {module_info.name}.py")
        found[kind.id] = kind
    return MappingProxyType(found)
