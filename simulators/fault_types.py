"""All types of fault, found by looking into `simulators/faults/`; adding one is adding a file."""

import importlib
import pkgutil
from collections.abc import Sequence

import simulators.faults
from simulators.injection import FaultType

__all__ = ["fault_types"]


def fault_types() -> Sequence[FaultType]:
    """Every type of fault, sorted by id.

    Raises:
        ValueError: a module's name is not its fault's id, which would let two of one id pass.
    """
    found: list[FaultType] = []
    for module_info in pkgutil.iter_modules(simulators.faults.__path__):
        fault: FaultType = importlib.import_module(f"simulators.faults.{module_info.name}").FAULT
        if fault.id != module_info.name:
            raise ValueError(f"fault {fault.id!r} must live in {fault.id}.py, not {module_info.name}.py")
        found.append(fault)
    return sorted(found, key=lambda fault: fault.id)
