import itertools
from collections import Counter, defaultdict
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.cities import load_city
from devices.decoders.native import NativeDecoder
from devices.messages import RawMessage, Reading
from devices.registry import Device, Registry
from simulators.city import SimulatedCity
from simulators.clocks import clock_error_ms
from simulators.disorder import Disorder, Habits
from simulators.effects import CLOCK, STORING, Effect, Effects
from simulators.messages import OutgoingMessage, TimeFormat
from simulators.reporting import Queued, Reporter
from simulators.scenario import Scenario, ScenarioError, load_scenario
from simulators.simulation import Simulation
from simulators.speakers import Speaker, speakers_of
from simulators.world import Happening, Moment

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
ORDERLY: dict[str, Any] = {"late_share": 0.0, "duplicate_share": 0.0}


class Ticking:
    """A device that counts and rings in the middle of each interval."""

    time_format = TimeFormat.EPOCH_MS

    def telemetry(self, _device: Any, moment: Moment) -> dict[str, Any]:
        return {"chance": moment.random.random()}

    def events(self, _device: Any, moment: Moment) -> list[Happening]:
        return [Happening(moment.at_ms + moment.interval_ms // 2, {"type": "ring"})]


def hear(
    city: SimulatedCity, quiet: Scenario, evening_ms: int, minutes: int, **disorder: Any
) -> list[OutgoingMessage]:
    chosen = Disorder(**{**ORDERLY, **disorder})
    simulation = Simulation(city, quiet, seed=7, start_ms=evening_ms, disorder=chosen)
    return [m for m in simulation.advance(evening_ms + minutes * MINUTE_MS) if not m.retain]


def bodies(messages: list[OutgoingMessage], channel: str = "telemetry") -> dict[str, list[tuple[int, Any]]]:
    """What each device said, with the time of arrival."""
    found: defaultdict[str, list[tuple[int, Any]]] = defaultdict(list)
    for message in messages:
        *_, device, said = message.topic.split("/")
        if said == channel:
            found[device].append((message.at_ms, msgspec.json.decode(message.payload)))
    return found


def clock(disorder: Disorder) -> Speaker:
    """A lamp of the plainest behaviour."""
    lamp = Device(id="TK-L-0003", kind="streetlight", area="tam-ky", interval_s=60.0)
    alone = SimulatedCity(city=load_city("tam-ky"), devices=(lamp,), programmes=())
    (speaker,) = speakers_of(alone, {"streetlight": Ticking()}, disorder, seed=7, origin_ms=0)
    return speaker


def ticking(effect: Effect, reports: int) -> list[Queued]:
    """What that lamp says in a number of its reports under an effect."""
    effects = Effects()
    effects.add(effect)
    speaker = clock(Disorder(**ORDERLY))
    reporter = Reporter(effects, Disorder(**ORDERLY))
    out: list[Queued] = []
    for number in range(reports):
        reporter.report(speaker, speaker.first_ms + number * speaker.interval_ms, out)
    return sorted(out)


def test_default_disorder_is_small_and_of_the_way_only() -> None:
    chosen = Disorder()
    assert (chosen.late_share, chosen.duplicate_share) == (0.005, 0.005)
    assert Habits.of(chosen, 7, "TK-L-0001") == Habits(seed=Habits.of(chosen, 7, "TK-L-0001").seed)


@pytest.mark.parametrize(
    "wrong",
    [
        {"late_share": 1.1},
        {"duplicate_share": -0.1},
        {"late_share": float("nan")},
        {"late_max_s": 0},
        {"drift_share": 2},
        {"drift_max_s": 45},
        {"chatty_factor": 0},
        {"batch_size": 21},
        {"outage_max_s": -1},
    ],
)
def test_disorder_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Disorder(**wrong)  # type: ignore[arg-type]


def test_scenario_may_say_how_much_disorder_there_is(tmp_path: Any) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("id: mine\ndisorder: {late_share: 0.2, batch_share: 0.5}\n")
    assert load_scenario(file).disorder == Disorder(late_share=0.2, batch_share=0.5)
    file.write_text("id: mine\ndisorder: {late_share: 7}\n")
    with pytest.raises(ScenarioError, match="late_share is between 0 and 1, got 7"):
        load_scenario(file)


def test_scenario_disorder_holds_unless_another_is_given(city: SimulatedCity, evening_ms: int) -> None:
    batching = Scenario(id="test", disorder=Disorder(batch_share=1.0, **ORDERLY))

    def arrays(**given_disorder: Any) -> int:
        simulation = Simulation(city, batching, seed=7, start_ms=evening_ms, **given_disorder)
        return sum(m.payload.startswith(b"[") for m in simulation.advance(evening_ms + 5 * MINUTE_MS))

    assert arrays() > 0
    assert arrays(disorder=Disorder()) == 0


def test_batching_devices_send_arrays_at_their_interval_and_measure_more_often(
    city: SimulatedCity, quiet: Scenario, evening_ms: int
) -> None:
    for said in bodies(hear(city, quiet, evening_ms, 20, batch_share=1.0, batch_size=4)).values():
        assert all(len(body) == 4 for _, body in said)
        readings = [reading for _, body in said for reading in body]
        assert [reading["seq"] for reading in readings] == list(range(len(readings)))
        if isinstance(readings[0]["ts"], int):
            steps_ms = {b["ts"] - a["ts"] for a, b in itertools.pairwise(readings)}
            assert steps_ms == {15_000}
            assert all(body[-1]["ts"] == at_ms for at_ms, body in said)


def test_chatty_devices_report_more_often_and_say_what_nobody_asked_for(
    city: SimulatedCity, quiet: Scenario, evening_ms: int
) -> None:
    usual = bodies(hear(city, quiet, evening_ms, 20))
    chatty = bodies(hear(city, quiet, evening_ms, 20, chatty_share=0.3, chatty_factor=5))
    talkers = {device for device in usual if len(chatty[device]) > 2 * len(usual[device])}
    assert 10 < len(talkers) < 40
    for device, said in chatty.items():
        assert all(("fw" in body) == (device in talkers) for _, body in said)
    for device in talkers:
        assert len(chatty[device]) == pytest.approx(5 * len(usual[device]), abs=5)


def test_drifting_clocks_stay_within_what_was_allowed(
    city: SimulatedCity, quiet: Scenario, evening_ms: int
) -> None:
    errors_ms = [
        body["ts"] - at_ms
        for said in bodies(hear(city, quiet, evening_ms, 60, drift_share=1.0, drift_max_s=3.0)).values()
        for at_ms, body in said
        if isinstance(body["ts"], int)
    ]
    assert max(errors_ms) <= 3000
    assert min(errors_ms) >= -3000
    assert max(errors_ms) > 1000
    assert min(errors_ms) < -1000


def test_cut_off_devices_send_everything_in_order_afterwards(
    city: SimulatedCity, quiet: Scenario, evening_ms: int
) -> None:
    day = 24 * 60
    usual = hear(city, quiet, evening_ms, day)
    made = bodies(usual)
    cut_off = hear(city, quiet, evening_ms, day, outage_share=0.5, outage_max_s=3 * 3600.0)
    stopped: Counter[str] = Counter()
    for device, said in bodies(cut_off).items():
        readings = [r for _, body in said for r in (body if isinstance(body, list) else [body])]
        assert [r["seq"] for r in readings] == list(range(len(readings)))
        gaps_ms = [b[0] - a[0] for a, b in itertools.pairwise(said)]
        if max(gaps_ms) > 50 * MINUTE_MS:
            arrays = any(isinstance(body, list) for _, body in said)
            stopped["arrays" if arrays else "burst"] += 1
            assert all(len(body) <= 20 for _, body in said if isinstance(body, list))
        assert len(made[device]) - len(readings) <= 3 * 60 + 1
    assert stopped["arrays"] > 5
    assert stopped["burst"] > 5
    events = {(m.topic, m.payload) for m in usual if m.topic.endswith("event")}
    heard = [(m.topic, m.payload) for m in cut_off if m.topic.endswith("event")]
    assert len(set(heard)) == len(heard)
    assert set(heard) <= events
    assert len(events) - len(heard) < 0.1 * len(events)


@given(from_ms=st.integers(0, 20 * MINUTE_MS), length_ms=st.integers(1, 20 * MINUTE_MS))
def test_outage_of_any_span_loses_nothing_and_delivers_nothing_within_it(
    from_ms: int, length_ms: int
) -> None:
    to_ms = from_ms + length_ms
    outage = Effect(device="TK-L-0003", knob=STORING, from_ms=from_ms, to_ms=to_ms)
    out = ticking(outage, 45)
    seqs: list[int] = []
    rings: list[str] = []
    for at_ms, *_, message in out:
        assert not from_ms <= at_ms < to_ms
        body = msgspec.json.decode(message.payload)
        if message.topic.endswith("event"):
            rings.append(body["id"])
        else:
            seqs += [r["seq"] for r in (body if isinstance(body, list) else [body])]
    assert seqs == list(range(45))
    assert sorted(rings) == sorted({f"TK-L-0003-{number}-1" for number in range(45)})


def test_wild_messages_decode_with_only_the_chatter_unknown(
    city: SimulatedCity, first_light: Scenario, evening_ms: int
) -> None:
    wild = Disorder(
        late_share=0.1,
        duplicate_share=0.1,
        drift_share=0.3,
        chatty_share=0.2,
        batch_share=0.3,
        outage_share=0.3,
    )
    registry, decoder = Registry(city.devices), NativeDecoder()
    simulation = Simulation(city, first_light, seed=3, start_ms=evening_ms, disorder=wild)
    fates: Counter[type] = Counter()
    for message in simulation.advance(evening_ms + 6 * HOUR_MS):
        raw = RawMessage(message.topic, message.payload, retained=message.retain)
        fates.update(type(record) for record in decoder.decode(raw, registry))
        assert len(message.payload) < 16_384
    assert {kind.__name__ for kind in fates} == {"Event", "Reading", "Status"}
    assert fates[Reading] > 10_000
    assert {field for _, field in decoder.unknown_fields()} == {"fw", "reset_reason", "heap_free"}


@pytest.mark.parametrize(
    ("detail", "at_ms", "error_ms"),
    [
        ("+7h", 0, 7 * HOUR_MS),
        ("+7h", HOUR_MS - 1, 7 * HOUR_MS),
        ("+7h", HOUR_MS, 0),
        ("+7h", -1, 0),
        ("-90s", 5, -90_000),
        ("+20s/h", 0, 0),
        ("+20s/h", 30 * MINUTE_MS, 10_000),
        ("-20s/h", 30 * MINUTE_MS, -10_000),
    ],
)
def test_clock_error_is_constant_or_grows_within_the_effects_time(
    detail: str, at_ms: int, error_ms: int
) -> None:
    effect = Effect(device="TK-T-001", knob=CLOCK, from_ms=0, to_ms=HOUR_MS, detail=detail)
    assert clock_error_ms(effect, at_ms) == error_ms


def test_wrong_clock_is_written_into_readings_and_events() -> None:
    wrong = Effect(device="TK-L-0003", knob=CLOCK, from_ms=0, to_ms=HOUR_MS, detail="+7h")
    for at_ms, *_, message in ticking(wrong, 10):
        assert msgspec.json.decode(message.payload)["ts"] - at_ms == 7 * HOUR_MS


def test_habits_are_a_devices_own() -> None:
    chosen = Disorder(batch_share=0.5, drift_share=0.5, outage_share=0.5)
    habits = {f"D-{number}": Habits.of(chosen, 1, f"D-{number}") for number in range(400)}
    assert sum(one.batch > 1 for one in habits.values()) == pytest.approx(200, abs=40)
    assert sum(one.drift_ms != 0 for one in habits.values()) == pytest.approx(200, abs=40)
    assert sum(one.outage_ms > 0 for one in habits.values()) == pytest.approx(200, abs=40)
    assert Habits.of(chosen, 1, "D-7") == habits["D-7"]
    assert Habits.of(chosen, 2, "D-7") != habits["D-7"]


def test_speaker_report_at_is_the_first_due_then() -> None:
    one = clock(Disorder())
    assert one.report_at(-5) == 0
    assert one.report_at(one.first_ms) == 0
    assert one.report_at(one.first_ms + 1) == 1
    assert one.report_at(one.first_ms + 3 * one.interval_ms) == 3
