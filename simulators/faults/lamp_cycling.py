"""A lamp that goes on and off all night."""

from devices.description import Label
from simulators.afflictions import symptoms, turned
from simulators.injection import FaultType, Injection
from simulators.lamp_modes import CYCLING
from simulators.moments import next_dusk
from simulators.world import World

_PERIOD_MS = 360_000


def _gone_on_again(injection: Injection, world: World) -> int:
    return next_dusk(injection, world) + _PERIOD_MS


FAULT = FaultType(
    id="lamp_cycling",
    kind="streetlight",
    title=Label(
        vi="Đèn chớp tắt liên tục trong khi được lệnh bật",
        en="The lamp goes on and off every six minutes while commanded on",
    ),
    effects=turned(CYCLING, value=_PERIOD_MS),
    rules=("lamp.cycling",),
    observable=_gone_on_again,
    shows="six minutes after dusk",
    also=symptoms("lamp.out"),
    lasts=("6h", "20h"),
)
