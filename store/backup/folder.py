"""A backup on disk: a Parquet file for each part, a row group for each chunk, and last the manifest."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from store.backup.chunks import FORMAT, OPERATIONS, TELEMETRY, Chunk, Part, Plan, Tally
from store.backup.errors import BackupDamagedError, BackupError, BackupTooNewError
from store.backup.frames import Dump

__all__ = ["Backup", "Manifest", "check_new", "open_backup", "write_backup"]

_MANIFEST = "manifest.json"


class Manifest(Struct, frozen=True, kw_only=True):
    """What a backup holds: where it came from, and its sums. `seal` is a checksum over all else here."""

    plan: Plan
    finished_ms: int
    operations_sum: str
    telemetry_sum: str
    parts: Mapping[str, Part]
    seal: str = ""

    def sealed(self) -> str:
        """The checksum over all but the seal."""
        text = msgspec.json.encode(msgspec.structs.replace(self, seal=""), order="deterministic")
        return hashlib.sha256(text).hexdigest()


def check_new(folder: Path) -> None:
    """Do nothing where a backup can be written.

    Raises:
        BackupError: something is there, or it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise BackupError(f"a backup is written into an empty folder, and {str(folder)!r} is not")
    except OSError as error:
        raise BackupError(f"{str(folder)!r} cannot be written ({error.strerror})") from error


def write_backup(folder: Path, dump: Dump, now_ms: Callable[[], int]) -> Iterator[Chunk | Manifest]:
    """Write a dump into an empty folder: each chunk once it is written, and in the end the manifest.

    The folder is for its owner alone: whole plates, dead letters and hashes of keys are in it.

    Raises:
        BackupError: the folder cannot be used, or the dump broke off; there is no manifest then.
    """
    check_new(folder)
    plan, chunks = dump
    tally = Tally()
    tally.begin(plan.rows.keys())
    with ExitStack() as opened:
        writers: dict[str, Any] = {}
        for chunk in chunks:
            table = chunk.frame.to_arrow()
            if chunk.part not in writers:
                writer = _writer(folder, chunk.part, table.schema)
                writers[chunk.part] = opened.enter_context(writer)
            writers[chunk.part].write_table(table, row_group_size=max(1, chunk.frame.height))
            tally.add(chunk)
            yield chunk
    parts = tally.parts()
    manifest = Manifest(
        plan=plan,
        finished_ms=now_ms(),
        operations_sum=Tally.total(parts, OPERATIONS),
        telemetry_sum=Tally.total(parts, TELEMETRY),
        parts=parts,
    )
    manifest = msgspec.structs.replace(manifest, seal=manifest.sealed())
    for part in parts:
        _sync(_file(folder, part))
    # Only with its manifest is a folder a backup; it appears whole or not at all.
    half = folder / f"{_MANIFEST}.part"
    half.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    _sync(half)
    half.rename(folder / _MANIFEST)
    _sync(folder)
    yield manifest


class Backup:
    """A backup in a folder, as its manifest describes it."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest

    def columns(self, prefix: str) -> dict[str, list[str]]:
        """The columns of each part that has rows and begins so."""
        found = {}
        for name, part in self.manifest.parts.items():
            if name.startswith(prefix) and part.chunks:
                found[name] = list(self._opened(name).schema_arrow.names)
        return found

    def chunks(self, part: str, after: int | None = None) -> Iterator[Chunk]:
        """The chunks of a part, each checked; only those behind a number where one is given.

        Raises:
            BackupDamagedError: one is missing or is not what was written.
        """
        known = self.manifest.parts[part].chunks
        if not known:
            return
        file = self._opened(part)
        if file.num_row_groups != len(known):
            raise BackupDamagedError(str(self.folder), f"{part} has not as many chunks as were written")
        for index, expected in enumerate(known):
            if after is not None and expected.number <= after:
                continue
            try:
                found = Chunk.of(part, expected.number, pl.DataFrame(file.read_row_group(index)))
            except (OSError, pa.ArrowException) as error:
                raise BackupDamagedError(str(self.folder), f"{part} cannot be read ({error})") from error
            if found.sum != expected.sum:
                raise BackupDamagedError(
                    str(self.folder),
                    f"chunk {expected.number} of {part} has not the checksum it was written with",
                )
            yield found

    def _opened(self, part: str) -> Any:
        path = _file(self.folder, part)
        try:
            return pq.ParquetFile(path)
        except (OSError, pa.ArrowException) as error:
            raise BackupDamagedError(str(self.folder), f"{path.name} cannot be read ({error})") from error


def open_backup(folder: Path) -> Backup:
    """The backup in a folder.

    Raises:
        BackupDamagedError: there is none, or its manifest is not what was written.
        BackupTooNewError: a newer program wrote it.
    """
    file = folder / _MANIFEST
    try:
        text = file.read_bytes()
        written_by = msgspec.json.decode(text, type=_Beginning).plan
        if written_by.format > FORMAT:
            raise BackupTooNewError(written_by.program, f"format {written_by.format}")
        manifest = msgspec.json.decode(text, type=Manifest)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BackupDamagedError(str(folder), f"its {_MANIFEST} cannot be read ({error})") from error
    if manifest.seal != manifest.sealed():
        raise BackupDamagedError(str(folder), f"its {_MANIFEST} was changed")
    return Backup(folder, manifest)


class _WrittenBy(Struct, frozen=True):
    format: int
    program: str


class _Beginning(Struct, frozen=True):
    """As much of a manifest as every version can read."""

    plan: _WrittenBy


def _writer(folder: Path, part: str, schema: Any) -> Any:
    path = _file(folder, part)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600)
    return pq.ParquetWriter(path, schema, compression="zstd")


def _file(folder: Path, part: str) -> Path:
    return folder / f"{part}.parquet"


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on disk; nothing where there is none."""
    if not path.exists():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
