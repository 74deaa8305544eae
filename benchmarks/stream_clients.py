"""Clients of the live stream, over HTTP and MQTT, that note every number they are sent."""

import json
import threading
import time
from collections import Counter
from collections.abc import Sequence

import httpx

from app.mqtt import BrokerAddress, mqtt_client
from devices.topics import OUT

__all__ = ["MqttListener", "StreamClient"]

_AGAIN_S = 0.2
_TIMEOUT_S = 30.0


class StreamClient:
    """Follows `/v1/stream`; when a server goes away it goes on at the next one with `Last-Event-ID`."""

    def __init__(self, servers: Sequence[str], key: str) -> None:
        self._servers = tuple(servers)
        self._key = key
        self._ended = threading.Event()
        self.seen: list[int] = []
        self.connections = 0
        self._thread = threading.Thread(target=self._follow, name="stream client", daemon=True)
        self._thread.start()

    @property
    def last(self) -> int:
        """The newest number seen."""
        return self.seen[-1] if self.seen else 0

    def end(self) -> None:
        """Follow no more; the thread ends with its connection."""
        self._ended.set()

    def _follow(self) -> None:
        while not self._ended.is_set():
            server = self._servers[self.connections % len(self._servers)]
            self.connections += 1
            try:
                self._read(server)
            except httpx.HTTPError:
                time.sleep(_AGAIN_S)

    def _read(self, server: str) -> None:
        headers = {"Authorization": f"Bearer {self._key}", "Last-Event-ID": str(self.last)}
        number = 0
        with httpx.stream("GET", f"{server}/v1/stream", headers=headers, timeout=_TIMEOUT_S) as answer:
            answer.raise_for_status()
            for line in answer.iter_lines():
                if line.startswith("id: "):
                    number = int(line[4:])
                elif line.startswith("data: "):
                    assert json.loads(line[6:])["stream_seq"] == number
                    self.seen.append(number)
                if self._ended.is_set():
                    return


class MqttListener:
    """Hears everything under `ioc/v1/out`, in a session that outlives a lost connection."""

    def __init__(self, broker: BrokerAddress) -> None:
        self.seen: Counter[int] = Counter()
        self._client = mqtt_client(broker, "proof-integrator")
        self._client.on_connect = lambda client, *_: client.subscribe(f"{OUT}/#", qos=1)
        self._client.on_message = lambda _client, _data, message: self._note(bytes(message.payload))
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()

    def end(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def _note(self, payload: bytes) -> None:
        self.seen[json.loads(payload)["stream_seq"]] += 1
