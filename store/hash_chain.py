"""A chain of hashes over records: who changes, removes or inserts one breaks every link behind it."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

__all__ = ["GENESIS", "plain", "sealed"]

GENESIS = bytes(32)
"""What the first link of a chain follows."""


def sealed(previous: bytes, record: Mapping[str, Any]) -> bytes:
    """The link (SHA-256) of a record that follows another: over the link before, and the record's plain form.

    The order of members does not matter, nor does it whether the record came from a database or goes to one.
    """
    return hashlib.sha256(previous + msgspec.json.encode(plain(record), order="sorted")).digest()


def plain(record: Mapping[str, Any]) -> Any:
    """The record as JSON gives it back: what is stored and what is sealed are the same."""
    return msgspec.json.decode(msgspec.json.encode(record, enc_hook=_mapping))


def _mapping(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")
