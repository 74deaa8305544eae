"""A cabinet without supply: its controller lives on a battery, its lamps are dark and silent."""

from collections.abc import Iterable

from devices.description import Label
from devices.registry import Phase
from simulators.afflictions import symptoms, unfed
from simulators.effects import Effect
from simulators.injection import FaultType, Injection
from simulators.kinds.lighting_cabinet import PHASE_DEAD
from simulators.world import World


def _effects(injection: Injection, world: World) -> Iterable[Effect]:
    yield from (injection.effect(PHASE_DEAD, detail=phase) for phase in Phase)
    yield from unfed(injection, world.kin.powered(injection.device.id))


FAULT = FaultType(
    id="supply_lost",
    kind="lighting-cabinet",
    title=Label(
        vi="Tủ mất nguồn cả ba pha, toàn bộ đèn tắt và mất tín hiệu",
        en="All three phases of the cabinet are dead; all its lamps are dark and silent",
    ),
    effects=_effects,
    rules=("cabinet.supply_lost",),
    also=symptoms("any.silent", "lamp.out", of_dependants=True),
)
