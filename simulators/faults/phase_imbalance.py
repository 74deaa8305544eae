"""A cabinet of which one phase draws far more than the others while the lamps burn."""

from collections import Counter
from collections.abc import Iterable

from devices.description import Label
from devices.registry import Phase
from simulators.afflictions import symptoms
from simulators.effects import Effect
from simulators.injection import FaultType, Injection
from simulators.kinds.lighting_cabinet import UNBALANCED
from simulators.moments import next_dusk
from simulators.world import World

_FACTOR = 2.2
_LEAST = 2


def _effects(injection: Injection, world: World) -> Iterable[Effect]:  # noqa: ARG001 - nobody else suffers
    yield injection.effect(UNBALANCED, value=_FACTOR, detail=injection.one_of(tuple(Phase)))


def _fits(injection: Injection, world: World) -> bool:
    """Only a cabinet with some lamps on each phase is balanced otherwise."""
    fed = world.kin.powered(injection.device.id)
    counts = Counter(lamp.powered_by.phase for lamp in fed if lamp.powered_by)
    return all(counts[phase] >= _LEAST for phase in Phase)


FAULT = FaultType(
    id="phase_imbalance",
    kind="lighting-cabinet",
    title=Label(
        vi="Lệch pha: một pha tải gấp 2,2 lần", en="One phase draws 2.2 times what it should, by night"
    ),
    effects=_effects,
    rules=("cabinet.phase_imbalance",),
    fits=_fits,
    observable=next_dusk,
    shows="dusk",
    also=symptoms("cabinet.energy_theft", "cabinet.over_contract"),
    lasts=("3h", "10h"),
)
