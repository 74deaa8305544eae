from typing import Any

import pytest

from devices.decoders.usual_names import measured
from devices.registry import Device

CABINET = Device(id="C-1", kind="lighting-cabinet", area="a")
LAMP = Device(id="L-1", kind="streetlight", area="a", attributes={"rated_w": 60.0})


@pytest.mark.parametrize(
    ("device", "name", "value", "unit", "expected"),
    [
        (LAMP, "Power", 58, "", {"power_w": 58}),
        (LAMP, "activePower", 0, "", {"power_w": 0}),
        (LAMP, "Lamp/Active Power", 0.058, "kW", {"power_w": 58}),
        (LAMP, "current_mA", 250, "", {"current_a": 0.25}),
        (LAMP, "voltage_mv", 230_000, "", {"voltage_v": 230}),
        (LAMP, "energy", 12.5, "kWh", {"energy_kwh": 12.5}),
        (LAMP, "Total Energy", 12_500, "Wh", {"energy_kwh": 12.5}),
        (LAMP, "energy_kwh", 7, "", {"energy_kwh": 7}),
        (LAMP, "Temperature", 95, "°F", {"temp_c": 35}),
        (LAMP, "temperature", 35, "°C", {"temp_c": 35}),
        (LAMP, "power factor", 97, "%", {"power_factor_ratio": 0.97}),
        (LAMP, "brightness", 40, "%", {"dim_pct": 40}),
        (LAMP, "switch_on_count", 4.0, "", {"switch_on_count": 4}),
        (LAMP, "Relay", "off", "", {"cmd_on": False, "power_state": "off"}),
        (LAMP, "Outputs/State", True, "", {"cmd_on": True, "power_state": "on"}),
        (CABINET, "L2/Voltage", 229, "V", {"voltage_l2_v": 229}),
        (CABINET, "Current/Phase B", 3, "A", {"current_l2_a": 3}),
        (CABINET, "power_l3", 1.5, "kW", {"power_l3_w": 1500}),
        (CABINET, "voltage_phase_a", 231, "", {"voltage_l1_v": 231}),
        (CABINET, "door", 1, "", {"door_open": True}),
        (CABINET, "Neutral Current", 0.5, "", {"neutral_current_a": 0.5}),
        (LAMP, "Voltage", None, "V", {"voltage_v": None}),
    ],
)
def test_usual_name_becomes_our_field_in_our_unit(
    device: Device, name: str, value: Any, unit: str, expected: dict[str, Any]
) -> None:
    assert measured(device, name, value, unit) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("device", "name", "unit"),
    [
        (LAMP, "energy", ""),
        (LAMP, "brightness", ""),
        (LAMP, "power", "hp"),
        (LAMP, "L2/Voltage", "V"),
        (LAMP, "mood", ""),
        (LAMP, "clients", ""),
    ],
)
def test_name_that_could_mean_several_things_is_only_counted(device: Device, name: str, unit: str) -> None:
    assert measured(device, name, 5, unit) == {name: True}
