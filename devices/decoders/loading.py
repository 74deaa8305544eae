"""All message formats, found by looking into this folder; adding one is adding a file."""

import importlib
import pkgutil

import devices.decoders
from devices.decoders.options import DecoderOptions
from devices.decoders.vendor import VendorDecoder
from devices.messages import Decoder

__all__ = ["decoders"]


def decoders(options: DecoderOptions | None = None) -> list[Decoder]:
    """A fresh instance of every decoder with its options, sorted by name.

    Raises:
        ValueError: two decoders have the same name.
    """
    found: dict[str, Decoder] = {}
    for module_info in pkgutil.iter_modules(devices.decoders.__path__):
        module = importlib.import_module(f"devices.decoders.{module_info.name}")
        if not hasattr(module, "DECODER"):
            continue
        decoder = _made(module.DECODER, options or DecoderOptions())
        if decoder.name in found:
            raise ValueError(f"two decoders are named {decoder.name!r}")
        found[decoder.name] = decoder
    return [found[name] for name in sorted(found)]


def _made(decoder: type[Decoder], options: DecoderOptions) -> Decoder:
    return decoder.configured(options) if issubclass(decoder, VendorDecoder) else decoder()
