"""What a scored run is: which city, for how long, and in what steps."""

from dataclasses import replace
from datetime import datetime

from msgspec import Struct

from app.errors import StartError
from devices.cities import load_city
from devices.clock import milliseconds
from simulators.city import SimulatedCity, build_city

__all__ = ["MOST_IN_A_STEP", "ScoringPlan", "city_of", "moment_in", "step_s_for"]

MOST_IN_A_STEP = 10_000
"""Messages that the intake takes at once, so that a step is one batch."""

_DEVICES_PER_RETIRED = 200  # look like silent ones and are none
_LONG_STEP_S, _LONGEST_STEP_S = 30.0, 100.0
_STEPS_IN_AN_INTERVAL = 3
_FULLEST_STEP = MOST_IN_A_STEP / 4  # rush hours and chatty devices say several times the usual


class ScoringPlan(Struct, frozen=True, kw_only=True):
    """A run, small enough to send to another process. Times of the city, epoch ms.

    `interval_s` is how often each device reports; None leaves it to its kind.
    """

    city: str
    scenario: str
    devices: int
    seed: int
    origin_ms: int
    to_ms: int
    step_ms: int
    interval_s: float | None = None

    def arguments(self) -> str:
        """The arguments of `ioc score run` that make it again."""
        local = datetime.fromtimestamp(self.origin_ms / 1000, load_city(self.city).zone)
        days = (self.to_ms - self.origin_ms) / 86_400_000
        words = [f"--city {self.city} --scenario {self.scenario} --devices {self.devices} --seed {self.seed}"]
        words += [f"--days {days:g} --start {local:%Y-%m-%dT%H:%M} --step {self.step_ms / 1000:g}s"]
        words += [] if self.interval_s is None else [f"--interval {self.interval_s:g}s"]
        return " ".join(words)


def moment_in(city: str, local: datetime) -> int:
    """A local time of a city as epoch ms.

    Raises:
        StartError: there is no such city.
    """
    try:
        zone = load_city(city).zone
    except LookupError as error:
        raise StartError(str(error.args[0])) from error
    return milliseconds(local.replace(tzinfo=zone).timestamp())


def step_s_for(devices: int, interval_s: float) -> float:
    """Seconds of the city in a step: long enough to be worth its cost, short against what is measured.

    Everything in a step is received at its end, so that a delay is at most a step too long; and a step has to
    fit into one batch of the intake, or the idle clock would pass messages that are still on their way.
    """
    # Devices that report seldom make every delay longer: a longer step blurs it no more.
    longest_s = min(_LONGEST_STEP_S, max(_LONG_STEP_S, interval_s / _STEPS_IN_AN_INTERVAL))
    return max(1.0, min(longest_s, round(_FULLEST_STEP * interval_s / devices)))


def city_of(plan: ScoringPlan) -> SimulatedCity:
    """The plan's city, the same in every process.

    Raises:
        StartError: there is no such city, or it cannot have so few devices.
    """
    try:
        place = load_city(plan.city)
        on = datetime.fromtimestamp(plan.origin_ms / 1000, place.zone).date()
        retired = max(1, plan.devices // _DEVICES_PER_RETIRED)
        city = build_city(place, plan.devices, plan.seed, on=on, retired_count=retired)
    except (LookupError, ValueError) as error:
        raise StartError(str(error.args[0])) from error
    if plan.interval_s is None:
        return city
    devices = tuple(
        device if device.is_passive else replace(device, interval_s=plan.interval_s)
        for device in city.devices
    )
    return replace(city, devices=devices)
