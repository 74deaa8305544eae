"""Publishing a few messages of one's own beside the load."""

import asyncio
from collections.abc import Sequence

from app.mqtt import BrokerAddress, PahoPublisher
from simulators.messages import OutgoingMessage

__all__ = ["publish_all"]


def publish_all(broker: BrokerAddress, messages: Sequence[OutgoingMessage]) -> None:
    """Publish in order over a connection of its own; returns when the broker has acknowledged all.

    Raises:
        ConnectionError: there is no broker.
    """
    asyncio.run(_publish(PahoPublisher(broker, "proof"), messages))


async def _publish(publisher: PahoPublisher, messages: Sequence[OutgoingMessage]) -> None:
    await publisher.start()
    try:
        await publisher.publish(messages)
    finally:
        await publisher.stop()
