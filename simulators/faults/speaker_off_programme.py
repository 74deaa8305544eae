"""A loudspeaker that plays when nothing is meant to play."""

from collections.abc import Iterable, Sequence

from devices.registry import Device
from simulators.effects import Effect
from simulators.injection import FaultType, Injection
from simulators.kinds.loudspeaker import OFF_PROGRAMME


def _effects(injection: Injection, devices: Sequence[Device]) -> Iterable[Effect]:  # noqa: ARG001 - nobody else suffers
    return [injection.effect(OFF_PROGRAMME)]


FAULT = FaultType(id="speaker_off_programme", kind="loudspeaker", effects=_effects)
