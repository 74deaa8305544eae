import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pytest

from devices.cities import City, load_city
from devices.topics import parse_native
from simulators.city import SimulatedCity, build_city
from simulators.disorder import Disorder
from simulators.messages import OutgoingMessage
from simulators.scenario import Scenario, load_scenario
from simulators.simulation import Simulation

MINUTE_MS = 60_000
ORDERLY = Disorder(late_share=0, duplicate_share=0)


class Said(NamedTuple):
    """A message taken apart."""

    message: OutgoingMessage
    device: str
    kind: str
    channel: str
    body: dict[str, Any]


@pytest.fixture(scope="session")
def tam_ky() -> City:
    return load_city("tam-ky")


@pytest.fixture(scope="session")
def city(tam_ky: City) -> SimulatedCity:
    return build_city(tam_ky, 80, seed=7)


@pytest.fixture(scope="session")
def evening_ms(tam_ky: City) -> int:
    """17:30 on the fifteenth of June, 52 minutes before sunset."""
    return round(datetime(2026, 6, 15, 17, 30, tzinfo=tam_ky.zone).timestamp() * 1000)


@pytest.fixture(scope="session")
def quiet() -> Scenario:
    return load_scenario("quiet")


@pytest.fixture(scope="session")
def first_light() -> Scenario:
    return load_scenario("first-light")


@pytest.fixture(scope="session")
def take_apart() -> Callable[[Sequence[OutgoingMessage]], list[Said]]:
    def split(messages: Sequence[OutgoingMessage]) -> list[Said]:
        topics = [parse_native(message.topic) for message in messages]
        return [
            Said(message, topic.device, topic.kind, topic.channel.value, json.loads(message.payload))
            for message, topic in zip(messages, topics, strict=True)
        ]

    return split


@pytest.fixture(scope="session")
def listen(
    city: SimulatedCity,
    evening_ms: int,
    quiet: Scenario,
    take_apart: Callable[[Sequence[OutgoingMessage]], list[Said]],
) -> Callable[..., list[Said]]:
    """Everything an orderly city says in some minutes after an evening's start."""

    def hear(minutes: int, scenario: Scenario = quiet, *, seed: int = 7, skip_minutes: int = 0) -> list[Said]:
        start_ms = evening_ms + skip_minutes * MINUTE_MS
        simulation = Simulation(
            city, scenario, seed=seed, start_ms=start_ms, origin_ms=evening_ms, disorder=ORDERLY
        )
        return take_apart(simulation.advance(start_ms + minutes * MINUTE_MS))

    return hear
