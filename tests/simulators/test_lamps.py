"""What lamps draw, count and add up to, whatever ails them."""

import pytest

from devices.registry import Device
from simulators.city import SimulatedCity
from simulators.effects import Effect
from simulators.lamp_modes import (
    BURNING,
    CYCLING,
    DARK,
    DRAWING,
    LAMP_MODES,
    LEVEL,
    SHIFTED,
    SWITCHED_OFF,
)
from simulators.lamps import STANDBY_W, LampBank, lamp_burnt, lamp_light, lamp_power_w, rated_w
from simulators.world import World

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
STEP_MS = 18_000
VALUES = {
    BURNING: None,
    CYCLING: 360_000,
    DARK: None,
    DRAWING: 1.45,
    LEVEL: 100,
    SHIFTED: 3 * HOUR_MS,
    SWITCHED_OFF: None,
}


@pytest.fixture
def world(city: SimulatedCity, evening_ms: int) -> World:
    return World.of(city, 7, evening_ms)


@pytest.fixture
def lamps(city: SimulatedCity) -> list[Device]:
    return [device for device in city.devices if device.kind == "streetlight"][:6]


def afflict(world: World, lamp: Device, knob: str, from_h: float = 2, to_h: float = 20) -> None:
    begins_ms = world.origin_ms
    world.effects.add(
        Effect(
            device=lamp.id,
            knob=knob,
            from_ms=begins_ms + round(from_h * HOUR_MS),
            to_ms=begins_ms + round(to_h * HOUR_MS),
            value=VALUES[knob],
        )
    )


@pytest.mark.parametrize("knob", sorted(LAMP_MODES))
def test_counters_are_power_over_time_and_never_fall(world: World, lamps: list[Device], knob: str) -> None:
    lamp = lamps[0]
    afflict(world, lamp, knob)
    at_ms, drawn_wh, hours = world.origin_ms, 0.0, 0.0
    begun = before = lamp_burnt(world, lamp, at_ms)
    for _ in range(30 * HOUR_MS // STEP_MS):
        light = lamp_light(world, lamp, at_ms)
        drawn_wh += (lamp_power_w(lamp, light) if light.given_pct else 0.0) * STEP_MS / HOUR_MS
        hours += (light.given_pct > 0) * STEP_MS / HOUR_MS
        at_ms += STEP_MS
        now = lamp_burnt(world, lamp, at_ms)
        assert now.full_load_h >= before.full_load_h - 1e-9
        assert now.burning_h >= before.burning_h - 1e-9
        assert now.switch_on_count >= before.switch_on_count
        before = now
    assert rated_w(lamp) * (before.full_load_h - begun.full_load_h) == pytest.approx(drawn_wh, rel=0.02)
    if knob != DARK:  # what is dark was commanded on all the same, and counts
        assert before.burning_h - begun.burning_h == pytest.approx(hours, rel=0.02)


def test_cycling_lamp_counts_its_starts(world: World, lamps: list[Device]) -> None:
    afflict(world, lamps[0], CYCLING, from_h=2, to_h=6)
    later_ms = world.origin_ms + 8 * HOUR_MS
    more = lamp_burnt(world, lamps[0], later_ms).switch_on_count
    assert more - lamp_burnt(world, lamps[1], later_ms).switch_on_count == 40


@pytest.mark.parametrize("hour", [1, 3, 8, 14, 19, 26])
def test_bank_sums_its_lamps_whatever_ails_them(world: World, lamps: list[Device], hour: int) -> None:
    for lamp, knob in zip(lamps, [DARK, BURNING, LEVEL, DRAWING, SHIFTED], strict=False):
        afflict(world, lamp, knob)
    at_ms = world.origin_ms + hour * HOUR_MS
    bank = LampBank(world, lamps)
    powers = [lamp_power_w(lamp, lamp_light(world, lamp, at_ms)) for lamp in lamps]
    energies = [rated_w(lamp) * lamp_burnt(world, lamp, at_ms).full_load_h / 1000 for lamp in lamps]
    assert bank.power_w(at_ms) == pytest.approx(sum(powers))
    assert bank.energy_kwh(at_ms) == pytest.approx(sum(energies))


def test_healthy_lamp_is_told_says_and_gives_the_same(world: World, lamps: list[Device]) -> None:
    night_ms = world.origin_ms + 6 * HOUR_MS
    light = lamp_light(world, lamps[0], night_ms)
    assert light.commanded_pct == light.shown_pct == light.given_pct == 70
    day_ms = world.origin_ms + 18 * HOUR_MS
    assert lamp_power_w(lamps[0], lamp_light(world, lamps[0], day_ms)) == STANDBY_W
