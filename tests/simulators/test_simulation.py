import dataclasses
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.registry import Device, Life
from simulators.city import SimulatedCity
from simulators.disorder import Disorder
from simulators.messages import OutgoingMessage
from simulators.scenario import Scenario
from simulators.simulation import Simulation

MINUTE_MS = 60_000
SPAN_MS = 30 * MINUTE_MS
MUCH = Disorder(late_share=0.1, duplicate_share=0.1)
WILD = Disorder(
    late_share=0.1,
    duplicate_share=0.1,
    drift_share=0.3,
    chatty_share=0.2,
    batch_share=0.2,
    outage_share=0.5,
    outage_max_s=6 * 3600.0,  # so long that many are cut off within the half hour
)


def run(city: SimulatedCity, scenario: Scenario, start_ms: int, **options: Any) -> list[OutgoingMessage]:
    simulation = Simulation(city, scenario, seed=7, start_ms=start_ms, disorder=WILD, **options)
    return simulation.advance(options.get("origin_ms", start_ms) + SPAN_MS)


@pytest.fixture(scope="module")
def whole(city: SimulatedCity, first_light: Scenario, evening_ms: int) -> list[OutgoingMessage]:
    return run(city, first_light, evening_ms)


def test_advance_messages_are_in_order_and_within_the_step(
    whole: list[OutgoingMessage], evening_ms: int
) -> None:
    times = [message.at_ms for message in whole]
    assert times == sorted(times)
    assert evening_ms <= times[0]
    assert times[-1] <= evening_ms + SPAN_MS


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps_ms=st.lists(st.integers(0, 5 * MINUTE_MS), max_size=60))
def test_advance_in_any_steps_publishes_the_same(
    city: SimulatedCity,
    first_light: Scenario,
    evening_ms: int,
    whole: list[OutgoingMessage],
    steps_ms: list[int],
) -> None:
    simulation = Simulation(city, first_light, seed=7, start_ms=evening_ms, disorder=WILD)
    end_ms = evening_ms + SPAN_MS
    published: list[OutgoingMessage] = []
    for step_ms in steps_ms:
        published += simulation.advance(min(simulation.now_ms + step_ms, end_ms))
    published += simulation.advance(end_ms)
    assert published == whole


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(later_ms=st.integers(1, SPAN_MS - 1))
def test_resumed_simulation_goes_on_exactly_where_the_first_was(
    city: SimulatedCity, first_light: Scenario, evening_ms: int, whole: list[OutgoingMessage], later_ms: int
) -> None:
    resumed = run(city, first_light, evening_ms + later_ms, origin_ms=evening_ms)
    assert [m for m in resumed if not m.retain] == [
        m for m in whole if m.at_ms > evening_ms + later_ms and not m.retain
    ]


def test_resumed_simulation_has_the_truth_of_the_whole(
    city: SimulatedCity, first_light: Scenario, evening_ms: int
) -> None:
    end_ms = evening_ms + 15 * MINUTE_MS
    first = Simulation(city, first_light, seed=7, start_ms=evening_ms)
    first.advance(end_ms)
    second = Simulation(city, first_light, seed=7, start_ms=end_ms, origin_ms=evening_ms)
    assert second.truth() == first.truth()
    assert len(second.truth()) == 4


def test_other_seed_says_other_things(
    city: SimulatedCity, quiet: Scenario, evening_ms: int, whole: list[OutgoingMessage]
) -> None:
    other = Simulation(city, quiet, seed=8, start_ms=evening_ms).advance(evening_ms + SPAN_MS)
    assert not {m.payload for m in whole if not m.retain} & {m.payload for m in other if not m.retain}


def test_start_publishes_a_retained_online_status_of_every_device(
    city: SimulatedCity, quiet: Scenario, evening_ms: int
) -> None:
    messages = Simulation(city, quiet, seed=7, start_ms=evening_ms).advance(evening_ms)
    assert len(messages) == sum(not device.is_passive for device in city.devices)
    assert {(m.payload, m.retain, m.qos, m.topic.rsplit("/", 1)[1]) for m in messages} == {
        (b'{"state":"online"}', True, 1, "status")
    }


def test_start_amid_a_silence_does_not_call_the_silent_device_online(
    city: SimulatedCity, first_light: Scenario, evening_ms: int
) -> None:
    amid_ms = evening_ms + 12 * MINUTE_MS
    simulation = Simulation(city, first_light, seed=7, start_ms=amid_ms, origin_ms=evening_ms)
    silent = {record.device for record in simulation.truth() if record.fault == "device_silent"}
    online = {message.topic.split("/")[4] for message in simulation.advance(amid_ms)}
    assert len(silent) == 1
    assert not silent & online


def test_disorder_makes_the_asked_shares_late_and_double(
    city: SimulatedCity, quiet: Scenario, evening_ms: int, take_apart: Callable[..., list[Any]]
) -> None:
    orderly = Simulation(
        city, quiet, seed=7, start_ms=evening_ms, disorder=Disorder(late_share=0, duplicate_share=0)
    ).advance(evening_ms + SPAN_MS)
    made_at = {(m.topic, m.payload): m.at_ms for m in orderly}
    assert len(made_at) == len(orderly)
    disorderly = Simulation(city, quiet, seed=7, start_ms=evening_ms, disorder=MUCH).advance(
        evening_ms + SPAN_MS
    )
    first_at: dict[tuple[str, bytes], int] = {}
    for message in disorderly:
        first_at.setdefault((message.topic, message.payload), message.at_ms)
    delays_ms = [at_ms - made_at[key] for key, at_ms in first_at.items() if key in made_at]
    assert min(delays_ms) >= 0
    assert max(delays_ms) <= 20_000
    assert sum(delay > 0 for delay in delays_ms) / len(delays_ms) == pytest.approx(0.1, abs=0.02)
    telemetry = [one for one in take_apart(disorderly) if one.channel == "telemetry"]
    copies = Counter((one.device, one.body["seq"], one.message.payload) for one in telemetry)
    assert set(copies.values()) == {1, 2}
    assert len({(device, seq) for device, seq, _ in copies}) == len(copies)
    assert sum(count == 2 for count in copies.values()) / len(copies) == pytest.approx(0.1, abs=0.02)


def test_devices_out_of_service_say_nothing(city: SimulatedCity, quiet: Scenario, evening_ms: int) -> None:
    retired = dataclasses.replace(
        city, devices=tuple(dataclasses.replace(device, life=Life.RETIRED) for device in city.devices)
    )
    assert Simulation(retired, quiet, seed=7, start_ms=evening_ms).advance(evening_ms + SPAN_MS) == []


def test_advance_backwards_is_refused(city: SimulatedCity, quiet: Scenario, evening_ms: int) -> None:
    with pytest.raises(ValueError, match="never goes back"):
        Simulation(city, quiet, seed=7, start_ms=evening_ms).advance(evening_ms - 1)


def test_start_before_the_origin_is_refused(city: SimulatedCity, quiet: Scenario, evening_ms: int) -> None:
    with pytest.raises(ValueError, match="origin or later"):
        Simulation(city, quiet, seed=7, start_ms=evening_ms, origin_ms=evening_ms + 1)


def test_outgoing_message_is_published_at_least_once_by_default() -> None:
    message = OutgoingMessage(0, "topic", b"{}")
    assert (message.qos, message.retain) == (1, False)
    with pytest.raises(AttributeError):
        message.qos = 0  # type: ignore[misc]
    assert msgspec.structs.asdict(message)["at_ms"] == 0


def test_kind_without_a_behaviour_is_refused(city: SimulatedCity, quiet: Scenario, evening_ms: int) -> None:
    strange = dataclasses.replace(
        city, devices=(*city.devices, Device(id="G-1", kind="tide-gauge", area="tam-ky"))
    )
    with pytest.raises(ValueError, match=r"no behaviour for \['tide-gauge'\]; add a file"):
        Simulation(strange, quiet, seed=7, start_ms=evening_ms)
