"""Finding damage in SQLite's write-ahead log that SQLite itself passes over.

SQLite reads a log up to the first frame that does not match its checksum, and forgets the rest: right after a
torn write, silent loss after a damaged one. A torn write concerns the last commit only, which nobody was told
of; commits behind it were synced, and whoever sent them was.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["lost_commits"]

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGIC = 0x377F0682
_BIG_ENDIAN = 1
_MASK = 0xFFFFFFFF
_SUMMED_OF_HEADER, _SUMMED_OF_FRAME = 24, 8


class _Frame(NamedTuple):
    """A frame of the log: whose log it belongs to, whether a commit ends with it, and whether it is whole."""

    salts: tuple[int, int]
    is_commit: bool
    is_valid: bool


def lost_commits(wal: Path) -> int:
    """How many synced commits SQLite would pass over without a word; 0 for a log that is whole or torn."""
    try:
        log = wal.read_bytes()
    except FileNotFoundError:
        return 0
    if len(log) < _HEADER.size:
        return 0
    frames = list(_frames(log))
    readable = next((place for place, frame in enumerate(frames) if not frame.is_valid), len(frames))
    behind = frames[readable:]
    if not behind:
        return 0
    # A log that was begun anew has frames of the one before behind its own; they have other salts.
    salts = frames[0].salts if readable else _most_common(behind)
    commits = sum(frame.is_commit and _are_the_same(frame.salts, salts) for frame in behind)
    # The last one may be torn.
    return max(0, commits - 1)


def _frames(log: bytes) -> Iterator[_Frame]:
    magic, _, page, _, *salts, sum_0, sum_1 = _HEADER.unpack_from(log)
    order = ">" if magic & _BIG_ENDIAN else "<"
    sums = _summed(order, log[:_SUMMED_OF_HEADER], (0, 0))
    is_valid = magic & ~_BIG_ENDIAN == _MAGIC and sums == (sum_0, sum_1)
    if not is_valid:
        page = _page_bytes(log)
    for start in range(_HEADER.size, len(log) - _FRAME.size - page + 1, _FRAME.size + page):
        head = log[start : start + _FRAME.size]
        _, size, salt_0, salt_1, sum_0, sum_1 = _FRAME.unpack(head)
        if is_valid and [salt_0, salt_1] == salts:
            sums = _summed(order, head[:_SUMMED_OF_FRAME], sums)
            sums = _summed(order, log[start + _FRAME.size : start + _FRAME.size + page], sums)
            is_valid = sums == (sum_0, sum_1)
        else:
            is_valid = False
        yield _Frame((salt_0, salt_1), size != 0, is_valid)


def _page_bytes(log: bytes) -> int:
    """The page size of a log whose header is damaged: that at which its frames have the same salts."""
    sizes = [2**power for power in range(9, 17)]
    return next((size for size in sizes if _salts_at(log, 0, size) == _salts_at(log, 1, size)), 4096)


def _salts_at(log: bytes, place: int, page: int) -> bytes:
    start = _HEADER.size + place * (_FRAME.size + page) + 8
    return log[start : start + 8]


def _summed(order: str, data: bytes, sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    for one, two in struct.iter_unpack(f"{order}II", data):
        first = (first + one + second) & _MASK
        second = (second + two + first) & _MASK
    return first, second


def _are_the_same(some: tuple[int, int], others: tuple[int, int]) -> bool:
    """Whether salts are the same but for one flipped bit; those of another log differ in many."""
    return sum((one ^ other).bit_count() for one, other in zip(some, others, strict=True)) <= 1


def _most_common(frames: list[_Frame]) -> tuple[int, int]:
    salts = [frame.salts for frame in frames]
    return max(salts, key=salts.count)
