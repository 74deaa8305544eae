"""Where simulated messages go: a broker, or a file of JSON lines."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from app.errors import StartError
from app.mqtt import BrokerAddress, PahoPublisher
from simulators.driver import Publisher
from simulators.messages import OutgoingMessage, rfc3339_ms

__all__ = ["Counted", "LinesPublisher", "broker_sink", "file_sink"]


@dataclass
class LinesPublisher:
    """Writes messages instead of publishing them: one JSON object a line, the payload as it would go out."""

    file: BinaryIO

    async def publish(self, messages: Sequence[OutgoingMessage]) -> None:
        """Append messages in their order."""
        self.file.writelines(map(_line, messages))


def _line(message: OutgoingMessage) -> bytes:
    # Topics are made of letters, digits, - and _ only; payloads are JSON already.
    return b'{"at":"%s","topic":"%s","qos":%d,"retain":%s,"payload":%s}\n' % (
        rfc3339_ms(message.at_ms).encode(),
        message.topic.encode(),
        message.qos,
        b"true" if message.retain else b"false",
        message.payload,
    )


@dataclass
class Counted:
    """Passes messages on and counts them by the last level of their topic."""

    publisher: Publisher
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """All messages so far."""
        return self.counts.total()

    async def publish(self, messages: Sequence[OutgoingMessage]) -> None:
        """Publish, then count."""
        await self.publisher.publish(messages)
        self.counts.update(message.topic.rpartition("/")[2] for message in messages)


@asynccontextmanager
async def broker_sink(
    address: BrokerAddress, client_id: str, timeout_s: float = 10.0
) -> AsyncIterator[Publisher]:
    """A connection to a broker, waited for at most `timeout_s`, that is closed in the end.

    Raises:
        StartError: there is no broker, or it refused us.
    """
    publisher = PahoPublisher(address, client_id)
    try:
        await publisher.start(timeout_s)
        yield publisher
    except ConnectionError as error:
        raise StartError(f"{error}; is the broker there, and are user and password right?") from error
    finally:
        await publisher.stop()


@asynccontextmanager
async def file_sink(path: Path) -> AsyncIterator[Publisher]:
    """A file that messages are written to.

    Raises:
        StartError: it cannot be written.
    """
    try:
        file = path.open("wb", buffering=1 << 20)
    except OSError as error:
        raise StartError(f"--out: {str(path)!r} cannot be written ({error.strerror})") from error
    with file:
        yield LinesPublisher(file)
