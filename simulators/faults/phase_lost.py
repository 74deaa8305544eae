"""A cabinet loses one phase: its lamps on that phase are dark, and silent for want of supply."""

from collections.abc import Iterable, Sequence

from devices.registry import Device, Phase
from simulators.effects import SILENT, Effect
from simulators.injection import FaultType, Injection
from simulators.kinds.lighting_cabinet import PHASE_DEAD
from simulators.lamps import DARK


def _effects(injection: Injection, devices: Sequence[Device]) -> Iterable[Effect]:
    """The phase is one that feeds lamps, if any does."""
    fed = [
        device for device in devices if device.powered_by and device.powered_by.parent == injection.device.id
    ]
    used = sorted(
        {device.powered_by.phase for device in fed if device.powered_by and device.powered_by.phase}
    )
    phase = injection.one_of(used or tuple(Phase))
    effects = [injection.effect(PHASE_DEAD, detail=phase.value)]
    for device in fed:
        if device.powered_by and device.powered_by.phase == phase:
            effects += [injection.effect(knob, device=device) for knob in (DARK, SILENT)]
    return effects


FAULT = FaultType(id="phase_lost", kind="lighting-cabinet", effects=_effects)
