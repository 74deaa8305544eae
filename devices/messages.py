"""What the broker hands over, and what decoders make of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from msgspec import Struct

from devices.errors import Rejected
from devices.payloads import EventPayload
from devices.registry import Device

__all__ = [
    "Decoder",
    "Devices",
    "Event",
    "Ignored",
    "RawMessage",
    "Reading",
    "Record",
    "Route",
    "Router",
    "Status",
]


class RawMessage(Struct, frozen=True, gc=False):
    """One MQTT message as it came. `receipt` is the transport's own handle for acknowledging it.

    A Struct because one is made for every message: a frozen dataclass costs ten times as much.
    """

    topic: str
    payload: bytes
    duplicate: bool = False
    retained: bool = False
    receipt: object = None


class Reading(Struct, frozen=True, gc=False):
    """Values a device measured at one time; `payload` is the Struct of its kind."""

    device: Device
    payload: Struct


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened once at a device; `payload.id` is always set."""

    device: Device
    payload: EventPayload


@dataclass(frozen=True, slots=True)
class Status:
    """A device's liveness in its own words; retained ones are a state, not an event."""

    device: Device
    online: bool
    retained: bool


@dataclass(frozen=True, slots=True)
class Ignored:
    """A record that is understood and deliberately not kept; `reason` is a stable word for metrics."""

    reason: str


Record = Reading | Event | Status | Ignored | Rejected
"""What one decoded record is. A rejected one stands beside its good neighbours of the same message."""


class Route(Struct, frozen=True):
    """Where a topic leads when it carries readings of one known device: its payloads need only `decode`."""

    device: Device
    decode: Callable[[bytes], Struct]


class Devices(Protocol):
    """The little of the registry that decoders need."""

    def get(self, key: str, /) -> Device | None:
        """The device of that id, or None."""
        ...

    def identified(self, vendor_id: str) -> Device | None:
        """The device that a vendor calls so (`format:identity`), or None."""
        ...


class Decoder(Protocol):
    """Turns the messages of one format into records.

    Names that a decoder does not know reject nothing, nor does an area that the registry knows otherwise: it
    counts them.
    """

    @property
    def name(self) -> str:
        """The format's name, unique among decoders."""
        ...

    @property
    def filters(self) -> tuple[str, ...]:
        """MQTT filters of the topics it reads."""
        ...

    def decode(self, message: RawMessage, devices: Devices) -> list[Record]:
        """The message's records in their order.

        Raises:
            Rejected: the whole message broke a rule; it counts as one record.
        """
        ...

    def misplaced(self) -> dict[tuple[str, str], int]:
        """How often a topic named another area than the registry: (registry's, topic's) since the start."""
        ...

    def unknown_fields(self) -> dict[tuple[str, str], int]:
        """How often each unknown (kind, field) was met since the start."""
        ...


@runtime_checkable
class Router(Protocol):
    """A decoder that can say once for a topic how its ordinary messages are decoded."""

    def route(self, topic: str, devices: Devices) -> Route | None:
        """The way for messages that hold one reading of the topic's own device; None where there is none.

        What the route's decoding refuses with `ValueError` or `RecursionError`, `Decoder.decode` looks at
        again. It holds for as long as `devices` does.
        """
        ...
