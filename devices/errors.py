"""Errors of this package, grouped by what the caller can do.

DevicesError
├── Rejected            input of a device that broke a rule: keep it as a dead letter, acknowledge, go on
├── RegistryError       the registry data is wrong: name the lines to the person who edits them
├── PlateError          text that is no number plate: keep the text, classify nothing
└── MqttPacketError     bytes that are no MQTT 5 packet: close the connection, it cannot be read on
"""

from collections.abc import Sequence
from enum import StrEnum

__all__ = ["DevicesError", "MqttPacketError", "PlateError", "RegistryError", "Rejected", "Rejection"]

_SHOWN_PROBLEMS = 5


class DevicesError(Exception):
    """Root of this package's errors."""


class Rejection(StrEnum):
    """The rule that rejected input broke; stable words, used in metrics and dead letters."""

    TOPIC = "topic"
    OVERSIZED = "oversized"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    SCHEMA = "schema"
    UNKNOWN_DEVICE = "unknown_device"
    WRONG_KIND = "wrong_kind"
    DEVICE_MISMATCH = "device_mismatch"
    UNSUPPORTED = "unsupported"
    STORE_REFUSED = "store_refused"
    RATE_LIMITED = "rate_limited"
    NO_BIRTH = "no_birth"


class Rejected(DevicesError):
    """Input that broke a rule.

    Attributes:
        reason: which rule.
        detail: the rule in words with the value seen, for the person who repairs the device.
        payload: the part of the message it concerns; None for the whole message.
        identity: who spoke where the registry does not know it, as `format:identity`. It may hold a MAC
            address, so it stands nowhere in the detail.
    """

    def __init__(
        self, reason: Rejection, detail: str, payload: bytes | None = None, *, identity: str | None = None
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.payload = payload
        self.identity = identity


class RegistryError(DevicesError):
    """Registry data that cannot be loaded.

    Attributes:
        problems: one sentence for each bad line, beginning with where it stands.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        more = len(problems) - _SHOWN_PROBLEMS
        shown = "; ".join(problems[:_SHOWN_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
        super().__init__(f"the registry has {len(problems)} problem(s): {shown}")
        self.problems = tuple(problems)


class PlateError(DevicesError):
    """Text that is no Vietnamese number plate."""

    def __init__(self, length: int) -> None:
        # The text itself is personal data and stays out of messages and logs.
        super().__init__(
            f"no Vietnamese number plate has this form ({length} characters); keep it unclassified"
        )
        self.length = length


class MqttPacketError(DevicesError):
    """Bytes of a connection that break MQTT 5. What follows them cannot be read either."""
