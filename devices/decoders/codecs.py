"""Codecs: what reads the raw bytes of a LoRaWAN uplink where its server has no formatter for them."""

import base64
import binascii
import importlib
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from devices.decoders.cayenne import cayenne_lpp
from devices.errors import Rejected, Rejection

__all__ = ["BUILT_IN", "Codec", "Codecs", "codec_named"]

Codec = Callable[[int, bytes], Mapping[str, Any]]
"""From port and raw bytes to values by name; raises ValueError, LookupError or ArithmeticError for bytes it
cannot read."""

_ANY = "*"


def _json(_port: int, raw: bytes) -> Mapping[str, Any]:
    return msgspec.json.decode(raw, type=dict[str, Any])


BUILT_IN: Mapping[str, Codec] = MappingProxyType({"cayenne-lpp": cayenne_lpp, "json": _json})


def codec_named(name: str) -> Codec:
    """The built-in codec of that name, or the function `package.module:function` names.

    Raises:
        ValueError: there is no such codec.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    module, _, attribute = name.partition(":")
    try:
        codec: Codec = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        known = ", ".join(sorted(BUILT_IN))
        raise ValueError(f"a codec is {known} or package.module:function, got {name!r}: {error}") from None
    return codec


class Codecs:
    """The codecs of one server's uplinks, by what the server calls a device's profile, model or application.

    `*` is for whatever none of them names.
    """

    def __init__(self, by_name: Mapping[str, Codec] = MappingProxyType({})) -> None:
        self._by_name = dict(by_name)

    def values(self, names: Iterable[object], port: object, data: object) -> Mapping[str, Any]:
        """What the codec of the first name that has one reads in the base64 text.

        Raises:
            Rejected: none has one, the text is no base64, or the codec cannot read the bytes.
        """
        called = [name for name in names if isinstance(name, str)]
        name = next((name for name in (*called, _ANY) if name in self._by_name), None)
        if name is None:
            shown = " or ".join(repr(name) for name in called) or "this device"
            raise Rejected(
                Rejection.UNSUPPORTED, f"no codec for {shown}; give the server one, or set payload_codecs"
            )
        if isinstance(port, bool) or not isinstance(port, int):
            raise Rejected(Rejection.SCHEMA, f"the port must be a number, got {type(port).__name__}")
        raw = _raw_bytes(data)
        try:
            return self._by_name[name](port, raw)
        except (ValueError, LookupError, ArithmeticError, RecursionError, msgspec.MsgspecError) as error:
            kind = type(error).__name__
            raise Rejected(
                Rejection.SCHEMA, f"the codec of {name!r} cannot read {len(raw)} bytes: {kind}"
            ) from None


def _raw_bytes(data: object) -> bytes:
    try:
        return base64.b64decode(data if isinstance(data, str) else "?", validate=True)
    except (binascii.Error, ValueError):
        raise Rejected(Rejection.SCHEMA, "the raw payload must be base64") from None
