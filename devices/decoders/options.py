"""What an operator sets about formats: things that no message tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from devices.decoders.codecs import Codecs, codec_named

__all__ = ["DecoderOptions"]

_WITH_CODECS = ("chirpstack", "tts")


@dataclass(frozen=True, kw_only=True)
class DecoderOptions:
    """Options of all formats, checked as a whole.

    `frigate_speed_unit` is how the Frigate server is configured. `payload_codecs` names the codec of raw
    LoRaWAN bytes by `format:name`, the name being that of the device's profile, model or application at the
    server, or `*`: `{"chirpstack:Lamp controller": "cayenne-lpp", "tts:street-app": "city.codecs:lamp"}`.

    Raises:
        ValueError: a codec is unknown, or stands under a format that has none.
    """

    frigate_speed_unit: Literal["kmh", "mph"] = "kmh"
    payload_codecs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for key, codec in self.payload_codecs.items():
            form, _, name = key.partition(":")
            if form not in _WITH_CODECS or not name:
                raise ValueError(
                    f"a codec stands under chirpstack:name or tts:name, got {key!r}; name the profile,"
                    " the model or the application"
                )
            codec_named(codec)

    def codecs(self, form: str) -> Codecs:
        """The codecs of one format."""
        prefix = f"{form}:"
        own = {
            key.removeprefix(prefix): name
            for key, name in self.payload_codecs.items()
            if key.startswith(prefix)
        }
        return Codecs({key: codec_named(name) for key, name in own.items()})
