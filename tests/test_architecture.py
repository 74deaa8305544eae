"""The shape of the code: what each module shows, and how big things may be."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("api", "app", "collector", "devices", "notify", "reports", "rules", "simulators", "store")
MOST_LINES = 400
LONGEST_FUNCTION = 60


def modules() -> Iterator[str]:
    for package in PACKAGES:
        for found in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if not found.ispkg and ".migrations." not in found.name:
                yield found.name


def is_described_by_a_constant(module: ModuleType) -> bool:
    """Modules found by looking into their folder show one constant instead of a list of names."""
    return any(hasattr(module, name) for name in ("KIND", "BEHAVIOUR", "FAULT"))


@pytest.mark.parametrize("name", sorted(modules()))
def test_module_says_what_it_shows(name: str) -> None:
    module = importlib.import_module(name)
    if is_described_by_a_constant(module):
        return
    shown = module.__all__
    assert [entry for entry in shown if not hasattr(module, entry)] == []


@pytest.mark.parametrize("name", sorted(modules()))
def test_module_is_small_enough_to_read(name: str) -> None:
    source = Path(importlib.import_module(name).__file__ or "").read_text(encoding="utf-8")
    functions = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert source.count("\n") <= MOST_LINES
    # From the first statement on: a command's options are its parameters, a table that reads well.
    long = [f.name for f in functions if (f.end_lineno or 0) - f.body[0].lineno >= LONGEST_FUNCTION]
    assert long == []
