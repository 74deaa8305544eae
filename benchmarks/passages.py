"""Cars that are too fast, one after the other, with a ledger of those that the broker has acknowledged."""

import asyncio
import json
import threading
import time
from collections.abc import Sequence
from typing import Self

from app.mqtt import BrokerAddress, PahoPublisher
from devices.registry import Device
from devices.topics import Channel, native_topic
from simulators.messages import OutgoingMessage

__all__ = ["SpeedingCars"]

_EVERY_S = 0.25
_SPEED_KMH = 95.0


class SpeedingCars:
    """Each passage is another car, so that each must become one suspected violation. Ends with the block."""

    def __init__(self, broker: BrokerAddress, cameras: Sequence[Device]) -> None:
        self._broker = broker
        self._cameras = tuple(cameras)
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self.acknowledged: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="speeding cars", daemon=True)

    def __enter__(self) -> Self:
        """Begin to drive."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Drive no more; everything published is acknowledged."""
        self.end()

    def end(self) -> None:
        """Return when the last passage is acknowledged. Idempotent.

        Raises:
            AssertionError: publishing failed.
        """
        self._stop.set()
        self._thread.join()
        assert self._error is None, f"the cars stopped by themselves: {self._error!r}"

    def _run(self) -> None:
        try:
            asyncio.run(self._drive())
        except BaseException as error:  # noqa: BLE001 - said by `end`, in the thread of the proof
            self._error = error

    async def _drive(self) -> None:
        publisher = PahoPublisher(self._broker, "proof-cars")
        await publisher.start()
        number = 0
        while not self._stop.is_set():
            number += 1
            batch = {f"car-{index}-{number}": camera for index, camera in enumerate(self._cameras)}
            await publisher.publish([_passage(name, camera, number) for name, camera in batch.items()])
            self.acknowledged |= set(batch)
            await asyncio.sleep(_EVERY_S)
        await publisher.stop()


def _passage(name: str, camera: Device, number: int) -> OutgoingMessage:
    at_ms = time.time_ns() // 1_000_000
    body = {
        "id": name,
        "ts": at_ms,
        "type": "passage",
        "lane": 1,
        "vehicles": [{"class": "car", "plate": f"92A-{number:05d}", "speed_kmh": _SPEED_KMH}],
        "images": [
            {"role": role, "url": f"https://evidence.example/{name}-{role}.jpg", "sha256": "a" * 64}
            for role in ("overview", "plate")
        ],
    }
    topic = native_topic(camera.area, camera.kind, camera.id, Channel.EVENT)
    return OutgoingMessage(at_ms, topic, json.dumps(body).encode())
