"""A publisher for worker threads: it connects when it first has something to say."""

import threading
import time
from collections.abc import Sequence

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.reasoncodes import ReasonCode

from app.mqtt import BrokerAddress, mqtt_client

__all__ = ["MqttOut"]

_KEEP_ALIVE_S = 30
_ANSWER_S = 10.0


class MqttOut:
    """Publishes at QoS 1 and waits for the broker's answers. For one thread at a time."""

    def __init__(self, address: BrokerAddress, client_id: str) -> None:
        self._address = address
        self._client_id = client_id
        self._client: Client | None = None
        self._connected = threading.Event()

    def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish topics and payloads in their order; returns when the broker has acknowledged them all.

        Raises:
            ConnectionError: it has not within 10 s; some may have reached it.
        """
        client = self._connect()
        sent = [client.publish(topic, payload, qos=1) for topic, payload in messages]
        end_s = time.monotonic() + _ANSWER_S
        try:
            for each in sent:
                each.wait_for_publish(max(end_s - time.monotonic(), 0.001))
            answered = all(each.is_published() for each in sent)
        except (RuntimeError, ValueError):  # paho's way to say that there is no connection, or no room
            answered = False
        if not answered:
            self.close()  # what still waits must not go out behind what is published anew
            raise ConnectionError(f"the broker at {self._address} did not answer within {_ANSWER_S:.0f} s")

    def close(self) -> None:
        """Disconnect. Idempotent."""
        client, self._client = self._client, None
        self._connected.clear()
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _connect(self) -> Client:
        if self._client is None:
            self._client = mqtt_client(self._address, self._client_id)
            self._client.on_connect = self._on_connect
            self._client.connect_async(self._address.host, self._address.port, _KEEP_ALIVE_S)
            self._client.loop_start()
        if not self._connected.wait(_ANSWER_S):
            self.close()
            raise ConnectionError(f"the broker at {self._address} did not answer within {_ANSWER_S:.0f} s")
        return self._client

    def _on_connect(
        self, _client: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        if not reason.is_failure:
            self._connected.set()
