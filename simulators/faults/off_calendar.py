"""A lamp with a wrong calendar: it follows the programme three hours ahead of time."""

from devices.description import Label
from simulators.afflictions import symptoms, turned
from simulators.injection import FaultType, Injection
from simulators.lamp_modes import SHIFTED
from simulators.moments import A_WHILE_MS
from simulators.world import World

_AHEAD_MS = 3 * 3_600_000


def _observable(injection: Injection, world: World) -> int:
    """When the lamp for a while burns although the programme asks for none, or the other way round."""
    at_ms = _differs(injection.from_ms, world)
    again_ms = _differs(at_ms + A_WHILE_MS, world)
    return at_ms if again_ms == at_ms + A_WHILE_MS else again_ms


def _differs(at_ms: int, world: World) -> int:
    """The first moment at or after another at which the shifted programme is another."""
    lighting = world.lighting
    meant, done = (lighting.state(moment_ms).dim_pct > 0 for moment_ms in (at_ms, at_ms + _AHEAD_MS))
    if meant != done:
        return at_ms
    turn_ms = lighting.next_unlit_ms if done else lighting.next_lit_ms
    return turn_ms(at_ms + _AHEAD_MS) - _AHEAD_MS


FAULT = FaultType(
    id="off_calendar",
    kind="streetlight",
    title=Label(
        vi="Lịch chiếu sáng của đèn sai, bật và tắt sớm ba giờ",
        en="The lamp is commanded on and off three hours before the programme",
    ),
    effects=turned(SHIFTED, value=_AHEAD_MS),
    rules=("lamp.off_calendar",),
    observable=_observable,
    shows="three hours before dusk or dawn",
    also=symptoms("lamp.day_burner", "lamp.dimming_failure"),
    lasts=("6h", "20h"),
)
