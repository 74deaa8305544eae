"""A loudspeaker that plays when nothing is meant to play."""

from collections.abc import Iterable

from devices.description import Label
from simulators.afflictions import symptoms
from simulators.effects import Effect
from simulators.injection import FaultType, Injection
from simulators.kinds.loudspeaker import OFF_PROGRAMME
from simulators.world import World


def _effects(injection: Injection, world: World) -> Iterable[Effect]:  # noqa: ARG001 - nobody else suffers
    return [injection.effect(OFF_PROGRAMME)]


def _observable(injection: Injection, world: World) -> int | None:
    broadcasts, area = world.broadcasts, injection.device.area
    at_ms = broadcasts.next_silence_ms(area, injection.from_ms)
    next_ms = broadcasts.next_playing_ms(area, at_ms)
    is_short = next_ms is not None and next_ms - at_ms < 2 * injection.device.interval_s * 1000
    return broadcasts.next_silence_ms(area, next_ms) if is_short and next_ms is not None else at_ms


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
    # The stranger plays on when a programme begins.
    also=symptoms("speaker.hijacked"),
    lasts=("10m", "90m"),
)
