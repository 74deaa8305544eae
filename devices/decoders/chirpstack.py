"""ChirpStack v4: events of its MQTT integration, as JSON.

The server leaves zeros out of its own members (a missing `fCnt` is 0), never out of `object`.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from devices.decoders.lorawan import best_signal, lorawan_values
from devices.decoders.vendor import VendorDecoder, child, json_object, utc_from_text
from devices.errors import Rejected, Rejection
from devices.messages import Devices, Ignored, RawMessage, Record, Status
from devices.registry import Device

__all__ = ["DECODER", "ChirpStackDecoder", "Codec"]

Codec = Callable[[int, bytes], Mapping[str, Any]]
"""From port and raw bytes to values by name; raises ValueError, LookupError or ArithmeticError for bytes it
cannot read."""

_LEVELS = 6
_NO_CODECS: Mapping[str, Codec] = MappingProxyType({})


class ChirpStackDecoder(VendorDecoder):
    """Uplinks become readings, joins a status; the identity is the devEui in lower case.

    `codecs` read raw bytes by the name of the device's profile, where the server itself has no codec.
    """

    name = "chirpstack"
    filters = ("application/+/device/+/event/+",)

    def __init__(self, codecs: Mapping[str, Codec] = _NO_CODECS) -> None:
        super().__init__()
        self._codecs = codecs

    def decode(self, message: RawMessage, devices: Devices) -> list[Record]:
        """The one record of an event.

        Raises:
            Rejected: topic, device or payload broke a rule, or raw bytes came and no codec knows them.
        """
        eui, event = _topic_parts(message.topic)
        if event not in {"up", "join", "status"}:
            return [Ignored("not_an_uplink")]
        if message.retained:
            return [Ignored("retained")]
        payload = json_object(message.payload)
        device = self.device(devices, eui)
        info = child(payload, "deviceInfo")
        _check_identity(info.get("devEui"), eui)
        if event == "join":
            return [Status(device, online=True, retained=False)]
        if event == "status":
            # Battery and link margin of the radio: no kind has a field for them.
            return [Ignored("device_status")]
        return [self._uplink(device, payload, info)]

    def _uplink(self, device: Device, payload: Mapping[str, Any], info: Mapping[str, Any]) -> Record:
        decoded = child(payload, "object") or self._by_codec(payload, info)
        if decoded is None:
            return Ignored("empty_uplink")
        values = best_signal(device, payload.get("rxInfo")) | lorawan_values(decoded)
        return self.reading(device, values, ts=utc_from_text(payload.get("time")), seq=payload.get("fCnt", 0))

    def _by_codec(self, payload: Mapping[str, Any], info: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What the profile's codec reads in the raw bytes; None where the uplink carried none."""
        data = payload.get("data")
        if data is None or data == "":
            return None
        profile = info.get("deviceProfileName")
        codec = self._codecs.get(profile) if isinstance(profile, str) else None
        if codec is None:
            raise Rejected(Rejection.UNSUPPORTED, f"no codec for profile {profile!r}; give the server one")
        port = payload.get("fPort", 0)
        if not isinstance(port, int):
            raise Rejected(Rejection.SCHEMA, f"fPort must be a number, got {type(port).__name__}")
        raw = _raw_bytes(data)
        try:
            return codec(port, raw)
        except (ValueError, LookupError, ArithmeticError) as error:
            kind = type(error).__name__
            raise Rejected(
                Rejection.SCHEMA, f"the codec of {profile!r} cannot read {len(raw)} bytes: {kind}"
            ) from None


def _topic_parts(topic: str) -> tuple[str, str]:
    """The devEui in lower case and the event's name."""
    levels = topic.split("/")
    if len(levels) != _LEVELS:
        raise Rejected(Rejection.TOPIC, f"application/id/device/devEui/event/name is needed, got {topic!r}")
    return levels[3].lower(), levels[5]


def _check_identity(named: object, eui: str) -> None:
    if named is not None and (not isinstance(named, str) or named.lower() != eui):
        raise Rejected(
            Rejection.DEVICE_MISMATCH, f"the topic is of {eui!r}, the payload names another devEui"
        )


def _raw_bytes(data: object) -> bytes:
    try:
        return base64.b64decode(data if isinstance(data, str) else "?", validate=True)
    except (binascii.Error, ValueError):
        raise Rejected(Rejection.SCHEMA, "data must be base64") from None


DECODER = ChirpStackDecoder
