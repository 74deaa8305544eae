"""All behaviours, found by looking into `simulators/kinds/`; adding one is adding a file."""

import importlib
import pkgutil
from collections.abc import Mapping

import simulators.kinds
from devices.catalogue import kinds
from simulators.changes import Altered
from simulators.world import Behaviour, World

__all__ = ["behaviours"]


def behaviours(world: World) -> Mapping[str, Behaviour]:
    """A behaviour in this world for each kind, by the kind's id.

    Raises:
        ValueError: a module is named after no kind.
    """
    by_table = {kind.table: kind.id for kind in kinds().values()}
    found: dict[str, Behaviour] = {}
    for module_info in pkgutil.iter_modules(simulators.kinds.__path__):
        if module_info.name not in by_table:
            raise ValueError(f"a behaviour is named after its kind's table, got {module_info.name!r}")
        module = importlib.import_module(f"simulators.kinds.{module_info.name}")
        kind = by_table[module_info.name]
        found[kind] = Altered(module.BEHAVIOUR(world), kind, world)
    return found
