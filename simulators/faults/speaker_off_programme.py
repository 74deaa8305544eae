"""A loudspeaker that plays when nothing is meant to play."""

from collections.abc import Iterable

from devices.description import Label
from simulators.effects import Effect
from simulators.injection import FaultType, Injection
from simulators.kinds.loudspeaker import OFF_PROGRAMME
from simulators.world import World


def _effects(injection: Injection, world: World) -> Iterable[Effect]:  # noqa: ARG001 - nobody else suffers
    return [injection.effect(OFF_PROGRAMME)]


def _observable(injection: Injection, world: World) -> int | None:
    return world.broadcasts.next_silence_ms(injection.device.area, injection.from_ms)


FAULT = FaultType(
    id="speaker_off_programme",
    kind="loudspeaker",
    title=Label(
        vi="Loa phát luồng lạ khi không có chương trình",
        en="A stream that no programme knows plays when nothing is meant to play",
    ),
    effects=_effects,
    rules=("speaker.off_programme",),
    observable=_observable,
    shows="outside of programmes",
    lasts=("10m", "90m"),
)
