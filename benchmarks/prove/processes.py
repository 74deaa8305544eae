"""One city on two collectors by area, two API servers and two workers from deploy/; SIGKILL to each in turn.

mosquitto, InfluxDB and PostgreSQL are real. Devices report and cars speed all the while; clients follow the
live stream at both servers and over MQTT, and a web hook that removes duplicates is told of what breaks. At
the end nothing is missing and nothing stands twice: readings, violations, the numbers of the stream, and
notifications.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import make_url, text

from api.auth import Role
from app.areas import relations_across
from app.mqtt import BrokerAddress
from benchmarks.comparing import compare
from benchmarks.demo_process import free_port
from benchmarks.deployed import DeployedProcess, Machine
from benchmarks.influx_rig import influx_settings, running_influx, stored_in
from benchmarks.ingest.influx import InfluxProcess
from benchmarks.notified import OpenCasings, ToldHook, speakers
from benchmarks.passages import SpeedingCars
from benchmarks.publishing import publish_all
from benchmarks.rig import city_of_load, fresh_broker, load_messages
from benchmarks.run_process import ServiceApi, until
from benchmarks.stream_clients import MqttListener, StreamClient
from devices.clock import SystemClock
from devices.registry import Device, Registry
from simulators.load.fleet import LoadFleet
from simulators.load.plan import LoadPlan
from simulators.messages import OutgoingMessage
from store.operations.database import OperationsDatabase
from store.operations.devices import DeviceRepository
from store.operations.keys import KeyRepository
from tests.postgres_server import own_postgres, temporary_database

_DEVICES = 300
_RATE_PER_S, _LEAST_PER_S = 200, 60
"""Messages of all devices together; fewer than the least, and each would be silent for too long."""
_ROUNDS = 5
_HALVES = {"north": ("ban-thach", "huong-tra"), "south": ("quang-phu", "tam-ky")}
_TAKEOVER_S = 20.0
_PATIENCE_S = 300.0
"""For what comes about when detection has caught up: minutes on a machine that does much else."""
_LATE_S = 10.0
_NEW = Device(id="PROOF-L-NEW", kind="streetlight", area="tam-ky", attributes={"rated_w": 60.0})


@dataclass
class _City:
    """The running installation and those who look at it."""

    broker: BrokerAddress
    database: OperationsDatabase
    key: str
    collectors: Sequence[DeployedProcess]
    servers: Sequence[DeployedProcess]
    workers: Sequence[DeployedProcess]
    clients: Sequence[StreamClient]
    listener: MqttListener

    @property
    def processes(self) -> list[DeployedProcess]:
        """All of them."""
        return [*self.collectors, *self.servers, *self.workers]

    def leader(self) -> DeployedProcess | None:
        """The worker that says that it leads."""
        return next((worker for worker in self.workers if _leads(worker)), None)

    def last_number(self) -> int:
        """The newest number of the stream, in the store."""
        with self.database.read() as connection:
            return int(
                connection.execute(text("SELECT coalesce(max(stream_seq), 0) FROM outgoing")).scalar_one()
            )


def prove(scale: float, folder: Path) -> dict[str, Any]:
    """Kill each process in turn; the figures.

    Raises:
        AssertionError: something is missing or twice, nobody took over in time, or a stream stood still.
    """
    rounds = max(1, round(_ROUNDS * scale))
    ledger, told = folder / "ledger", ToldHook()
    with ExitStack() as stack:
        influx = stack.enter_context(running_influx(folder / "influxd"))
        broker = stack.enter_context(fresh_broker(folder / "broker"))
        url = stack.enter_context(temporary_database(stack.enter_context(own_postgres()).url))
        machine = Machine(folder)
        machine.write("secrets/influx-token", influx_settings(influx)["IOC_INFLUX_TOKEN"])
        more = told.settings(machine, stack.enter_context(told.served()))
        city = stack.enter_context(_running(machine, broker, url, {**_influx(influx), **more}))
        cars = stack.enter_context(SpeedingCars(broker, _cameras()))
        casings = stack.enter_context(OpenCasings(broker, _speakers()))
        plan = LoadPlan(
            host=broker.host,
            port=broker.port,
            rate_per_s=max(_LEAST_PER_S, round(_RATE_PER_S * scale)),
            processes=1,
            ledger=ledger,
        )
        with LoadFleet(plan, load_messages(_DEVICES)) as fleet:
            fleet.begin()
            _goes_on(city)
            told.wait_until_begun(city.database)
            takeovers_s = [_one_round(city, number) for number in range(rounds)]
            _check_registry_change(city)
            casings.close_all()
            told.wait_until_settled(city.database)
            casings.end()
            fleet.stop()
            fleet.wait()
        cars.end()
        _wait_for_the_end(city, cars)
        balance = [_balance(collector, city.key) for collector in city.collectors]
        stops_s = [process.stop() for process in reversed(city.processes)]
        figures = {**_check_operations(city, cars), **told.check(city.database)}
        with stored_in(influx) as store:
            compared = compare(ledger, store)
    compared.check()
    return {
        "kills": sum(process.starts - 1 for process in city.processes),
        "takeover_s": [round(seconds, 1) for seconds in takeovers_s],
        "received": sum(balance),
        **compared._asdict(),
        **figures,
        "slowest_stop_s": round(max(stops_s), 1),
    }


@contextmanager
def _running(
    machine: Machine, broker: BrokerAddress, url: str, more: Mapping[str, str | int]
) -> Iterator[_City]:
    """The installation, started in no particular order, and its observers."""
    areas = [area for half in _HALVES.values() for area in half]
    registry = Registry([*city_of_load(_DEVICES).devices, *_speakers()])
    assert not any(relations_across(registry, half) for half in _HALVES.values()), "the split cuts a relation"
    assert {device.area for device in registry.values()} == set(areas)
    _write_settings(machine, broker, url, more)
    database = OperationsDatabase.open(url)
    now_ms = SystemClock().now_ms()
    DeviceRepository(database).replace(registry, who="proof", at_ms=now_ms)
    key = KeyRepository(database).create("proof", Role.ADMIN, who="proof", at_ms=now_ms).token
    collectors = [_process(machine, "collect", name, _collector(name)) for name in _HALVES]
    servers = [_process(machine, "serve", str(number)) for number in (1, 2)]
    workers = [_process(machine, "work", str(number)) for number in (1, 2)]
    everything = [*collectors, *servers, *workers]
    with ExitStack() as stack:
        stack.callback(database.close)
        for process in everything:
            stack.callback(process.kill)
            process.start()
        for process in everything:
            process.wait_ready()
        urls = [server.url for server in servers]
        clients = [StreamClient(urls, key), StreamClient(urls[::-1], key)]
        for client in clients:
            stack.callback(client.end)
        listener = MqttListener(broker)
        stack.callback(listener.end)
        yield _City(broker, database, key, collectors, servers, workers, clients, listener)


def _influx(influx: InfluxProcess) -> dict[str, str | int]:
    """The settings that name an InfluxDB; its token stands in a file."""
    named = influx_settings(influx)
    return {
        "influx_url": named["IOC_INFLUX_URL"],
        "influx_org": named["IOC_INFLUX_ORG"],
        "influx_bucket": named["IOC_INFLUX_BUCKET"],
        "raw_days": int(named["IOC_RAW_DAYS"]),
    }


def _write_settings(machine: Machine, broker: BrokerAddress, url: str, more: Mapping[str, str | int]) -> None:
    """What the administrator writes once: the settings of all processes, and the secrets beside them."""
    operations = make_url(url)
    settings = {
        "city": "tam-ky",
        "mqtt_host": broker.host,
        "mqtt_port": broker.port,
        "operations_url": f"{operations.drivername}://{operations.username}@{operations.host}:{operations.port}"
        f"/{operations.database}",
        **more,
    }
    machine.write("ioc.toml", "\n".join(f"{name} = {json.dumps(value)}" for name, value in settings.items()))
    machine.write("secrets/operations-password", str(operations.password))
    for name in ("mqtt-collector", "mqtt-publisher"):
        machine.write(f"secrets/{name}", "this broker asks for none")


def _process(machine: Machine, unit: str, instance: str, more: str = "") -> DeployedProcess:
    port = free_port()
    machine.write(f"{unit}-{instance}.env", f"IOC_HTTP_PORT={port}\n{more}")
    return DeployedProcess(machine, unit, instance, port)


def _collector(name: str) -> str:
    return f"IOC_COLLECTOR_ID=collector-{name}\nIOC_AREAS={json.dumps(_HALVES[name])}\n"


def _speakers() -> list[Device]:
    return speakers([area for half in _HALVES.values() for area in half])


def _cameras() -> list[Device]:
    """One calibrated camera of each half."""
    cameras = [device for device in city_of_load(_DEVICES).devices if device.kind == "traffic-camera"]
    return [next(camera for camera in cameras if camera.area in half) for half in _HALVES.values()]


def _one_round(city: _City, number: int) -> float:
    """Kill the leader and one of each in turn, and start each again; how long the takeover took (seconds)."""
    leader = _the_leader(city)
    begin_s = time.monotonic()
    leader.kill()
    until(lambda: city.leader() is not None, "another worker leads", _TAKEOVER_S)
    _goes_on(city)
    took_s = time.monotonic() - begin_s
    leader.start()
    leader.wait_ready()
    follower = next(worker for worker in city.workers if worker is not city.leader())
    for process in (city.collectors[number % 2], city.servers[number % 2], follower):
        process.kill()
        if process.unit != "collect":
            _goes_on(city)
        process.start()
        process.wait_ready()
        _goes_on(city)
    return took_s


def _the_leader(city: _City) -> DeployedProcess:
    until(lambda: city.leader() is not None, "a worker leads", _TAKEOVER_S)
    leader = city.leader()
    assert leader is not None, "the leader changed although nobody was killed"
    return leader


def _goes_on(city: _City) -> None:
    """Return when every live stream, and MQTT, has brought something newer than what stands now."""
    now = city.last_number()
    until(lambda: all(client.last > now for client in city.clients), "every live stream goes on")
    until(lambda: max(city.listener.seen, default=0) > now, "MQTT goes on")


def _check_registry_change(city: _City) -> None:
    """Register a lamp at one server; its collector takes it in and the other server shows what it says."""
    first, second = city.servers
    headers = {"Authorization": f"Bearer {city.key}", "Content-Type": "text/csv"}
    content = f"id,kind,area,rated_w\n{_NEW.id},{_NEW.kind},{_NEW.area},60\n"
    httpx.post(
        f"{first.url}/v1/devices/import", headers=headers, content=content, timeout=30
    ).raise_for_status()
    body = {"seq": 1, "power_w": 59.5}
    topic = f"ioc/v1/{_NEW.area}/{_NEW.kind}/{_NEW.id}/telemetry"
    api = ServiceApi(second.http_port, city.key)

    def is_shown() -> bool:
        at_ms = time.time_ns() // 1_000_000
        publish_all(city.broker, [OutgoingMessage(at_ms, topic, json.dumps({"ts": at_ms, **body}).encode())])
        try:
            return api.get(f"/v1/devices/{_NEW.id}/latest")["reading"] is not None
        except httpx.HTTPStatusError:
            return False

    # What is shown comes from detection: on a busy machine the lamp waits behind all that is not read yet.
    until(lambda: max(_behind_s(city).values()) <= _LATE_S, "detection has read what had come", _PATIENCE_S)
    try:
        until(is_shown, "every process takes over the changed registry", _PATIENCE_S, poll_s=1.0)
    except AssertionError as error:
        raise AssertionError(f"{error}; detection is behind by {_behind_s(city)} s") from error
    finally:
        api.close()


def _behind_s(city: _City) -> dict[str, float]:
    """How long ago came what detection reads now, by collector."""
    found: dict[str, float] = {}
    for collector in city.collectors:
        api = ServiceApi(collector.http_port, city.key)
        found[collector.name] = api.metrics()["ioc_journal_age_seconds{consumer=detection}"]
        api.close()
    return found


def _wait_for_the_end(city: _City, cars: SpeedingCars) -> None:
    """Return when everything is written, judged, numbered and sent."""
    for collector in city.collectors:
        api = ServiceApi(collector.http_port, city.key)
        until(lambda api=api: api.fates()["pending"] <= 1, "everything is written")  # type: ignore[misc]
        api.close()
    until(lambda: _violations(city) >= len(cars.acknowledged), "every passage is judged")
    until(lambda: all(client.last == city.last_number() for client in city.clients), "streams have it all")
    until(lambda: max(city.listener.seen, default=0) == city.last_number(), "MQTT has it all")


def _balance(collector: DeployedProcess, key: str) -> int:
    """Records that a collector received, all of them with one fate.

    Raises:
        AssertionError: they do not add up.
    """
    api = ServiceApi(collector.http_port, key)
    fates = api.fates()
    api.close()
    received = fates.pop("received")
    assert received == sum(fates.values()), f"{collector.name}: {received} received, but {fates}"
    return received


def _violations(city: _City) -> int:
    with city.database.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM violations")).scalar_one())


def _check_operations(city: _City, cars: SpeedingCars) -> dict[str, Any]:
    """Compare what was found and what went out with what was said.

    Raises:
        AssertionError: something is missing or twice.
    """
    with city.database.read() as connection:
        events = connection.execute(text("SELECT event FROM violations")).scalars().all()
        rows = connection.execute(text("SELECT stream_seq, revision FROM outgoing ORDER BY stream_seq")).all()
        changes = connection.execute(text("SELECT count(*) FROM changes")).scalar_one()
    assert len(events) == len(set(events)), "a passage was judged twice"
    assert set(events) == cars.acknowledged, f"{len(cars.acknowledged ^ set(events))} passages differ"
    numbers, revisions = [row[0] for row in rows], [row[1] for row in rows]
    assert numbers == list(range(1, changes + 1)), "a number of the stream is missing or stands twice"
    assert revisions == sorted(set(revisions)), (
        "changes went out in another order than they were committed in"
    )
    for client in city.clients:
        assert client.seen == numbers, f"a client saw {len(client.seen)} numbers of {len(numbers)}"
    assert set(city.listener.seen) == set(numbers), "MQTT lacks a number"
    return {
        "passages": len(events),
        "stream": len(numbers),
        "stream_connections": [client.connections for client in city.clients],
        "mqtt_sent_again": sum(city.listener.seen.values()) - len(numbers),
    }


def _leads(worker: DeployedProcess) -> bool:
    """Whether a worker says that it leads; one that does not answer does not."""
    try:
        answer = httpx.get(f"{worker.url}/metrics", timeout=5.0)
    except httpx.HTTPError:
        return False
    return "ioc_leader 1.0" in answer.text
