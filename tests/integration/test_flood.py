"""One device at a hundred times its rate beside others, through a real broker; and what is said of it."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.publishing import publish_all
from benchmarks.rig import fresh_broker
from benchmarks.run_process import Installation, RunProcess, ServiceApi, embedded_store, until
from devices.device import Device
from simulators.messages import OutgoingMessage
from store.telemetry import Selection

MINUTES = 250
FACTOR = 100
MINUTE_MS = 60_000
WEEK_MS = 7 * 24 * 60 * MINUTE_MS
STORED = 5_000
FLOOD, GATEWAY = "FLOOD-1", "GATEWAY-1"
OTHERS = [f"L{number}" for number in range(10)]
LAMPS = [
    Device(id=name, kind="streetlight", area="tam-ky", interval_s=60.0, attributes={"rated_w": 60.0})
    for name in (FLOOD, GATEWAY, *OTHERS)
]
END_MS = 2**42


def said(device: str, *times_ms: int) -> OutgoingMessage:
    body = [{"ts": at_ms, "seq": at_ms // 100 % 10**9, "power_w": 59.5} for at_ms in times_ms]
    return OutgoingMessage(0, f"ioc/v1/tam-ky/streetlight/{device}/telemetry", json.dumps(body).encode())


def everything(now_ms: int) -> Iterator[OutgoingMessage]:
    """Minute by minute what the lamps say; between, what a lamp has stored for days, as fast as it can."""
    begin_ms = now_ms - MINUTES * MINUTE_MS
    a_minute = STORED // MINUTES
    for minute in range(MINUTES):
        at_ms = begin_ms + minute * MINUTE_MS
        yield said(FLOOD, *range(at_ms, at_ms + MINUTE_MS, MINUTE_MS // FACTOR))
        stored_ms = now_ms - WEEK_MS + minute * a_minute * MINUTE_MS
        yield said(GATEWAY, *range(stored_ms, stored_ms + a_minute * MINUTE_MS, MINUTE_MS))
        for lamp in OTHERS:
            yield said(lamp, at_ms)


@contextmanager
def adding_up(api: ServiceApi) -> Iterator[list[int]]:
    """While the block runs, every answer of the metrics has to add up; how much each had received."""
    stop, received = threading.Event(), list[int]()
    wrong: list[dict[str, int]] = []

    def watch() -> None:
        while not stop.is_set():
            fates = api.fates()
            received.append(fates["received"])
            if 2 * fates["received"] != sum(fates.values()):
                wrong.append(fates)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield received
    finally:
        stop.set()
        thread.join()
    assert not wrong


def rows(installation: Installation) -> Counter[str]:
    """Stored readings by lamp."""
    selection = Selection(kind="streetlight", from_ms=0, to_ms=END_MS)
    with embedded_store(installation) as store:
        return Counter(name for batch in store.export(selection) for name in batch.frame["device"].to_list())


@pytest.mark.mosquitto
def test_flooding_device_is_limited_alone_and_every_record_is_accounted_for(tmp_path: Path) -> None:
    with fresh_broker(tmp_path / "broker") as broker:
        installation = Installation(tmp_path / "service", broker.port, LAMPS)
        api = ServiceApi(installation.http_port, installation.prepare())
        process = RunProcess(installation)
        try:
            process.wait_ready()
            with adding_up(api) as received:
                publish_all(broker, list(everything(time.time_ns() // 1_000_000)))
                until(lambda: api.fates()["pending"] == 0, "everything is written")
            metrics, fates = api.metrics(), api.fates()
            until(
                lambda: api.get("/v1/dead-letters/counts")["total"] == fates["dead_lettered"],
                "the excess is listed",
            )
            limited = api.get("/v1/dead-letters/counts")["by_reason"]
            until(
                lambda: bool(api.get("/v1/faults", rule="platform.flooding_device", state="active")["items"]),
                "the operator is told",
            )
            process.stop()
        finally:
            process.kill()
            api.close()
    stored = rows(installation)
    assert {lamp: stored[lamp] for lamp in OTHERS} == dict.fromkeys(OTHERS, MINUTES)
    assert stored[GATEWAY] == STORED
    assert limited == {"rate_limited": MINUTES * FACTOR - stored[FLOOD]}
    assert fates["dead_lettered"] == limited["rate_limited"] > MINUTES * FACTOR // 10
    assert metrics["ioc_intake_limited_devices"] == 1
    assert metrics["ioc_intake_records_total{kind=streetlight}"] == sum(stored.values())
    assert len(set(received)) > 2, "the metrics were asked while messages came"
