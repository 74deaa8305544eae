"""The circuits of a cabinet: which one an injection strikes, and the lamps along it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from devices.registry import Device
from simulators.injection import Injection
from simulators.world import World

__all__ = ["LOST_CIRCUITS", "Circuit", "circuit_of", "has_circuit"]

_SEVERAL = 3

LOST_CIRCUITS = ("cabinet.circuit_lost", "cabinet.circuit_end_lost")
"""What is inferred at a cabinet from its silent lamps, beside what the cabinet's own rules say."""


class Circuit(NamedTuple):
    """A circuit's name in its cabinet, and its lamps from the cabinet outwards."""

    name: str
    lamps: Sequence[Device]


def has_circuit(injection: Injection, world: World) -> bool:
    """Whether a circuit has enough lamps to tell its failure from that of a single one."""
    return bool(_circuits(injection, world))


def circuit_of(injection: Injection, world: World) -> Circuit:
    """The circuit that the injection strikes, always the same for the same injection."""
    return injection.one_of(_circuits(injection, world))


def _circuits(injection: Injection, world: World) -> Sequence[Circuit]:
    by_name: defaultdict[str, list[Device]] = defaultdict(list)
    for lamp in world.kin.powered(injection.device.id):
        if lamp.powered_by and lamp.powered_by.circuit:
            by_name[lamp.powered_by.circuit].append(lamp)
    return [Circuit(name, lamps) for name, lamps in sorted(by_name.items()) if len(lamps) >= _SEVERAL]
