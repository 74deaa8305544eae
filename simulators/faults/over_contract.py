"""A cabinet that something else is plugged into: more power than the contract allows."""

from collections.abc import Iterable

from devices.description import Label
from devices.registry import Phase
from simulators.afflictions import symptoms
from simulators.effects import Effect
from simulators.injection import FaultType, Injection
from simulators.kinds.lighting_cabinet import LOADED
from simulators.world import World

_EXCESS = 1.15


def _effects(injection: Injection, world: World) -> Iterable[Effect]:  # noqa: ARG001 - nobody else suffers
    load_w = float(injection.device.attributes["contract_w"]) * _EXCESS / len(Phase)
    yield from (injection.effect(LOADED, value=load_w, detail=phase) for phase in Phase)


def _fits(injection: Injection, world: World) -> bool:  # noqa: ARG001 - the cabinet alone decides
    return "contract_w" in injection.device.attributes


FAULT = FaultType(
    id="over_contract",
    kind="lighting-cabinet",
    title=Label(
        vi="Tủ tiêu thụ vượt công suất hợp đồng",
        en="Other loads draw 15 % more than the contract allows, on all phases",
    ),
    effects=_effects,
    rules=("cabinet.over_contract",),
    fits=_fits,
    also=symptoms("cabinet.energy_theft"),
    lasts=("2h", "8h"),
)
