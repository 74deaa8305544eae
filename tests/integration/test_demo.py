"""The demo as a whole, on a real broker: what a newcomer sees within the first minute."""

import asyncio
import io
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from app.demo import DemoOptions, run_demo
from app.demo_city import CityPlan
from app.errors import StartError
from app.service import ServiceFailedError
from app.settings import ServiceSettings
from app.summary import Summary

PATIENCE_S = 60.0
FAST = 300.0
MANY = 1000
Visit = Callable[[httpx.AsyncClient], Awaitable[None]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def options(data: Path, *, broker: str = "auto", http_port: int | None = None) -> DemoOptions:
    return DemoOptions(
        settings=ServiceSettings(data_dir=data, mqtt_port=free_port(), http_port=http_port or free_port()),
        plan=CityPlan(name="tam-ky", devices=100, seed=3, registry=None),
        speed=FAST,
        run_for_s=None,
        broker=broker,
    )


def children(parent: int) -> list[int]:
    """Ids of the mosquitto processes that a process started."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,comm=", "--ppid", str(parent)], capture_output=True, text=True, check=True
    )
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if "mosquitto" in line]


async def run(chosen: DemoOptions, visit: Visit) -> tuple[Summary, str]:
    """Run the demo, let a visitor use its API, stop it; its summary and its screen."""
    output = io.StringIO()
    stop = asyncio.Event()
    running = asyncio.create_task(run_demo(chosen, Console(file=output, width=200), stop))
    try:
        async with asyncio.timeout(PATIENCE_S):
            while "is ready" not in output.getvalue():
                assert not running.done(), running.exception()
                await asyncio.sleep(0.05)
            key = output.getvalue().split("export KEY=")[1].split()[0]
            base = f"http://127.0.0.1:{chosen.settings.http_port}"
            async with httpx.AsyncClient(base_url=base, headers={"Authorization": f"Bearer {key}"}) as client:
                await visit(client)
    finally:
        stop.set()
        summary = await running
    return summary, output.getvalue()


async def until(client: httpx.AsyncClient, path: str) -> Any:
    """The first item of a list, as soon as there is one."""
    while True:
        items = (await client.get(path)).raise_for_status().json()["items"]
        if items:
            return items[0]
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("broker", [pytest.param("mosquitto", marks=pytest.mark.mosquitto), "packaged"])
async def test_demo_shows_a_fault_and_a_violation_and_its_counts_add_up(tmp_path: Path, broker: str) -> None:
    async def visit(client: httpx.AsyncClient) -> None:
        fault = await until(client, "/v1/faults")
        violation = await until(client, "/v1/violations")
        assert fault["title"].keys() == {"vi", "en"}
        assert (violation["state"], violation["vehicle"]["plate_masked"]) == ("suspected", True)
        acknowledged = await client.post(f"/v1/faults/{fault['id']}/acknowledge", json={"comment": "seen"})
        assert acknowledged.json()["acknowledged"]["by"] == "ioc demo"
        latest = await until(client, "/v1/latest?kind=streetlight")
        assert latest["reading"]["values"]["voltage_v"] > 0
        assert (await client.get("/readyz")).json()["status"] == "ready"

    summary, screen = await run(options(tmp_path / "demo", broker=broker), visit)
    assert summary.adds_up
    assert (summary.pending, summary.dead_lettered) == (0, 0)
    assert min(summary.written, summary.events, summary.faults, summary.violations) > 0
    assert ("mosquitto" in screen) == (broker == "mosquitto")


@pytest.mark.mosquitto
async def test_demo_whose_broker_dies_ends_with_one_sentence(tmp_path: Path) -> None:
    async def kill_the_broker(_client: httpx.AsyncClient) -> None:
        for process in children(os.getpid()):
            os.kill(process, signal.SIGKILL)
        await asyncio.sleep(1)

    with pytest.raises(
        ServiceFailedError, match=r"the broker ended by itself; its words are in .*broker\.log"
    ):
        await run(options(tmp_path / "demo"), kill_the_broker)


@pytest.mark.mosquitto
async def test_demo_whose_broker_stalls_can_still_be_stopped(tmp_path: Path) -> None:
    stalled: list[int] = []

    async def stall_the_broker(_client: httpx.AsyncClient) -> None:
        stalled.extend(children(os.getpid()))
        for process in stalled:
            os.kill(process, signal.SIGSTOP)
        await asyncio.sleep(0.5)

    summary, _ = await run(options(tmp_path / "demo"), stall_the_broker)
    assert len(stalled) == 1
    assert summary.adds_up


@pytest.mark.mosquitto
async def test_demo_reads_its_own_broker_whatever_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IOC_MQTT_HOST", "192.0.2.1")

    async def look(client: httpx.AsyncClient) -> None:
        await until(client, "/v1/faults")

    summary, _ = await run(options(tmp_path / "demo"), look)
    assert summary.written > 0


@pytest.mark.mosquitto
async def test_demo_started_again_goes_on_where_it_stopped(tmp_path: Path) -> None:
    async def look(client: httpx.AsyncClient) -> None:
        await until(client, "/v1/faults")
        taken = 0.0
        while taken < MANY:
            metrics = (await client.get("/metrics")).text
            taken = float(metrics.split("\nioc_intake_messages_total ")[1].split()[0])

    first, _ = await run(options(tmp_path / "demo"), look)
    second, _ = await run(options(tmp_path / "demo"), look)
    assert second.adds_up
    assert second.written > first.written
    assert second.faults >= first.faults


async def test_demo_on_a_taken_http_port_says_so_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=rf"port {port} on 127\.0\.0\.1 cannot be used .*--http-port"):
            await run_demo(
                options(tmp_path / "demo", http_port=port), Console(file=io.StringIO()), asyncio.Event()
            )


async def test_demo_in_an_unwritable_place_says_so_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StartError, match=r"cannot be written .*--data"):
        await run_demo(options(tmp_path / "file" / "demo"), Console(file=io.StringIO()), asyncio.Event())


def test_demo_interrupted_from_the_keyboard_ends_with_its_summary(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.cli", "demo", "--devices", "50", "--data", str(tmp_path / "demo")]
    command += ["--mqtt-port", str(free_port()), "--http-port", str(free_port())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "Ctrl-C" in line:
                demo.send_signal(signal.SIGINT)
                break
        rest = demo.stdout.read()
        status = demo.wait(PATIENCE_S)
    assert status == 0, rest
    assert "adds up" in rest


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--devices", "3"], "Invalid value"),
        (["--for", "soon"], "ioc demo: --for: a duration is written like 90s"),
        (["--json", "nowhere/out.json"], "ioc demo: --json: 'nowhere' is no folder that can be written"),
        (["--registry", "nowhere.csv"], "ioc demo: the registry 'nowhere.csv' cannot be read (No such"),
        (["--broker", "pigeon"], "ioc demo: --broker must be one of auto, mosquitto, packaged"),
    ],
)
def test_demo_with_a_wrong_option_ends_with_a_clear_sentence(arguments: list[str], sentence: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "app.cli", "demo", *arguments], capture_output=True, text=True, check=False
    )
    assert ended.returncode != 0
    assert sentence in ended.stderr + ended.stdout


def test_demo_with_a_wrong_setting_names_it(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "app.cli", "demo", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"IOC_BATCH_MESSAGES": "many"},
    )
    assert ended.returncode != 0
    assert ended.stderr.startswith("ioc demo: IOC_BATCH_MESSAGES='many': Input should be a valid integer")


async def test_demo_with_a_damaged_beginning_says_so_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text("{")
    with pytest.raises(StartError, match=r"demo\.json' is damaged"):
        await run_demo(options(tmp_path), Console(file=io.StringIO()), asyncio.Event())
