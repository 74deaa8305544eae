"""What the broker says of itself on `$SYS`: above all how many messages it dropped."""

from typing import Final

from devices.messages import Devices, Ignored, RawMessage, Record

__all__ = ["BrokerStatistics"]

_PREFIX = "$SYS/broker/"
_DROPPED = f"{_PREFIX}publish/messages/dropped"


class BrokerStatistics:
    """Remembers the latest figures; mosquitto's names, which other brokers do not publish.

    A decoder like the others, so that the figures come over the collector's one connection.
    """

    name: Final = "broker-statistics"
    filters = (_DROPPED,)

    def __init__(self) -> None:
        self._figures: dict[str, int] = {}

    @property
    def dropped_count(self) -> int | None:
        """Messages dropped since the broker was started; None while it has not said."""
        return self._figures.get(_DROPPED)

    def decode(self, message: RawMessage, devices: Devices) -> list[Record]:  # noqa: ARG002 - the protocol's
        """Nothing to keep: a figure is remembered, anything else is passed over."""
        text = message.payload.strip()
        if text.isdigit():
            self._figures[message.topic] = int(text)
        return [Ignored("broker_statistics")]

    def misplaced(self) -> dict[tuple[str, str], int]:
        """No area stands in these topics."""
        return {}

    def unknown_fields(self) -> dict[tuple[str, str], int]:
        """No fields either."""
        return {}
