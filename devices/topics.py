"""The grammar of native MQTT topics. The only place that knows it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from devices.errors import Rejected, Rejection

__all__ = [
    "DEVICE_ID",
    "NATIVE_FILTERS",
    "OUT",
    "Channel",
    "Topic",
    "native_filters",
    "native_topic",
    "out_topic",
    "parse_native",
]

PREFIX = "ioc/v1"
DEVICE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SEGMENT = re.compile(r"[a-z0-9-]{1,64}")


OUT = f"{PREFIX}/out"
"""Where the service itself speaks, to integrators."""


class Channel(StrEnum):
    """What travels on a device's topic."""

    TELEMETRY = "telemetry"
    EVENT = "event"
    STATUS = "status"
    COMMAND = "command"
    COMMAND_ACK = "command/ack"


_INCOMING = (Channel.TELEMETRY, Channel.EVENT, Channel.STATUS)


def native_filters(areas: Iterable[str]) -> tuple[str, ...]:
    """What a collector of some areas subscribes to for native devices."""
    return tuple(f"{PREFIX}/{area}/+/+/{channel}" for area in sorted(areas) for channel in _INCOMING)


NATIVE_FILTERS = native_filters("+")
"""What a collector of the whole city subscribes to for native devices."""


@dataclass(frozen=True)
class Topic:
    """A native topic taken apart."""

    area: str
    kind: str
    device: str
    channel: Channel


def native_topic(area: str, kind: str, device: str, channel: Channel) -> str:
    """The topic a device of that area and kind uses for that channel."""
    return f"{PREFIX}/{area}/{kind}/{device}/{channel}"


def out_topic(what: str, area: str, kind: str, device: str) -> str:
    """The topic of what the service says of a device: `what` is fault, incident or violation."""
    return f"{OUT}/{what}/{area}/{kind}/{device}"


def parse_native(topic: str) -> Topic:
    """Take a native topic apart.

    Raises:
        Rejected: the topic does not follow `ioc/v1/{area}/{kind}/{device}/{channel}`.
    """
    parts = topic.split("/", 5)
    if len(parts) != 6 or f"{parts[0]}/{parts[1]}" != PREFIX:  # noqa: PLR2004 - the grammar has six parts
        raise Rejected(Rejection.TOPIC, f"a native topic is {PREFIX}/area/kind/device/channel, got {topic!r}")
    _, _, area, kind, device, channel = parts
    if not DEVICE_ID.fullmatch(device):
        raise Rejected(Rejection.TOPIC, f"a device id is 1 to 64 of A-Z a-z 0-9 _ -, got {device!r}")
    if not (_SEGMENT.fullmatch(area) and _SEGMENT.fullmatch(kind)):
        raise Rejected(
            Rejection.TOPIC, f"area and kind are lower-case words with hyphens, got {area!r} and {kind!r}"
        )
    try:
        return Topic(area, kind, device, Channel(channel))
    except ValueError:
        raise Rejected(Rejection.TOPIC, f"unknown channel {channel!r}; known: {', '.join(Channel)}") from None
