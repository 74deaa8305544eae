from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.catalogue import kinds
from devices.description import Field
from devices.registry import Device
from simulators.changes import CHANGED, STUCK, Altered, Change
from simulators.city import SimulatedCity
from simulators.effects import Effect
from simulators.messages import TimeFormat
from simulators.world import Happening, Moment, World

AT_MS = 1_781_519_400_000
LAMP = Device(id="L-1", kind="streetlight", area="a", attributes={"rated_w": 100.0})


class Steady:
    """A lamp that says the same, but for a voltage that is the time."""

    time_format = TimeFormat.EPOCH_MS

    def telemetry(self, device: Device, moment: Moment) -> Mapping[str, Any]:
        del device
        return {
            "cmd_on": False,
            "power_w": 90.0,
            "voltage_v": float(moment.at_ms % 300),
            "switch_on_count": 7,
        }

    def events(self, device: Device, moment: Moment) -> list[Happening]:
        return [Happening(moment.at_ms, {"type": "self-test", "device": device.id})]


@pytest.fixture
def world(city: SimulatedCity) -> World:
    return World.of(city, 7, AT_MS)


def altered(world: World, knob: str, value: Any, at_ms: int = AT_MS + 60_000) -> Mapping[str, Any]:
    world.effects.add(
        Effect(device="L-1", knob=knob, from_ms=AT_MS + 30_000, to_ms=AT_MS + 90_000, value=value)
    )
    return Altered(Steady(), "streetlight", world).telemetry(LAMP, Moment(at_ms, 1, 60_000, Random(1)))


def test_reading_without_effects_is_passed_on_as_it_is(world: World) -> None:
    behaviour = Altered(Steady(), "streetlight", world)
    moment = Moment(AT_MS, 0, 60_000, Random(1))
    assert behaviour.telemetry(LAMP, moment) == Steady().telemetry(LAMP, moment)
    assert behaviour.events(LAMP, moment) == Steady().events(LAMP, moment)
    assert behaviour.time_format is TimeFormat.EPOCH_MS


@pytest.mark.parametrize("at_ms", [AT_MS, AT_MS + 29_999, AT_MS + 90_000])
def test_change_ends_with_its_effect(world: World, at_ms: int) -> None:
    assert altered(world, CHANGED, (Change(field="power_w", factor=2.0),), at_ms)["power_w"] == 90.0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change(field="power_w", factor=0.5, plus=1.0), 46.0),
        (Change(field="power_w", value=12.345), 12.3),
        (Change(field="power_w", value=9_999.0), 2_000.0),
        (Change(field="power_w", value=-5.0), 0.0),
        (Change(field="power_w", factor=2.0, when="cmd_on"), 90.0),
    ],
)
def test_change_stays_in_range_and_resolution(world: World, change: Change, expected: float) -> None:
    assert altered(world, CHANGED, (change,))["power_w"] == expected


def test_change_of_a_field_that_is_not_sent_sends_none(world: World) -> None:
    assert "temp_c" not in altered(world, CHANGED, (Change(field="temp_c", plus=9.0),))


def test_change_keeps_whole_numbers_and_switches_what_they_are(world: World) -> None:
    reading = altered(
        world, CHANGED, (Change(field="switch_on_count", factor=1.3), Change(field="cmd_on", value=True))
    )
    assert reading["switch_on_count"] == 9
    assert isinstance(reading["switch_on_count"], int)
    assert reading["cmd_on"] is True


def test_stuck_fields_keep_what_they_showed_when_it_began(world: World) -> None:
    first = altered(world, STUCK, ("voltage_v",), AT_MS + 45_000)
    later = altered(world, STUCK, ("voltage_v",), AT_MS + 75_123)
    assert first["voltage_v"] == later["voltage_v"] == float((AT_MS + 30_000) % 300)


class Single:
    """A device of any kind that says one thing."""

    time_format = TimeFormat.EPOCH_MS

    def __init__(self, reading: Mapping[str, Any]) -> None:
        self._reading = reading

    def telemetry(self, device: Device, moment: Moment) -> Mapping[str, Any]:
        del device, moment
        return self._reading

    def events(self, device: Device, moment: Moment) -> list[Happening]:
        del device, moment
        return []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([(k.id, f) for k in kinds().values() for f in k.fields if f.value in {"float", "int"}]),
    st.floats(-1e6, 1e6),
    st.floats(0, 1e3),
)
def test_altered_numbers_never_leave_their_range(
    city: SimulatedCity, field_of: tuple[str, Field], value: float, spread: float
) -> None:
    kind, field = field_of
    world = World.of(city, 7, AT_MS)
    device = Device(id="X-1", kind=kind, area="a")
    change = Change(field=field.name, value=value, spread=spread)
    world.effects.add(Effect(device="X-1", knob=CHANGED, from_ms=AT_MS, to_ms=AT_MS + 1, value=(change,)))
    behaviour = Altered(Single({field.name: 1}), kind, world)
    told = behaviour.telemetry(device, Moment(AT_MS, 0, 60_000, Random(1)))[field.name]
    assert field.low is None or told >= field.low
    assert field.high is None or told <= field.high
    assert field.value == "float" or isinstance(told, int)
