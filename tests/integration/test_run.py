"""`ioc run` as a process: at a real broker, without one, and told to stop."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.brokers import find_mosquitto, mosquitto
from app.mqtt import PahoPublisher
from devices.registry import Device
from devices.registry_files import write_csv
from simulators.messages import OutgoingMessage

PATIENCE_S = 120.0
LAMP = Device(id="L1", kind="streetlight", area="tam-ky", attributes={"rated_w": 60.0})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def service(data: Path, http_port: int, mqtt_port: int, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    environment = dict(os.environ) | {
        "IOC_DATA_DIR": str(data),
        "IOC_HTTP_PORT": str(http_port),
        "IOC_MQTT_PORT": str(mqtt_port),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "run", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def answered(http: httpx.Client, path: str, wanted: Any) -> Any:
    """What the API answers once it is what was wanted of it."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        try:
            answer = http.get(path).json()
        except (httpx.TransportError, ValueError):
            continue
        if wanted(answer):
            return answer
    raise AssertionError(f"{path} never became what was wanted")


def key_of(data: Path) -> str:
    made = subprocess.run(
        [sys.executable, "-m", "app.cli", "keys", "create", "test", "--role", "admin", "--data", str(data)],
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


@pytest.mark.mosquitto
async def test_run_takes_in_what_devices_say_and_stops_when_told(tmp_path: Path) -> None:
    program = find_mosquitto()
    assert program is not None, "mosquitto is missing: make servers"
    broker = mosquitto(program, free_port(), tmp_path / "broker")
    await broker.start()
    registry = tmp_path / "devices.csv"
    write_csv([LAMP], registry)
    key = key_of(tmp_path / "data")
    http_port = free_port()
    with service(tmp_path / "data", http_port, broker.address.port, "--registry", str(registry)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"ready http://127.0.0.1:{http_port}\n"
        publisher = PahoPublisher(broker.address, "lamp")
        await publisher.start()
        body = json.dumps({"ts": time.time_ns() // 1_000_000, "seq": 1, "power_w": 61.5}).encode()
        await publisher.publish([OutgoingMessage(0, "ioc/v1/tam-ky/streetlight/L1/telemetry", body)])
        await publisher.stop()
        with httpx.Client(
            base_url=f"http://127.0.0.1:{http_port}", headers={"Authorization": f"Bearer {key}"}
        ) as http:
            latest = answered(http, "/v1/devices/L1/latest", lambda it: it.get("reading"))
            assert latest["reading"]["values"]["power_w"] == 61.5
            ours = answered(http, "/v1/devices/collector-1/latest", lambda it: it.get("reading"))
            assert ours["reading"]["values"]["broker_connected"] is True
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    await broker.stop()


def test_run_without_a_broker_answers_and_says_so_and_stops(tmp_path: Path) -> None:
    http_port = free_port()
    with (
        service(tmp_path, http_port, free_port()) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{http_port}") as http,
    ):
        health = answered(http, "/readyz", lambda it: "broker" in it.get("checks", {}))
        assert health["checks"]["broker"]["ok"] is False
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("IOC_MQTT_PORT", "0", "IOC_MQTT_PORT='0'"),
        ("IOC_CITY", "hue", "no city 'hue'; known: phu-ly, tam-ky"),
    ],
)
def test_run_with_a_wrong_setting_says_which(tmp_path: Path, name: str, value: str, words: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "app.cli", "run"],
        env=dict(os.environ) | {"IOC_DATA_DIR": str(tmp_path), name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    assert words in found.stderr
