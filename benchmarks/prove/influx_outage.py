"""InfluxDB killed, answering 503, losing its answers and hanging, while messages come at 500/s.

Nothing is missing and nothing stands twice; rules and latest states go on meanwhile; the operator is told;
afterwards the backlog goes in many times as fast as messages come. Full size is ten minutes of outage; the
smallest is as long as the rule that tells the operator needs.
"""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from app.mqtt import BrokerAddress
from benchmarks.comparing import compare
from benchmarks.http_proxy import Mood, MoodyProxy
from benchmarks.influx_rig import influx_settings, running_influx, stored_in
from benchmarks.ingest.influx import InfluxProcess
from benchmarks.publishing import publish_all
from benchmarks.rig import city_of_load, fresh_broker, load_messages
from benchmarks.run_process import Installation, RunProcess, ServiceApi, until
from devices.device import Device
from simulators.load.fleet import LoadFleet
from simulators.load.plan import LoadPlan
from simulators.messages import OutgoingMessage

_RATE_PER_S = 500
_DEVICES = 1_000
_OUTAGE_S = 600.0
_SHORTEST_S = 36.0
_SMALL = 0.1
_BEHIND_AFTER_S = 200.0
_CATCH_UP = 5.0
_CATCH_UP_SHORT = 2.5
_LEAD_S = 3.0
_FRESH_S = 10.0
_STOP_S = 20.0
_TIMEOUT_S = "5"
_CABINET = Device(id="PROOF-C-1", kind="lighting-cabinet", area="tam-ky", interval_s=10.0)
_READINGS = 12


def prove(scale: float, folder: Path) -> dict[str, Any]:
    """Let InfluxDB fail in every way; the figures.

    Raises:
        AssertionError: something is missing or twice, stood still, was not told, or caught up slowly.
    """
    outage_s = _OUTAGE_S * scale if scale > _SMALL else _SHORTEST_S
    ledger = folder / "ledger"
    with (
        running_influx(folder / "influxd") as influx,
        fresh_broker(folder / "broker") as broker,
        MoodyProxy(influx.port) as proxy,
    ):
        settings = influx_settings(influx, proxy.url) | {"IOC_INFLUX_TIMEOUT_S": _TIMEOUT_S}
        devices = (*city_of_load(_DEVICES).devices, _CABINET)
        installation = Installation(folder, broker.port, devices, settings)
        api = ServiceApi(installation.http_port, installation.prepare())
        process = RunProcess(installation)
        try:
            process.wait_ready()
            plan = LoadPlan(
                host=broker.host, port=broker.port, rate_per_s=_RATE_PER_S, processes=1, ledger=ledger
            )
            with LoadFleet(plan, load_messages(_DEVICES)) as fleet:
                fleet.begin()
                time.sleep(_LEAD_S)
                _fail(proxy, influx, outage_s)
                _check_meanwhile(api, broker, outage_s)
                caught_up = _catch_up(proxy, api)
                fleet.stop()
                fleet.wait()
            until(lambda: api.fates()["pending"] <= 1, "everything is written")
            until(lambda: not _told(api), "the operator is told that it is over")
            proxy.become(Mood.HANG)
            publish_all(broker, _phase_lost(1))
            time.sleep(_LEAD_S)
            stop_s = process.stop()
        finally:
            process.kill()
            api.close()
        with stored_in(influx) as store:
            compared = compare(ledger, store)
    compared.check()
    # A short backlog is mostly the beginning, when requests are still small.
    least = _CATCH_UP if scale >= 1 else _CATCH_UP_SHORT
    assert caught_up["multiple"] >= least, f"the backlog went in too slowly: {caught_up}"
    assert stop_s < _STOP_S, f"with a hanging InfluxDB the service took {stop_s:.0f} s to stop"
    return {
        "outage_s": round(outage_s),
        **compared._asdict(),
        "catch_up": caught_up,
        "stop_while_hanging_s": round(stop_s, 1),
    }


def _fail(proxy: MoodyProxy, influx: InfluxProcess, outage_s: float) -> None:
    """One failure after the other, without a break; the last one goes on."""
    part_s = outage_s / 4
    influx.kill()
    time.sleep(part_s)
    proxy.become(Mood.UNAVAILABLE)
    influx.start()
    time.sleep(part_s)
    proxy.become(Mood.MUTE)
    time.sleep(part_s)
    proxy.become(Mood.HANG)
    time.sleep(part_s)


def _check_meanwhile(api: ServiceApi, broker: BrokerAddress, outage_s: float) -> None:
    """Look at what must go on without a telemetry store.

    Raises:
        AssertionError: something does not.
    """
    expected = {"platform.store_lost"} | ({"platform.behind"} if outage_s > _BEHIND_AFTER_S else set())
    until(lambda: _told(api) >= expected, f"the operator is told of {sorted(expected)}")
    publish_all(broker, _phase_lost(_READINGS))
    until(lambda: bool(_active(api, "cabinet.phase_lost")), "a cabinet's fault is found")
    now_s = time.time()
    ages_s = [
        now_s - datetime.fromisoformat(item["reading"]["measured_at"]).timestamp()
        for item in api.every("/v1/latest")
        if item["reading"] is not None
    ]
    fresh = sum(age_s < _FRESH_S for age_s in ages_s)
    assert fresh >= _DEVICES * 0.9, f"{fresh} of {_DEVICES} latest states are fresh"


def _catch_up(proxy: MoodyProxy, api: ServiceApi) -> dict[str, float]:
    """Let InfluxDB work again; how fast the backlog goes in, from the first request on."""
    before = api.fates()
    begin_s = time.monotonic()
    proxy.become(Mood.WORK)
    until(lambda: api.fates()["pending"] < _RATE_PER_S, "the backlog is written")
    end_s, after = time.monotonic(), api.fates()
    first_s = proxy.served_since_s or begin_s
    written = after["written"] - before["written"]
    return {
        "backlog": before["pending"],
        "waited_s": round(first_s - begin_s, 1),
        "took_s": round(end_s - first_s, 1),
        "multiple": round(written / (end_s - first_s) / _RATE_PER_S, 1),
    }


def _phase_lost(count: int) -> list[OutgoingMessage]:
    """What a cabinet without its third phase has stored up to now, one reading in ten seconds."""
    now_ms = time.time_ns() // 1_000_000
    topic = f"ioc/v1/{_CABINET.area}/{_CABINET.kind}/{_CABINET.id}/telemetry"
    voltages = {"voltage_l1_v": 229.0, "voltage_l2_v": 231.0, "voltage_l3_v": 4.0}
    times = (now_ms - back * 10_000 for back in reversed(range(count)))
    return [
        OutgoingMessage(at_ms, topic, json.dumps({"ts": at_ms, "seq": at_ms, **voltages}).encode())
        for at_ms in times
    ]


def _told(api: ServiceApi) -> set[str]:
    """What an operator is told of the store now."""
    return {rule for rule in ("platform.store_lost", "platform.behind") if _active(api, rule)}


def _active(api: ServiceApi, rule: str) -> list[Any]:
    return list(api.every("/v1/faults", state="active", rule=rule))
