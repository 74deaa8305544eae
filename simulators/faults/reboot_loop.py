"""An access point that starts anew every seven minutes, as after bad firmware."""

from collections.abc import Iterable
from dataclasses import replace

from devices.description import Label
from simulators.effects import SILENT, Effect
from simulators.injection import FaultType, Injection
from simulators.kinds.wifi_ap import BOOTING
from simulators.world import World

_EVERY_MS = 420_000
_BOOT_MS = 60_000


def _effects(injection: Injection, world: World) -> Iterable[Effect]:  # noqa: ARG001 - nobody else suffers
    yield injection.effect(BOOTING, value=_EVERY_MS)
    silent = injection.effect(SILENT)
    for booted_ms in range(injection.from_ms, injection.to_ms, _EVERY_MS):
        yield replace(silent, from_ms=booted_ms, to_ms=min(injection.to_ms, booted_ms + _BOOT_MS))


FAULT = FaultType(
    id="reboot_loop",
    kind="wifi-ap",
    title=Label(
        vi="Điểm Wi-Fi khởi động lại liên tục", en="The access point starts anew every seven minutes"
    ),
    effects=_effects,
    rules=("wifi.reboot_loop",),
    shows="from the second start on",
    observable=lambda injection, world: injection.from_ms + _EVERY_MS,  # noqa: ARG005 - one signature for all
)
