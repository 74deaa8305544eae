"""A dump as bytes on the way from a running service: one frame after another.

A frame is a JSON header of one line and a body of Arrow. The first one has the plan, the last one the sums:
without it the dump broke off.
"""

from collections.abc import Iterator
from io import BytesIO

import msgspec
import polars as pl
from msgspec import Struct

from store.backup.chunks import Chunk, Part, Plan, Tally
from store.backup.errors import DumpBrokenError

__all__ = ["Dump", "packed", "unpacked"]

Dump = tuple[Plan, Iterator[Chunk]]
"""What will come, and the chunks."""

_LONGEST_HEADER_BYTES = 64 * 1_048_576


class _Header(Struct, frozen=True, omit_defaults=True):
    body: int = 0
    plan: Plan | None = None
    part: str = ""
    number: int = 0
    sum: str = ""
    end: dict[str, Part] | None = None


def packed(dump: Dump) -> Iterator[bytes]:
    """The frames of a dump."""
    plan, chunks = dump
    tally = Tally()
    tally.begin(plan.rows.keys())
    yield _line(_Header(plan=plan))
    for chunk in chunks:
        tally.add(chunk)
        body = BytesIO()
        chunk.frame.write_ipc_stream(body, compression="zstd")
        header = _Header(body=body.tell(), part=chunk.part, number=chunk.number, sum=chunk.sum)
        yield _line(header)
        yield body.getvalue()
    yield _line(_Header(end=tally.parts()))


def unpacked(pieces: Iterator[bytes]) -> Dump:
    """The dump in frames, each chunk checked.

    Raises:
        DumpBrokenError: there is no plan; or, while the chunks are read, they end early or are damaged.
    """
    reader = _Reader(pieces)
    plan = reader.header().plan
    if plan is None:
        raise DumpBrokenError("it does not begin with a plan")
    return plan, _chunks(reader, plan)


def _chunks(reader: "_Reader", plan: Plan) -> Iterator[Chunk]:
    tally = Tally()
    tally.begin(plan.rows.keys())
    while (header := reader.header()).end is None:
        chunk = Chunk.of(header.part, header.number, pl.read_ipc_stream(BytesIO(reader.bytes(header.body))))
        if chunk.sum != header.sum:
            raise DumpBrokenError(f"a chunk of {header.part} arrived damaged")
        tally.add(chunk)
        yield chunk
    if header.end != tally.parts():
        raise DumpBrokenError("not all of it arrived")


class _Reader:
    """Bytes in pieces of any size, taken as lines and bodies."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._waiting = bytearray()

    def header(self) -> _Header:
        """The next header.

        Raises:
            DumpBrokenError: there is none.
        """
        while (end := self._waiting.find(b"\n")) < 0:
            if len(self._waiting) > _LONGEST_HEADER_BYTES:
                raise DumpBrokenError("there is no header where one should be")
            self._fetch()
        line = self.bytes(end + 1)
        try:
            return msgspec.json.decode(line, type=_Header)
        except msgspec.MsgspecError as error:
            raise DumpBrokenError(f"a header cannot be read ({error})") from error

    def bytes(self, count: int) -> bytes:
        """So many bytes.

        Raises:
            DumpBrokenError: there are fewer.
        """
        while len(self._waiting) < count:
            self._fetch()
        taken = bytes(self._waiting[:count])
        del self._waiting[:count]
        return taken

    def _fetch(self) -> None:
        piece = next(self._pieces, None)
        if piece is None:
            raise DumpBrokenError("it has no end")
        self._waiting += piece


def _line(header: _Header) -> bytes:
    return msgspec.json.encode(header) + b"\n"
