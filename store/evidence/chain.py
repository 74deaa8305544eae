"""The arithmetic of the chain: a link's hash covers its body and the hash before it.

A body is canonical JSON. Personal values stand in it as SHA-256 over a random salt and the value: when value
and salt are erased the body stays as it was, and nobody can find the value by trying all plates.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["GENESIS", "Link", "LinkKind", "canonical", "link_hash", "new_salt", "salted"]

GENESIS = "0" * 64
"""What the first link follows."""
_SALT_BYTES = 32


class LinkKind(StrEnum):
    """What a link tells of."""

    SUSPECTED = "suspected"
    """A violation as detection found it."""
    DECISION = "decision"
    """A row of a violation's history."""
    PICTURE = "picture"
    """A picture that was kept."""
    REMOVED = "removed"
    """Something that retention or an erasure took away, lawfully."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link as it stands in the chain."""

    number: int
    at_ms: int
    kind: str
    violation: str
    body: str
    previous: str
    hash: str

    @property
    def members(self) -> dict[str, Any]:
        """What the body says."""
        members: dict[str, Any] = json.loads(self.body)
        return members

    def expected_hash(self) -> str:
        """The hash that the link has if nobody touched it."""
        head = {"number": self.number, "at_ms": self.at_ms, "kind": self.kind, "violation": self.violation}
        return link_hash(self.previous, head, self.body)


def link_hash(previous: str, head: Mapping[str, Any], body: str) -> str:
    """The hash over all of a link and the hash before it."""
    return hashlib.sha256(f"{previous}\n{canonical(head)}\n{body}".encode()).hexdigest()


def canonical(value: Any) -> str:
    """JSON that is the same for the same value: sorted members, no spaces, no escapes of letters."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def new_salt() -> str:
    """32 random bytes in hex."""
    return secrets.token_hex(_SALT_BYTES)


def salted(salt: str, value: Any) -> str:
    """The hash that stands for a personal value."""
    return hashlib.sha256(f"{salt}\n{canonical(value)}".encode()).hexdigest()
