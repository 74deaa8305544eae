"""`ioc simulate` as it is called."""

import asyncio
import json
import math
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.brokers import find_mosquitto, mosquitto
from app.cli import cli
from app.errors import StartError
from app.mqtt import BrokerAddress, PahoSource
from app.simulate import SimulationPlan, play, prepare
from app.simulated_place import find_place
from app.sinks import broker_sink
from devices.entity import read_entity
from devices.entity_catalogue import entity_kinds
from devices.messages import RawMessage
from devices.registry_files import read_registry
from devices.table_files import FileFormat, read_lines
from simulators.disorder import Disorder
from simulators.truth import read_truth

START = "2026-11-24T17:30"
START_MS = 1_795_516_200_000
Simulate = Callable[..., Any]


@pytest.fixture
def simulate(tmp_path: Path) -> Simulate:
    """Call the command with a file to write to, and options that may be overridden."""

    def call(*more: str, out: str = "out.jsonl") -> Any:
        options = ["--devices", "40", "--from", START, "--for", "30m", "--out", str(tmp_path / out)]
        return CliRunner().invoke(cli, ["simulate", *options, *more])

    return call


def plan(**given: Any) -> SimulationPlan:
    usual: dict[str, Any] = {
        "city": "tam-ky",
        "devices": 20,
        "seed": 1,
        "scenario": "quiet",
        "from_ms": START_MS,
        "to_ms": START_MS + 120_000,
        "speed": math.inf,
    }
    return SimulationPlan(**usual | given)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_simulate_same_seed_writes_the_same_bytes(simulate: Simulate, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert simulate("--scenario", "first-light", out=name).exit_code == 0
    assert simulate("--seed", "2", out="three").exit_code == 0
    one, two, three = ((tmp_path / name).read_bytes() for name in ("one", "two", "three"))
    assert len(one) > 100_000
    assert one == two
    assert one != three


def test_simulate_writes_messages_in_order_with_payload_and_time(simulate: Simulate, tmp_path: Path) -> None:
    result = simulate()
    assert result.exit_code == 0
    assert "Tam Kỳ: 40 devices, 0.5 h" in result.stderr
    said = lines(tmp_path / "out.jsonl")
    assert [one["at"] for one in said] == sorted(one["at"] for one in said)
    assert said[0]["at"] == "2026-11-24T10:30:00.000Z"
    assert said[-1]["at"] <= "2026-11-24T11:00:00.000Z"
    assert {one["qos"] for one in said} == {1}
    assert sum(one["retain"] for one in said) == 40
    assert all(isinstance(one["payload"], dict) for one in said)


def test_simulate_truth_and_registry_fit_what_was_said(simulate: Simulate, tmp_path: Path) -> None:
    truth, registry = tmp_path / "truth.jsonl", tmp_path / "registry.csv"
    result = simulate("--scenario", "first-light", "--truth", str(truth), "--registry-out", str(registry))
    assert result.exit_code == 0
    header, records = read_truth(truth)
    assert (header.city, header.scenario, header.seed, header.devices) == ("tam-ky", "first-light", 1, 40)
    assert (header.from_ms, header.to_ms) == (START_MS, START_MS + 1_800_000)
    assert {"speeding", "phase_lost"} <= {record.fault for record in records}
    devices = read_registry(registry)
    assert {one["topic"].split("/")[4] for one in lines(tmp_path / "out.jsonl")} == {
        device.id for device in devices.values() if not device.is_passive
    }


def test_simulate_truth_names_the_camera_that_is_out_of_calibration(
    simulate: Simulate, tmp_path: Path
) -> None:
    truth = tmp_path / "truth.jsonl"
    assert simulate("--truth", str(truth)).exit_code == 0
    (record,) = read_truth(truth).records
    assert (record.fault, record.device) == ("calibration_expired", "TK-T-004")
    assert (record.from_ms, record.to_ms) == (START_MS, START_MS + 1_800_000)
    assert record.rules == ("camera.calibration_expired",)


def test_simulate_programmes_are_written_as_a_service_imports_them(
    simulate: Simulate, tmp_path: Path
) -> None:
    assert simulate("--programmes-out", str(tmp_path / "dated")).exit_code == 0
    for name, count in (("broadcast-programmes", 8), ("lighting-programmes", 4)):
        kind = entity_kinds()[name]
        content = (tmp_path / "dated" / f"{name}.csv").read_bytes()
        lines, problems = read_lines(content, FileFormat.CSV, kind.columns)
        assert not problems
        entities = [read_entity(kind, line.cells, line.number) for line in lines]
        assert len(entities) == count
        assert all(entity is not None and not wrong for entity, wrong in entities)


def test_simulate_registry_file_says_the_same_again(simulate: Simulate, tmp_path: Path) -> None:
    registry = tmp_path / "mine.csv"
    assert simulate("--registry-out", str(registry), out="invented").exit_code == 0
    result = simulate("--city", str(registry), out="read")
    assert result.exit_code == 0
    assert "mine: 40 devices" in result.stderr

    def topics(name: str) -> set[str]:
        return {one["topic"] for one in lines(tmp_path / name)}

    assert topics("read") == topics("invented")


def test_simulate_phu_ly_and_an_interval_for_all(simulate: Simulate, tmp_path: Path) -> None:
    assert simulate("--city", "phu-ly", "--interval", "5m").exit_code == 0
    said = [one for one in lines(tmp_path / "out.jsonl") if one["topic"].endswith("telemetry")]
    assert all(one["topic"].split("/")[4].startswith("PL-") for one in said)
    assert {one["payload"]["seq"] for one in said} <= set(range(6))


def test_simulate_disorder_is_taken_from_options(simulate: Simulate, tmp_path: Path) -> None:
    assert simulate("--disorder", "batch_share=1", "--disorder", "batch_size=3").exit_code == 0
    said = [one for one in lines(tmp_path / "out.jsonl") if one["topic"].endswith("telemetry")]
    assert {len(one["payload"]) for one in said} == {3}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (["--city", "atlantis"], "no city 'atlantis'; known: phu-ly, tam-ky, or a .csv"),
        (["--city", "nowhere.csv"], "--city: 'nowhere.csv' cannot be read (No such file"),
        (["--scenario", "apocalypse"], "--scenario: no scenario 'apocalypse'; known:"),
        (["--from", "yesterday"], "--from is written like 2026-11-24T17:30:00+07:00, got 'yesterday'"),
        (["--speed", "-3"], "--speed is a positive number or max, got '-3'"),
        (["--speed", "warp"], "--speed is a positive number or max, got 'warp'"),
        (["--for", "0s"], "--for is longer than nothing, got '0s'"),
        (["--interval", "soon"], "--interval: a duration is written like"),
        (["--disorder", "late_share=2"], "--disorder: late_share is between 0 and 1, got 2.0"),
        (["--disorder", "mess=1"], "--disorder: Object contains unknown field `mess`"),
        (["--truth", "no/such/folder/t.jsonl"], "--truth: 'no/such/folder' is no folder"),
        (["--mqtt-password-file", "no-such-file"], "--mqtt-password-file: no password in 'no-such-file'"),
    ],
)
def test_simulate_says_in_one_sentence_what_is_wrong(
    simulate: Simulate, tmp_path: Path, wrong: list[str], words: str
) -> None:
    result = simulate(*wrong)
    assert result.exit_code != 0
    assert words in str(result.exception)
    assert not (tmp_path / "out.jsonl").exists()


def test_simulate_into_a_file_needs_an_end(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["simulate", "--out", str(tmp_path / "out.jsonl")])
    assert "--out needs --for" in str(result.exception)


def test_place_in_a_city_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "id: mine\nlabel: {vi: Của tôi, en: Mine}\ntimezone: Asia/Ho_Chi_Minh\nlatitude: 16\nlongitude: 108\n"
        'province_code: "48"\nareas:\n  - {slug: one, code: "own:1", label: {vi: Một, en: One},'
        " latitude: 16, longitude: 108}\n"
    )
    run = prepare(plan(city=str(file)))
    assert {device.area for device in run.city.devices} == {"one"}
    file.write_text("id: mine\n")
    with pytest.raises(StartError, match="cannot be used: Object missing required field"):
        find_place(str(file))


async def test_play_stops_when_it_is_told_and_keeps_the_truth_up_to_then() -> None:
    stop = asyncio.Event()

    class Nowhere:
        async def publish(self, _messages: Any) -> None:
            if run.simulation.now_ms >= START_MS + 3_600_000:
                stop.set()

    run = prepare(plan(to_ms=None, disorder=Disorder()))
    outcome = await asyncio.wait_for(play(run, Nowhere(), stop, lambda _now_ms, _sent: None), 30)
    assert outcome.simulated_ms == run.simulation.now_ms - START_MS >= 3_600_000
    assert outcome.counts["status"] == 20


@pytest.mark.mosquitto
async def test_play_brings_every_message_to_a_broker(tmp_path: Path) -> None:
    program = find_mosquitto()
    assert program is not None, "mosquitto is missing: make servers"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    broker = mosquitto(program, port, tmp_path)
    await broker.start()
    source = PahoSource(broker.address, "listener", ["ioc/v1/#"])
    source.start()
    await asyncio.wait_for(source.wait_subscribed(), 20)
    async with broker_sink(broker.address, "simulate-under-test") as publisher:
        outcome = await play(prepare(plan()), publisher, asyncio.Event(), lambda _now_ms, _sent: None)
    heard: list[RawMessage] = []
    while len(heard) < outcome.counts.total():
        arrived = await source.receive(1000, 10.0)
        assert arrived, f"{len(heard)} of {outcome.counts.total()} arrived"
        heard += arrived
        source.acknowledge(arrived)
    await source.stop()
    await broker.stop()
    orderly = prepare(plan()).simulation.advance(START_MS + 120_000)
    assert [(m.topic, m.payload) for m in heard] == [(m.topic, m.payload) for m in orderly]


async def test_broker_that_is_not_there_is_one_sentence() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = BrokerAddress(host="127.0.0.1", port=probe.getsockname()[1])
    with pytest.raises(StartError, match=r"did not answer within 0\.05 s; is the broker there"):
        async with broker_sink(address, "simulate-under-test", timeout_s=0.05):
            pass
