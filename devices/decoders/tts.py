"""The Things Stack v3: uplinks and joins of its MQTT server, as JSON.

The server leaves out every zero, false and empty member of its own: a missing `f_cnt` is 0.
"""

from collections.abc import Mapping
from typing import Any, Self

from devices.decoders.codecs import Codecs
from devices.decoders.lorawan import best_signal, lorawan_values
from devices.decoders.measures import meaningful
from devices.decoders.options import DecoderOptions
from devices.decoders.vendor import VendorDecoder, child, json_object, utc_from_text
from devices.errors import Rejected, Rejection
from devices.messages import Devices, Ignored, RawMessage, Record, Status
from devices.registry import Device

__all__ = ["DECODER", "ThingsStackDecoder"]

_FEWEST_LEVELS = 4


class ThingsStackDecoder(VendorDecoder):
    """Uplinks become readings, joins a status; the identity is the `device_id`.

    `codecs` read raw bytes by the device's model or the application, where the server has no formatter.
    """

    name = "tts"
    filters = ("v3/+/devices/+/#",)

    def __init__(self, codecs: Codecs | None = None) -> None:
        super().__init__()
        self._codecs = codecs or Codecs()

    @classmethod
    def configured(cls, options: DecoderOptions) -> Self:
        """The decoder with the codecs that the operator set."""
        return cls(options.codecs(cls.name))

    def decode(self, message: RawMessage, devices: Devices) -> list[Record]:
        """The one record of an uplink or a join.

        Raises:
            Rejected: topic, device or payload broke a rule, or the server has no formatter for the bytes.
        """
        identity, channel = _topic_parts(message.topic)
        if channel not in {"up", "join"}:
            return [Ignored("not_an_uplink")]
        if message.retained:
            return [Ignored("retained")]
        payload = json_object(message.payload)
        device = self.device(devices, identity)
        named = child(payload, "end_device_ids").get("device_id", identity)
        if named != identity:
            raise Rejected(
                Rejection.DEVICE_MISMATCH, f"the topic is of {identity!r}, the payload names another device"
            )
        if payload.get("simulated") is True:
            return [Ignored("simulated")]
        if channel == "join":
            return [Status(device, online=True, retained=False)]
        return [self._uplink(device, payload)]

    def _uplink(self, device: Device, payload: Mapping[str, Any]) -> Record:
        uplink = child(payload, "uplink_message")
        decoded: Mapping[str, Any] = child(uplink, "decoded_payload")
        if not decoded and uplink.get("frm_payload"):
            application = child(child(payload, "end_device_ids"), "application_ids").get("application_id")
            names = (child(uplink, "version_ids").get("model_id"), application)
            decoded = self._codecs.values(names, uplink.get("f_port", 0), uplink["frm_payload"])
        if not decoded:
            return Ignored("empty_uplink")
        values = best_signal(device, uplink.get("rx_metadata")) | lorawan_values(device, decoded)
        times = (uplink.get("received_at"), child(uplink, "settings").get("time"), payload.get("received_at"))
        moments = (utc_from_text(time) for time in times)
        ts = next((moment for moment in moments if moment is not None), None)
        return meaningful(self.reading(device, values, ts=ts, seq=uplink.get("f_cnt", 0)))


def _topic_parts(topic: str) -> tuple[str, str]:
    """The device's id and what follows it."""
    levels = topic.split("/", _FEWEST_LEVELS)
    if len(levels) < _FEWEST_LEVELS:
        raise Rejected(Rejection.TOPIC, f"v3/application/devices/id/… is needed, got {topic!r}")
    return levels[3], "".join(levels[_FEWEST_LEVELS:])


DECODER = ThingsStackDecoder
