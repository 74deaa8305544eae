"""A cable cut and carried away: the lamps of a circuit from there to its end are dark and silent."""

from collections.abc import Iterable, Sequence

from devices.description import Label
from devices.registry import Device
from simulators.afflictions import unfed
from simulators.circuits import LOST_CIRCUITS, circuit_of, has_circuit
from simulators.effects import CAUSE, Effect
from simulators.injection import FaultType, Injection, Symptoms
from simulators.moments import missed_twice
from simulators.world import World

_LEFT_SHARE = 3  # a third of the circuit, next to the cabinet, goes on


def _cut_off(injection: Injection, world: World) -> Sequence[Device]:
    lamps = circuit_of(injection, world).lamps
    return lamps[len(lamps) // _LEFT_SHARE :]


def _effects(injection: Injection, world: World) -> Iterable[Effect]:
    lamps = _cut_off(injection, world)
    name = circuit_of(injection, world).name
    yield injection.effect(CAUSE, detail=f"circuit {name} from {lamps[0].id}")
    yield from unfed(injection, lamps)


def _also(injection: Injection, world: World) -> Symptoms:
    lamps = _cut_off(injection, world)
    return Symptoms(
        rules=(
            "any.silent",
            "lamp.out",
            "cabinet.breaker_tripped",
            "cabinet.phase_imbalance",
            *LOST_CIRCUITS,
        ),
        devices=tuple(lamp.id for lamp in lamps),
    )


FAULT = FaultType(
    id="cable_theft",
    kind="lighting-cabinet",
    title=Label(
        vi="Mất cắp cáp: đèn từ chỗ cắt đến cuối lộ tắt và mất tín hiệu",
        en="A cable was stolen; the circuit's lamps from the cut on are dark and silent",
    ),
    effects=_effects,
    rules=("cabinet.cable_theft",),
    fits=has_circuit,
    observable=missed_twice,
    shows="when its lamps have missed two reports",
    also=_also,
    lasts=("3h", "10h"),
)
