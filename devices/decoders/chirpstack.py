"""ChirpStack v4: events of its MQTT integration, as JSON.

The server leaves zeros out of its own members (a missing `fCnt` is 0), never out of `object`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from devices.decoders.codecs import Codecs
from devices.decoders.lorawan import best_signal, lorawan_values
from devices.decoders.measures import meaningful
from devices.decoders.options import DecoderOptions
from devices.decoders.vendor import VendorDecoder, child, json_object, utc_from_text
from devices.errors import Rejected, Rejection
from devices.messages import Devices, Ignored, RawMessage, Record, Status
from devices.registry import Device

__all__ = ["DECODER", "ChirpStackDecoder"]

_LEVELS = 6
_SPEAKING = frozenset({"join", "status"})
"""Events in which a device says no more than that it lives: its battery and margin are no field of ours."""
_NAMES = ("deviceProfileName", "deviceProfileId", "applicationName", "applicationId")


class ChirpStackDecoder(VendorDecoder):
    """Uplinks become readings, joins and device statuses a status; the identity is the devEui in lower case.

    `codecs` read raw bytes by the profile or the application, where the server itself has no codec.
    """

    name = "chirpstack"
    filters = ("application/+/device/+/event/+",)

    def __init__(self, codecs: Codecs | None = None) -> None:
        super().__init__()
        self._codecs = codecs or Codecs()

    @classmethod
    def configured(cls, options: DecoderOptions) -> Self:
        """The decoder with the codecs that the operator set."""
        return cls(options.codecs(cls.name))

    def decode(self, message: RawMessage, devices: Devices) -> list[Record]:
        """The one record of an event.

        Raises:
            Rejected: topic, device or payload broke a rule, or raw bytes came and no codec knows them.
        """
        eui, event = _topic_parts(message.topic)
        if event != "up" and event not in _SPEAKING:
            return [Ignored("not_an_uplink")]
        if message.retained:
            return [Ignored("retained")]
        payload = json_object(message.payload)
        device = self.device(devices, eui)
        info = child(payload, "deviceInfo")
        _check_identity(info.get("devEui"), eui)
        if event in _SPEAKING:
            return [Status(device, online=True, retained=False)]
        return [self._uplink(device, payload, info)]

    def _uplink(self, device: Device, payload: Mapping[str, Any], info: Mapping[str, Any]) -> Record:
        decoded: Mapping[str, Any] = child(payload, "object")
        if not decoded and payload.get("data"):
            names = (info.get(name) for name in _NAMES)
            decoded = self._codecs.values(names, payload.get("fPort", 0), payload["data"])
        if not decoded:
            return Ignored("empty_uplink")
        values = best_signal(device, payload.get("rxInfo")) | lorawan_values(device, decoded)
        return meaningful(self.reading(device, values, ts=_time(payload), seq=payload.get("fCnt", 0)))


def _time(payload: Mapping[str, Any]) -> datetime | None:
    """When the server heard the uplink, else when a gateway or its network server did."""
    receptions = payload.get("rxInfo")
    heard = [item for item in receptions if isinstance(item, dict)] if isinstance(receptions, list) else []
    times = (item.get(name) for item in heard for name in ("nsTime", "gwTime", "time"))
    moments = map(utc_from_text, (payload.get("time"), *times))
    return next((moment for moment in moments if moment is not None), None)


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


DECODER = ChirpStackDecoder
