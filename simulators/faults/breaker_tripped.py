"""A breaker that has tripped: all lamps of one circuit are dark and silent."""

from collections.abc import Iterable

from devices.description import Label
from simulators.afflictions import unfed
from simulators.circuits import LOST_CIRCUITS, circuit_of, has_circuit
from simulators.effects import CAUSE, Effect
from simulators.injection import FaultType, Injection, Symptoms
from simulators.moments import missed_twice
from simulators.world import World


def _effects(injection: Injection, world: World) -> Iterable[Effect]:
    circuit = circuit_of(injection, world)
    yield injection.effect(CAUSE, detail=f"circuit {circuit.name}")
    yield from unfed(injection, circuit.lamps)


def _also(injection: Injection, world: World) -> Symptoms:
    lamps = circuit_of(injection, world).lamps
    return Symptoms(
        rules=("any.silent", "lamp.out", "cabinet.cable_theft", "cabinet.phase_imbalance", *LOST_CIRCUITS),
        devices=tuple(lamp.id for lamp in lamps),
    )


FAULT = FaultType(
    id="breaker_tripped",
    kind="lighting-cabinet",
    title=Label(
        vi="Aptomat của một lộ nhảy, đèn của lộ tắt và mất tín hiệu",
        en="The breaker of a circuit has tripped; its lamps are dark and silent",
    ),
    effects=_effects,
    rules=("cabinet.breaker_tripped",),
    fits=has_circuit,
    observable=missed_twice,
    shows="when its lamps have missed two reports",
    also=_also,
)
