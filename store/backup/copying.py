"""Telemetry from one place to another, hour by hour; what broke off goes on behind the last hour done."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from devices.refused import REFUSAL
from store.backup.chunks import TELEMETRY, Chunk
from store.backup.errors import BackupError, TargetDiffersError
from store.backup.folder import Backup
from store.backup.telemetry import TelemetryDump, chunk_of, load_telemetry
from store.telemetry import TelemetryStore

__all__ = ["BackupSource", "Checkpoint", "Source", "StoreSource", "copy"]


class Source(Protocol):
    """Where telemetry is copied from."""

    def rows(self) -> Mapping[str, int]:
        """How many rows each part has."""
        ...

    def after(self, part: str, hour: int | None) -> Iterator[Chunk]:
        """The hours of a part behind one, in order; all where there is none."""
        ...


class StoreSource:
    """A store, by the hours that have rows when this is made."""

    def __init__(self, store: TelemetryStore) -> None:
        self._store = store
        self._dump = TelemetryDump(store)

    def rows(self) -> Mapping[str, int]:
        """How many rows each part has."""
        return self._dump.rows()

    def after(self, part: str, hour: int | None) -> Iterator[Chunk]:
        """The hours of a part behind one, in order."""
        name = part.removeprefix(TELEMETRY)
        for number in self._dump.chunks_of(name):
            if hour is None or number > hour:
                yield chunk_of(self._store, name, number)


class BackupSource:
    """The telemetry in a backup."""

    def __init__(self, backup: Backup) -> None:
        self._backup = backup

    def rows(self) -> Mapping[str, int]:
        """How many rows each part has."""
        parts = self._backup.manifest.parts
        return {name: part.rows for name, part in parts.items() if name.startswith(TELEMETRY)}

    def after(self, part: str, hour: int | None) -> Iterator[Chunk]:
        """The hours of a part behind one, in order."""
        yield from self._backup.chunks(part, hour)


class _Noted(Struct, frozen=True):
    source: str
    target: str
    done: dict[str, int]


class Checkpoint:
    """How far a copy has come, in a file; the hours up to there are in the target.

    Raises:
        BackupError: the file is of another copy, or cannot be read.
    """

    def __init__(self, file: Path, source: str, target: str) -> None:
        self._file = file
        self._noted = _Noted(source, target, {})
        if not file.exists():
            return
        try:
            found = msgspec.json.decode(file.read_bytes(), type=_Noted)
        except (OSError, msgspec.MsgspecError) as error:
            raise BackupError(f"the checkpoint {str(file)!r} cannot be read ({error}); remove it") from error
        if (found.source, found.target) != (source, target):
            raise BackupError(
                f"the checkpoint {str(file)!r} is of a copy from {found.source!r} to {found.target!r};"
                " name another with --checkpoint, or remove it"
            )
        self._noted = found

    def hour(self, part: str) -> int | None:
        """The last hour of a part that is done."""
        return self._noted.done.get(part)

    def note(self, chunk: Chunk) -> None:
        """Have an hour done."""
        self._noted.done[chunk.part] = chunk.number
        half = self._file.with_name(f"{self._file.name}.part")
        half.write_bytes(msgspec.json.encode(self._noted))
        half.replace(self._file)

    def forget(self) -> None:
        """The copy is whole."""
        self._file.unlink(missing_ok=True)


def copy(source: Source, target: TelemetryStore, checkpoint: Checkpoint, *, check: bool) -> Iterator[Chunk]:
    """Each hour once it is in the target; with `check`, once it also was read again.

    An hour that is copied twice is there once: rows have keys.

    Raises:
        BackupError: the target refuses rows for good.
        TargetDiffersError: an hour reads differently in the target, which perhaps held other rows of it.
        TelemetryUnavailableError: one of them does not answer; the next copy goes on from here.
    """
    differing: list[str] = []
    for part in source.rows():
        for chunk in source.after(part, checkpoint.hour(part)):
            refused = load_telemetry(target, chunk)
            if not refused.is_empty():
                raise BackupError(
                    f"the target refuses {refused.height} rows of {part}: {refused[0, REFUSAL]}"
                )
            if check and chunk_of(target, part.removeprefix(TELEMETRY), chunk.number).sum != chunk.sum:
                differing.append(f"{part}, hour {chunk.number}")
            checkpoint.note(chunk)
            yield chunk
    checkpoint.forget()
    if differing:
        raise TargetDiffersError(differing)
