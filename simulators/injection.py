"""What a type of fault is, and one occurrence of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from devices.description import Label
from devices.registry import Device, Life
from simulators.effects import Effect
from simulators.truth import Symptoms, TruthRecord
from simulators.world import World

__all__ = ["FaultType", "Injection", "Symptoms", "TruthRecord"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """One occurrence of a fault at a device; `choice` is the seed's number for whatever is left open."""

    device: Device
    from_ms: int
    to_ms: int
    choice: int

    def effect(
        self, knob: str, *, device: Device | None = None, value: Any = None, detail: str = ""
    ) -> Effect:
        """The turning of a knob, of the device itself unless another is named, as long as the fault lasts."""
        suffering = device or self.device
        return Effect(
            device=suffering.id,
            knob=knob,
            from_ms=self.from_ms,
            to_ms=self.to_ms,
            value=value,
            detail=detail,
        )

    def one_of(self, options: Sequence[_T]) -> _T:
        """One of several, always the same for the same injection."""
        return options[self.choice % len(options)]


def _anywhere(injection: Injection, world: World) -> bool:  # noqa: ARG001 - the default condition
    return True


def _at_once(injection: Injection, world: World) -> int | None:  # noqa: ARG001 - the default moment
    return injection.from_ms


def _nothing_else(injection: Injection, world: World) -> Symptoms:  # noqa: ARG001 - the default symptoms
    return Symptoms()


@dataclass(frozen=True, kw_only=True)
class FaultType:
    """A type of fault: the kind of device or passive asset that has it, what it does, and how it is judged.

    `title` says what it does. `effects` gives the effects of an injection, the afflicted device's own first;
    the first one's `detail` stands in the truth. `rules` are ids of rules, any of which is the right report
    on the device. What is not `real` looks like a fault and is none: nothing
    may be raised for it. `fits` says whether a device can have the fault then. `observable` gives the moment
    from which telemetry shows it, None if it ends before; `shows` says the same in words. `also` are the
    symptoms that may be raised besides. `lasts` is how long it lasts from and to, where a scenario leaves it
    open. `life` is where devices stand that can have it.
    """

    id: str
    kind: str
    title: Label
    effects: Callable[[Injection, World], Iterable[Effect]]
    rules: tuple[str, ...]
    real: bool = True
    fits: Callable[[Injection, World], bool] = _anywhere
    observable: Callable[[Injection, World], int | None] = _at_once
    shows: str = "at once"
    also: Callable[[Injection, World], Symptoms] = _nothing_else
    lasts: tuple[str, str] = ("40m", "3h")
    life: Life = Life.IN_SERVICE

    def __post_init__(self) -> None:
        """Refuse a type that cannot be judged.

        Raises:
            ValueError: a real fault that no rule reports, or a look-alike that one should.
        """
        if self.real != bool(self.rules):
            raise ValueError(f"a fault is real and has rules, or has none; {self.id!r} breaks that")

    def truth(self, injection: Injection, world: World, detail: str) -> TruthRecord:
        """What the truth says of an injection."""
        observable_ms = self.observable(injection, world)
        if observable_ms is not None and observable_ms >= injection.to_ms:
            observable_ms = None
        return TruthRecord(
            fault=self.id,
            kind=self.kind,
            device=injection.device.id,
            from_ms=injection.from_ms,
            to_ms=injection.to_ms,
            observable_ms=observable_ms,
            real=self.real,
            rules=self.rules,
            also=self.also(injection, world),
            detail=detail,
        )
