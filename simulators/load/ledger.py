"""The ledger: which messages the broker has acknowledged, so that a proof can ask where they are.

One file. Its first line is JSON: `{"format": "ioc-ledger/1", "stride": C, "devices": ["id", …]}`. Records of
24 bytes follow, little-endian: first (uint32), length (uint32), ts (int64, epoch ms), seq (int64). A record
says that the broker has acknowledged `length` messages with that ts and seq, one of each of the devices at
the places first, first + C, first + 2C, … of the header's list. (A connection serves every C-th device: a run
of messages is one record.) Every process appends whole records, each only after the PUBACK.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from simulators.load.errors import LedgerError

__all__ = ["Acknowledged", "LedgerWriter", "Run", "begin_ledger", "read_ledger"]

_FORMAT = "ioc-ledger/1"
_RECORD = struct.Struct("<IIqq")
# A write of no more than a page is done whole or not at all, also when the process is killed.
_RECORDS_AT_ONCE = 4096 // _RECORD.size


class Acknowledged(NamedTuple):
    """One message that the broker has acknowledged: device, time (epoch ms) and number."""

    device: str
    ts_ms: int
    seq: int


class Run(NamedTuple):
    """Messages with the same time and number, of `length` devices from the place `first` on."""

    first: int
    length: int
    ts_ms: int
    seq: int


def begin_ledger(path: Path, devices: Sequence[str], stride: int) -> None:
    """Write the header of a new ledger; an old one of that name is replaced.

    Raises:
        LedgerError: the file cannot be written.
    """
    header = msgspec.json.encode({"format": _FORMAT, "stride": stride, "devices": devices})
    try:
        path.write_bytes(header + b"\n")
    except OSError as error:
        raise LedgerError(f"the ledger {str(path)!r} cannot be written: {error.strerror}") from error


class LedgerWriter:
    """Appends what was acknowledged; several processes may append to one file."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND)
        self._waiting: list[bytes] = []

    def add(self, run: Run) -> None:
        """Note a run; it reaches the file with others."""
        self._waiting.append(_RECORD.pack(*run))
        if len(self._waiting) >= _RECORDS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what is noted."""
        if self._waiting:
            os.write(self._file, b"".join(self._waiting))
            self._waiting.clear()

    def close(self) -> None:
        """Write what is noted and close the file."""
        self.flush()
        os.close(self._file)


def read_ledger(path: Path) -> Iterator[Acknowledged]:
    """Every acknowledged message, in the order of the file.

    Raises:
        LedgerError: the file is no ledger, or holds something else than whole records.
    """
    with path.open("rb") as file:
        header = _header(path, file.readline())
        devices, stride = header["devices"], header["stride"]
        while data := file.read(_RECORD.size * 4096):
            if len(data) % _RECORD.size:
                raise LedgerError(f"the ledger {str(path)!r} ends within a record; it was cut off")
            for first, length, ts_ms, seq in _RECORD.iter_unpack(data):
                for place in range(first, first + length * stride, stride):
                    yield Acknowledged(devices[place], ts_ms, seq)


def _header(path: Path, line: bytes) -> dict[str, Any]:
    try:
        header = msgspec.json.decode(line)
    except msgspec.DecodeError:
        header = None
    if not isinstance(header, dict) or header.get("format") != _FORMAT:
        raise LedgerError(f"{str(path)!r} is no ledger: its first line does not name the format {_FORMAT!r}")
    return header
