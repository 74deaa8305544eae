"""A cabinet loses one phase: its lamps on that phase are dark, and silent for want of supply."""

from collections.abc import Iterable, Sequence

from devices.description import Label
from devices.registry import Device, Phase
from simulators.circuits import LOST_CIRCUITS
from simulators.effects import SILENT, Effect
from simulators.injection import FaultType, Injection, Symptoms
from simulators.kinds.lighting_cabinet import PHASE_DEAD
from simulators.lamp_modes import DARK
from simulators.world import World


def _effects(injection: Injection, world: World) -> Iterable[Effect]:
    phase, lamps = _lost(injection, world)
    yield injection.effect(PHASE_DEAD, detail=phase.value)
    for lamp in lamps:
        yield from (injection.effect(knob, device=lamp) for knob in (DARK, SILENT))


def _lost(injection: Injection, world: World) -> tuple[Phase, Sequence[Device]]:
    """The phase, one that feeds lamps if any does, and the lamps that it feeds."""
    fed = world.kin.powered(injection.device.id)
    used = sorted(
        {device.powered_by.phase for device in fed if device.powered_by and device.powered_by.phase}
    )
    phase = injection.one_of(used or tuple(Phase))
    return phase, [device for device in fed if device.powered_by and device.powered_by.phase == phase]


def _also(injection: Injection, world: World) -> Symptoms:
    _, lamps = _lost(injection, world)
    return Symptoms(
        rules=("any.silent", "lamp.out", "cabinet.phase_imbalance", *LOST_CIRCUITS),
        devices=tuple(lamp.id for lamp in lamps),
    )


FAULT = FaultType(
    id="phase_lost",
    kind="lighting-cabinet",
    title=Label(
        vi="Tủ mất một pha, đèn của pha đó tắt và mất tín hiệu",
        en="One phase of the cabinet is dead; its lamps are dark and silent",
    ),
    effects=_effects,
    rules=("cabinet.phase_lost",),
    also=_also,
)
