"""Each thing that can be wrong with a broker, with a real one that has it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import trustme

from app.brokers import free_port
from app.doctor.broker import look_at_broker
from app.doctor.finding import Finding, Level
from app.mosquitto.principals import Role
from app.mosquitto.sizing import QueuePlan
from app.mqtt import BrokerAddress, PahoPublisher
from benchmarks.mosquitto_process import ShippedBroker
from devices.topics import NATIVE_FILTERS


@dataclass(frozen=True)
class Message:
    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShippedBroker]:
    folder = tmp_path_factory.mktemp("broker") / "shipped"
    shipped = ShippedBroker(folder, QueuePlan(rate_per_s=500, outage_s=60, message_bytes=300))
    shipped.issue(Role.COLLECTOR, "svc.collector")
    shipped.issue(Role.DEVICE, "TK-L-0001")
    shipped.issue(Role.DEVICE, "TK-L-0002")
    shipped.process.start()
    yield shipped
    shipped.process.end()


def worst(address: BrokerAddress) -> Finding:
    found = list(look_at_broker(address, list(NATIVE_FILTERS)))
    assert [one.level for one in found[:-1] if one.level is Level.BAD] == []
    return found[-1]


@pytest.mark.mosquitto
async def test_collector_hears_what_a_device_may_not(broker: ShippedBroker) -> None:
    device = PahoPublisher(broker.address("TK-L-0001"), "TK-L-0001")
    await device.start()
    await device.publish([Message("ioc/v1/tam-ky/streetlight/TK-L-0001/status", b'{"state":"online"}')])
    await device.stop()

    found = list(look_at_broker(broker.address("svc.collector"), list(NATIVE_FILTERS)))
    assert {one.level for one in found} == {Level.GOOD}
    assert [one.seen.split(" ")[-1] for one in found] == ["TLS", "in", "granted", "come"]

    # mosquitto grants it the subscription all the same.
    finding = worst(broker.address("TK-L-0002"))
    assert (finding.level, finding.seen) == (Level.NOTE, "no message came within 2 s")
    assert "ACL" in finding.to_do


@pytest.mark.mosquitto
def test_wrong_password_is_seen_and_not_shown(broker: ShippedBroker) -> None:
    finding = worst(replace(broker.address("svc.collector"), password="guessed"))
    assert (finding.level, finding.seen) == (Level.BAD, "it refuses the user 'svc.collector'")
    assert "guessed" not in str(finding)


def test_broker_that_refuses_a_subscription_is_seen_by_its_topic() -> None:
    connack, suback = bytes.fromhex("2003000000"), bytes.fromhex("9006000100018701")
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def answer() -> None:
            line, _ = server.accept()
            with line:
                for packet in (connack, suback):
                    line.recv(4096)
                    line.sendall(packet)

        answering = threading.Thread(target=answer)
        answering.start()
        finding = worst(BrokerAddress(host="127.0.0.1", port=server.getsockname()[1]))
        answering.join()
    assert (finding.level, finding.seen) == (
        Level.BAD, f"it does not let us subscribe to {list(NATIVE_FILTERS)[1]}",
    )  # fmt: skip


@pytest.mark.mosquitto
def test_certificate_of_another_authority_is_seen(broker: ShippedBroker, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.crt"))
    finding = worst(replace(broker.address("svc.collector"), ca_file=tmp_path / "other.crt"))
    assert (finding.level, "mqtt_ca_file" in finding.to_do) == (Level.BAD, True)
    assert "cannot be trusted" in finding.seen


@pytest.mark.mosquitto
def test_talking_plainly_to_a_tls_port_is_seen(broker: ShippedBroker) -> None:
    finding = worst(replace(broker.address("svc.collector"), tls=False))
    assert (finding.level, "mqtt_port" in finding.to_do) == (Level.BAD, True)


def test_port_where_nobody_listens_is_seen() -> None:
    finding = worst(BrokerAddress(host="127.0.0.1", port=free_port()))
    assert (finding.level, "cannot be reached" in finding.seen) == (Level.BAD, True)


def test_server_that_is_no_broker_is_seen() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def answer() -> None:
            line, _ = server.accept()
            with line:
                line.recv(1024)
                line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        answering = threading.Thread(target=answer)
        answering.start()
        finding = worst(BrokerAddress(host="127.0.0.1", port=server.getsockname()[1]))
        answering.join()
    assert finding.level is Level.BAD
    assert "MQTT 5" in finding.to_do


def test_authority_file_that_is_missing_is_seen(tmp_path: Path) -> None:
    address = BrokerAddress(host="127.0.0.1", port=1, tls=True, ca_file=tmp_path / "nowhere.crt")
    assert worst(address).level is Level.BAD
