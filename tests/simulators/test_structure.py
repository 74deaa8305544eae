import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest

import simulators
import simulators.kinds
from devices.catalogue import kinds
from simulators.world import Behaviour

SIMULATED = set(kinds()) - {"collector"}  # which speaks of itself

UNNAMED = ("simulators.kinds.", "simulators.faults.")
"""Discovered modules: what they offer is one constant."""


def modules() -> Iterator[ModuleType]:
    for module_info in pkgutil.walk_packages(simulators.__path__, "simulators."):
        yield importlib.import_module(module_info.name)


@pytest.mark.parametrize("module", list(modules()), ids=lambda module: module.__name__)
def test_module_names_what_it_offers_sorted_and_existing(module: ModuleType) -> None:
    names = getattr(module, "__all__", None)
    if names is None:
        assert module.__name__.startswith(UNNAMED) or hasattr(module, "__path__")
        return
    # The linter's order: constants, then classes, then functions.
    assert list(names) == sorted(names, key=lambda name: (not name.isupper(), name[0].islower(), name))
    assert all(hasattr(module, name) for name in names)
    own = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    }
    assert own <= {*names, "BEHAVIOUR"}


def test_every_kind_has_one_behaviour_file_of_its_tables_name() -> None:
    files = {module_info.name for module_info in pkgutil.iter_modules(simulators.kinds.__path__)}
    assert files == {kinds()[kind].table for kind in SIMULATED}


@pytest.mark.parametrize("table", sorted(kinds()[kind].table for kind in SIMULATED))
def test_behaviour_offers_what_the_protocol_asks(table: str) -> None:
    behaviour: type[Behaviour] = importlib.import_module(f"simulators.kinds.{table}").BEHAVIOUR
    assert behaviour.time_format in {"epoch-ms", "rfc3339"}
