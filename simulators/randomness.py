"""Chance that is the same in every process: seeds made from words, never from `hash`."""

import hashlib
from random import Random
from typing import Any

__all__ = ["Chance", "generator", "stable_seed", "wobble"]

_BITS = 16
_MASK = (1 << _BITS) - 1
_WORD = (1 << 64) - 1
_MIX = 0x9E3779B97F4A7C15  # odd and large, so that neighbouring keys share nothing
_WORD_BITS = 32


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


def _table() -> tuple[float, ...]:
    random = Random(1)
    return tuple(random.random() for _ in range(_MASK + 1))


class Chance(Random):
    """A generator that starts anew at a key for next to nothing; for the many who draw a few numbers each.

    Seeding the usual generator costs 5 µs, more than everything else in a report. This one walks through a
    table of 65,536 random numbers, and the key chooses where it begins and how far it steps: 2³¹ different
    walks, each long before it repeats.
    """

    _numbers = _table()

    def __init__(self, key: int = 0) -> None:
        self._at = self._step = 0
        super().__init__(0)
        self.start(key)

    def start(self, key: int) -> None:
        """Begin the walk of a key."""
        mixed = (key * _MIX) & _WORD
        mixed = (mixed ^ mixed >> 29) * _MIX >> 16
        self._at = mixed & _MASK
        self._step = (mixed >> _BITS | 1) & _MASK
        self.gauss_next = None

    def random(self) -> float:
        """The next number in [0, 1)."""
        at = self._at = (self._at + self._step) & _MASK
        return self._numbers[at]

    def getrandbits(self, k: int, /) -> int:
        """A number of `k` random bits."""
        if k <= _WORD_BITS:
            return int(self.random() * (1 << k))
        # Longer ones imitate digests: one draw places them, a digest makes them.
        at = (int(self.random() * (1 << _WORD_BITS)) << _WORD_BITS) | self._step
        digest = hashlib.blake2b(at.to_bytes(8, "big"), digest_size=-(-k // 8)).digest()
        return int.from_bytes(digest, "big") >> (-k % 8)

    def seed(self, *_args: Any, **_options: Any) -> None:
        """Nothing: a walk begins with `start`."""
