"""An access point that was started anew: one report is missing, uptime and bytes begin at zero."""

from devices.description import Label
from simulators.afflictions import briefly, together, turned
from simulators.effects import SILENT
from simulators.injection import FaultType
from simulators.kinds.wifi_ap import BOOTING

FAULT = FaultType(
    id="wifi_reboot",
    kind="wifi-ap",
    title=Label(vi="Điểm Wi-Fi khởi động lại một lần", en="The uptime begins anew and one report is missing"),
    effects=together(turned(BOOTING), briefly(turned(SILENT))),
    rules=(),
    real=False,
    shows="never: nothing is wrong",
)
