"""Scenarios: which faults are injected, when, and where. YAML that people write."""

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import yaml
from msgspec import Meta, Struct

from devices.durations import parse_duration_ms
from simulators.disorder import Disorder
from simulators.fault_types import fault_types

__all__ = ["EVERY_FAULT", "FaultPlan", "Scenario", "ScenarioError", "load_scenario", "parse_span_ms"]

EVERY_FAULT = "*"
"""Stands for every type of fault and look-alike that there is."""

_PLACE_OF_PLAN = re.compile(r"\$\.faults\[(\d+)\]")


class ScenarioError(Exception):
    """A scenario that cannot be read; the text names file, line and the rule it breaks."""


def parse_span_ms(text: str) -> tuple[int, int]:
    """The least and the most of a span of time such as `40m` or `40m..3h`, in ms.

    Raises:
        ValueError: it does not last, or ends before it begins.
    """
    least, _, most = text.partition("..")
    least_ms, most_ms = parse_duration_ms(least), parse_duration_ms(most or least)
    if not 0 < least_ms <= most_ms:
        raise ValueError(f"a fault lasts some time, from the less to the more, got for: {text!r}")
    return least_ms, most_ms


class FaultPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a scenario: either a fault at a moment, or faults at random moments.

    `fault`: the id of a type, a list of them, or `*` for all. `for`: how long it lasts, such as `40m` or
    `40m..3h`; absent, as long as the type usually does.

    At a moment: `at`, from the scenario's origin, in simulated time. `device`: an id, or a number counting
    from 1 the devices that can have the fault; absent, the seed chooses. `times`: so many devices at once.
    `every`: it comes back after that long, at devices that the seed chooses; longer than `for`.

    At random moments, each at a device that the seed chooses and only where it can be seen before it ends:
    `per_day`: so many of each type a day, or `share_per_day`: so much of all devices that can have one of the
    faults. `only` real faults or look-alikes; `except` leaves types out.
    """

    fault: str | tuple[str, ...]
    at: str | None = None
    lasting: str | None = msgspec.field(name="for", default=None)
    device: str | Annotated[int, Meta(ge=1)] | None = None
    times: Annotated[int, Meta(ge=1)] = 1
    every: str | None = None
    per_day: Annotated[float, Meta(gt=0)] | None = None
    share_per_day: Annotated[float, Meta(gt=0, le=1)] | None = None
    only: Literal["real", "look-alike"] | None = None
    apart_from: tuple[str, ...] = msgspec.field(name="except", default=())

    def __post_init__(self) -> None:
        """Refuse what cannot be, while the file's line is still known."""
        if [self.at, self.per_day, self.share_per_day].count(None) != 2:  # noqa: PLR2004 - one of three
            raise ValueError("a fault comes `at` a moment, `per_day` or as `share_per_day`: one of them")
        if self.at is None and (self.device or self.every or self.times > 1):
            raise ValueError("`device`, `times` and `every` go with `at`, not with random moments")
        if self.at is not None and (self.names_many or self.only or self.apart_from):
            raise ValueError(
                "`*`, lists, `only` and `except` go with random moments; with `at`, name one fault"
            )
        self._check_spans()

    def _check_spans(self) -> None:
        for_ms = parse_span_ms(self.lasting)[1] if self.lasting is not None else None
        if self.at is not None:
            parse_duration_ms(self.at)
        if self.every is None:
            return
        if for_ms is None or parse_duration_ms(self.every) <= for_ms:
            raise ValueError(f"`every` must be longer than `for`, got {self.every!r} and {self.lasting!r}")

    @property
    def names_many(self) -> bool:
        """Whether the line is about more than one type of fault."""
        return self.fault == EVERY_FAULT or not isinstance(self.fault, str)

    @property
    def named(self) -> tuple[str, ...]:
        """The ids that the line names, those left out too; `*` names none."""
        faults = (self.fault,) if isinstance(self.fault, str) else self.fault
        return tuple(name for name in (*faults, *self.apart_from) if name != EVERY_FAULT)


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
        scenario = msgspec.yaml.decode(text, type=Scenario)
    except msgspec.ValidationError as error:
        place = _PLACE_OF_PLAN.search(str(error))
        raise ScenarioError(f"{where}{_line(text, place and int(place[1]))}: {error}") from None
    except msgspec.DecodeError as error:
        raise ScenarioError(f"{where}: {error}") from None
    known = {fault.id for fault in fault_types()}
    for number, plan in enumerate(scenario.faults):
        for name in set(plan.named) - known:
            raise ScenarioError(
                f"{where}{_line(text, number)}: unknown fault {name!r}; known: {', '.join(sorted(known))}"
            )
    return scenario


def _line(text: bytes, number: int | None) -> str:
    """`:3` for the fault of that number, counting from 0, if it begins on line 3; else nothing."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if number is None or not isinstance(root, yaml.MappingNode):
        return ""
    plans = next(value for key, value in root.value if key.value == "faults")
    return f":{plans.value[number].start_mark.line + 1}"
