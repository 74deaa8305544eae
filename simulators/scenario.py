"""Scenarios: which faults are injected, when, and where. YAML that people write."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from devices.durations import parse_duration_ms
from simulators.disorder import Disorder

__all__ = ["FaultPlan", "Scenario", "ScenarioError", "load_scenario"]


class ScenarioError(Exception):
    """A scenario that cannot be read; the text names the rule it breaks."""


class FaultPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"lasting": "for"}):
    """One line of a scenario.

    `at`: from the scenario's origin, in simulated time. `device`: an id, or a number counting from 1 the
    devices that can have the fault; absent, the seed chooses. `every`: the fault comes back after that long,
    each time at a device that the seed chooses; it must be longer than `for`.
    """

    fault: str
    at: str
    lasting: str
    device: str | Annotated[int, Meta(ge=1)] | None = None
    every: str | None = None

    def __post_init__(self) -> None:
        """Refuse spans that cannot be, while the file's line is still known."""
        parse_duration_ms(self.at)
        if self.for_ms <= 0:
            raise ValueError(f"a fault lasts some time, got for: {self.lasting!r}")
        if self.every_ms is not None and self.every_ms <= self.for_ms:
            raise ValueError(f"`every` must be longer than `for`, got {self.every!r} and {self.lasting!r}")

    @property
    def at_ms(self) -> int:
        """When it first begins, after the origin."""
        return parse_duration_ms(self.at)

    @property
    def for_ms(self) -> int:
        """How long it lasts."""
        return parse_duration_ms(self.lasting)

    @property
    def every_ms(self) -> int | None:
        """From one beginning to the next; None if it comes once."""
        return None if self.every is None else parse_duration_ms(self.every)


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named list of faults to inject; the empty one is a city that just works.

    `disorder` is how unreliable devices and their way to the broker are; absent, a little.
    """

    id: str
    title: Mapping[str, str] = {}
    faults: tuple[FaultPlan, ...] = ()
    disorder: Disorder | None = None


def load_scenario(name: str | Path) -> Scenario:
    """The scenario of that name that comes with the product, or the one in a file.

    Raises:
        ScenarioError: there is none of that name, or the file breaks a rule.
        OSError: the file cannot be read.
    """
    if isinstance(name, Path):
        return _parse(name.read_bytes(), str(name))
    folder = files("simulators.scenarios")
    file = folder / f"{name}.yaml"
    if not file.is_file():
        known = sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml"))
        raise ScenarioError(f"no scenario {name!r}; known: {', '.join(known)}")
    return _parse(file.read_bytes(), file.name)


def _parse(text: bytes, where: str) -> Scenario:
    try:
        return msgspec.yaml.decode(text, type=Scenario)
    except msgspec.DecodeError as error:
        raise ScenarioError(f"{where}: {error}") from None
