"""Chance that is the same in every process: seeds made from words, never from `hash`."""

import hashlib
from random import Random

__all__ = ["generator", "stable_seed", "wobble"]


def stable_seed(*parts: object) -> int:
    """A 64-bit number that depends only on the text of the parts."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def generator(*parts: object) -> Random:
    """A random generator of its own for whatever the parts name."""
    return Random(stable_seed(*parts))


def wobble(random: Random, share: float) -> float:
    """A factor around 1, at most `share` away: bounded, so that bad luck cannot leave a range."""
    return 1 + share * (2 * random.random() - 1)
