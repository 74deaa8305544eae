"""How each fault shows in what a device says: the oracle of the truth, written apart from the faults."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from devices.registry import Device
from simulators.kinds.wifi_ap import is_busy_hour
from simulators.world import World

LAG_MS = 2_000
PHASES = ("l1", "l2", "l3")


class Seen(NamedTuple):
    """A reading as it arrived, with those before it and the world it was made in."""

    body: Mapping[str, Any]
    before: Sequence[Mapping[str, Any]]
    at_ms: int
    written_ms: int
    device: Device
    world: World

    @property
    def level_pct(self) -> int:
        return self.world.lighting.state(self.written_ms).dim_pct

    @property
    def rated_w(self) -> float:
        return float(self.device.attributes["rated_w"])

    @property
    def power_share(self) -> float:
        return float(self.body["power_w"]) / self.rated_w

    @property
    def is_busy(self) -> bool:
        return is_busy_hour(self.world.local_h(self.written_ms))

    @property
    def client_share(self) -> float:
        return float(self.body["client_count"]) / float(self.device.attributes["client_capacity_count"])

    @property
    def is_planned(self) -> bool | None:
        """Whether a programme plays; None within its first and last seconds."""
        for span in self.world.broadcasts.near(self.device.area, self.written_ms):
            if span.from_ms + LAG_MS <= self.written_ms < span.to_ms - LAG_MS:
                return True
            if span.from_ms - LAG_MS <= self.written_ms < span.to_ms + LAG_MS:
                return None
        return False

    def surplus_w(self) -> float:
        """What a cabinet draws besides its lamps."""
        drawn = sum(float(self.body[f"power_{phase}_w"]) for phase in PHASES)
        lamps = self.world.kin.powered(self.device.id)
        return drawn - sum(float(lamp.attributes["rated_w"]) for lamp in lamps) * self.level_pct / 100

    def voltages(self) -> list[float]:
        return [float(self.body[f"voltage_{phase}_v"]) for phase in PHASES]

    def unevenness(self) -> float:
        currents = [float(self.body[f"current_{phase}_a"]) for phase in PHASES]
        return max(currents) / (sum(currents) / 3)

    def same(self, *fields: str) -> bool:
        """Whether fields have not changed for three readings."""
        return len(self.before) > 1 and all(
            self.body[name] == before[name] for name in fields for before in self.before[-2:]
        )

    def falls(self, field: str) -> bool:
        return bool(self.before) and self.body[field] < self.before[-1][field]


Sign = Callable[[Seen], bool | None]


def by_night(sign: Sign) -> Sign:
    return lambda seen: sign(seen) if seen.level_pct else None


def by_day(sign: Sign) -> Sign:
    return lambda seen: None if seen.level_pct else sign(seen)


def dimmed(sign: Sign) -> Sign:
    return lambda seen: sign(seen) if 0 < seen.level_pct < 100 else None


def three_hours_apart(sign: Sign) -> Sign:
    """Where the programme of three hours later is another, of light or none."""

    def told(seen: Seen) -> bool | None:
        later_pct = seen.world.lighting.state(seen.written_ms + 3 * 3_600_000).dim_pct
        return sign(seen) if (later_pct > 0) != (seen.level_pct > 0) else None

    return told


def on_programme(sign: Sign) -> Sign:
    return lambda seen: sign(seen) if seen.is_planned else None


def busy(sign: Sign) -> Sign:
    return lambda seen: sign(seen) if seen.is_busy else None


def wrong_clock(seen: Seen) -> bool:
    return abs(seen.written_ms - seen.at_ms) > 300_000


SIGNS: Mapping[str, Sign] = {
    "lamp_out": by_night(
        lambda s: s.body["cmd_on"] and s.power_share < 0.1 and s.body["power_state"] == "off"
    ),
    "day_burner": by_day(lambda s: not s.body["cmd_on"] and s.power_share > 0.9),
    "lamp_cycling": by_night(lambda s: s.body["cmd_on"] and s.power_share < 0.1),
    "dimming_failure": dimmed(lambda s: s.body["dim_pct"] == 100 and s.power_share > 0.9),
    "lamp_over_power": by_night(lambda s: s.power_share > 1.25 * s.body["dim_pct"] / 100),
    "lamp_under_power": by_night(lambda s: s.power_share < 0.75 * s.body["dim_pct"] / 100),
    "low_power_factor": by_night(lambda s: s.body["power_factor_ratio"] < 0.75),
    "lamp_over_voltage": lambda s: s.body["voltage_v"] > 250,
    "lamp_under_voltage": lambda s: s.body["voltage_v"] < 200,
    "lamp_overheating": lambda s: s.body["temp_c"] > 65,
    "lamp_stuck_value": lambda s: s.same("voltage_v", "temp_c", "power_w", "current_a", "energy_kwh"),
    "off_calendar": three_hours_apart(lambda s: s.body["cmd_on"] != (s.level_pct > 0)),
    "lamp_clock_wrong": wrong_clock,
    "wifi_clock_wrong": wrong_clock,
    "speaker_clock_wrong": wrong_clock,
    "phase_lost": lambda s: min(s.voltages()) < 10 and max(s.voltages()) > 200,
    "supply_lost": lambda s: max(s.voltages()) < 10,
    "contactor_stuck_on": by_day(lambda s: s.body["contactor_on"] and not s.body["cmd_on"]),
    "contactor_stuck_off": by_night(lambda s: s.body["cmd_on"] and not s.body["contactor_on"]),
    "door_open": lambda s: s.body["door_open"],
    "leakage": lambda s: s.body["leakage"],
    "manual_override": lambda s: s.body["manual_mode"],
    "energy_theft": lambda s: s.surplus_w() > 1000,
    "over_contract": lambda s: s.surplus_w() > float(s.device.attributes["contract_w"]),
    "phase_imbalance": by_night(lambda s: s.unevenness() > 1.2),
    "energy_reversal": lambda s: s.falls("energy_kwh"),
    "backhaul_down": lambda s: not s.body["backhaul_up"],
    "backhaul_loss": lambda s: s.body["backhaul_loss_pct"] >= 8,
    "backhaul_latency": lambda s: s.body["backhaul_rtt_ms"] > 250,
    "no_clients": busy(lambda s: s.body["client_count"] == 0 and s.body["backhaul_up"]),
    "client_saturation": busy(lambda s: s.client_share > 0.9),
    "auth_failures": lambda s: s.body["auth_failure_count"] >= 30,
    "channel_congestion": lambda s: s.body["channel_load_pct"] > 80,
    "cpu_high": lambda s: s.body["cpu_pct"] > 90,
    "memory_high": lambda s: s.body["memory_pct"] > 95,
    "reboot_loop": lambda s: s.falls("uptime_s"),
    "silent_on_programme": on_programme(lambda s: not s.body["playing"]),
    "speaker_off_programme": lambda s: None if s.is_planned is not False else s.body["playing"],
    "speaker_hijacked": on_programme(lambda s: s.body.get("source") == "unregistered-stream"),
    "speaker_muted": on_programme(lambda s: s.body["muted"] and s.body["amp_current_a"] < 0.2),
    "amp_fault": on_programme(lambda s: s.body["playing"] and s.body["amp_current_a"] < 0.1),
    "amp_overheating": lambda s: s.body["amp_temp_c"] > 80,
    "casing_open": lambda s: s.body["casing_open"],
    "stream_loss": on_programme(lambda s: s.body["stream_loss_pct"] >= 10),
    "supply_low": lambda s: s.body["supply_v"] < 21,
    # Look-alikes: what makes them look like a fault.
    "zero_sample": by_night(lambda s: s.body["power_w"] == 0),
    "voltage_dip": lambda s: s.body["voltage_v"] < 190,
    "wifi_reboot": lambda s: s.falls("uptime_s"),
    "backlog": lambda s: s.at_ms - s.written_ms > 30_000,
    "late_burst": lambda s: s.at_ms - s.written_ms > 30_000,
    "door_glimpse": lambda s: s.body["door_open"],
    "festival": busy(lambda s: 0.7 < s.client_share < 0.9),
    "programme_overrun": lambda s: s.is_planned is False and s.body["playing"],
    "planned_switch_off": by_night(lambda s: not s.body["cmd_on"]),
}
"""For each type, whether a reading of the afflicted device shows it; None where it could not be seen."""

SILENT = {"lamp_silent", "cabinet_silent", "device_silent", "speaker_silent"}
"""Types that show in the device's saying nothing."""

UNFED = {"phase_lost", "supply_lost", "breaker_tripped", "cable_theft", "switch_down", "feeder_down"}
"""Types that show in others' saying nothing: those that the truth names."""

SHARE = {"lamp_cycling": (0.3, 0.5), "reboot_loop": (0.1, 0.2)}
"""Which part of the readings shows a type that comes and goes."""

COUNT = {
    "zero_sample": 1,
    "voltage_dip": 1,
    "wifi_reboot": 1,
    "backlog": 15,
    "late_burst": 2,
    "door_glimpse": 2,
}
"""How many readings show a look-alike that is short."""

EARLY = {
    "lamp_cycling",
    "reboot_loop",
    "energy_reversal",
    "lamp_clock_wrong",
    "speaker_clock_wrong",
    "wifi_clock_wrong",
}
"""Types whose first sign is no proof: one restart is none, the second is; what comes late once is late."""

EDGES = {"lamp_stuck_value": 2, "energy_reversal": 1, "reboot_loop": 1}
"""Readings at an edge that may show either: a difference with the reading before."""
