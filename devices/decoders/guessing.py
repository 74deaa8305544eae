"""What kind of device an unknown speaker probably is."""

from collections.abc import Mapping
from functools import cache

from devices.catalogue import kinds
from devices.decoders.loading import decoders
from devices.decoders.native import NativeDecoder
from devices.decoders.vendor import VendorDecoder
from devices.errors import Rejected
from devices.topics import parse_native

__all__ = ["guessed_kind"]


def guessed_kind(identity: str, topic: str) -> str | None:
    """The kind that a native topic names, or that a vendor's format usually speaks of; None if unknown."""
    name = identity.partition(":")[0]
    if name != NativeDecoder.name:
        return _usual_kinds().get(name)
    try:
        kind = parse_native(topic).kind
    except Rejected:
        return None
    return kind if kind in kinds() else None


@cache
def _usual_kinds() -> Mapping[str, str]:
    return {d.name: d.usual_kind for d in decoders() if isinstance(d, VendorDecoder) and d.usual_kind}
