"""Somebody draws power from a cabinet, by day and by night."""

from collections.abc import Iterable

from devices.description import Label
from devices.registry import Phase
from simulators.afflictions import symptoms
from simulators.effects import Effect
from simulators.injection import FaultType, Injection
from simulators.kinds.lighting_cabinet import LOADED
from simulators.world import World

_STOLEN_W = 1500.0


def _effects(injection: Injection, world: World) -> Iterable[Effect]:  # noqa: ARG001 - nobody else suffers
    yield injection.effect(LOADED, value=_STOLEN_W, detail=injection.one_of(tuple(Phase)))


FAULT = FaultType(
    id="energy_theft",
    kind="lighting-cabinet",
    title=Label(
        vi="Câu trộm điện: một pha của tủ có tải lạ, kể cả ban ngày",
        en="A load of 1500 W that is no lamp hangs on one phase, by day too",
    ),
    effects=_effects,
    rules=("cabinet.energy_theft",),
    also=symptoms("cabinet.phase_imbalance", "cabinet.over_contract"),
    lasts=("3h", "12h"),
)
