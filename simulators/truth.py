"""What was really wrong in a simulated city, and the file (JSON lines) that says so to whoever judges."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import Struct

__all__ = ["Symptoms", "Truth", "TruthError", "TruthHeader", "TruthRecord", "read_truth", "write_truth"]

_S = TypeVar("_S", bound=Struct)


class TruthError(Exception):
    """A truth file that cannot be read; the text names file, line and the rule it breaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptoms:
    """What may be raised besides, counted neither as hit nor as false.

    `rules` are ids of rules; `devices` those where they may be raised, the afflicted device always included.
    """

    rules: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthRecord:
    """What was really wrong: from `from_ms` (inside) to `to_ms` (outside), epoch ms.

    It shows in what the device says from `observable_ms` on; None if it ends before it can be seen at all.
    What is not `real` looks like a fault and is none. `rules` are the rules of which any is the right report.
    `detail` says more where the fault has more to say, such as which phase; `events` counts what happened
    (suspected violations) where it is events that are judged.
    """

    fault: str
    kind: str
    device: str
    from_ms: int
    to_ms: int
    observable_ms: int | None
    real: bool = True
    rules: tuple[str, ...] = ()
    also: Symptoms = Symptoms()
    detail: str = ""
    events: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthHeader:
    """Which run a truth belongs to; times in epoch ms."""

    city: str
    scenario: str
    seed: int
    devices: int
    from_ms: int
    to_ms: int


class Truth(NamedTuple):
    """A truth file's content."""

    header: TruthHeader
    records: tuple[TruthRecord, ...]


class _Header(Struct, frozen=True, kw_only=True, rename={"begins": "from", "ends": "to"}):
    city: str
    scenario: str
    seed: int
    devices: int
    begins: datetime
    ends: datetime


class _Also(Struct, frozen=True, kw_only=True):
    rules: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


class _Line(Struct, frozen=True, kw_only=True, rename={"begins": "from", "ends": "to"}):
    fault: str
    kind: str
    device: str
    begins: datetime
    ends: datetime
    observable_from: datetime | None
    real: bool
    rules: tuple[str, ...]
    also: _Also
    detail: str = ""
    events: int | msgspec.UnsetType = msgspec.UNSET


def write_truth(path: Path, header: TruthHeader, records: Iterable[TruthRecord]) -> None:
    """Put a truth file in place, whole or not at all; the records in the order of their beginning.

    Raises:
        OSError: the file cannot be written.
    """
    lines: list[Struct] = [_header_line(header)]
    lines += [_line(record) for record in sorted(records, key=lambda r: (r.from_ms, r.device, r.fault))]
    unfinished = path.with_name(f"{path.name}.unfinished")
    with unfinished.open("wb") as file:
        file.write(msgspec.json.Encoder().encode_lines(lines))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def read_truth(path: Path) -> Truth:
    """The header and all records of a truth file.

    Raises:
        TruthError: a line breaks a rule, or there is none.
        OSError: the file cannot be read.
    """
    lines = path.read_bytes().splitlines()
    if not lines:
        raise TruthError(f"{path}: a truth file begins with a header, this one is empty")
    header = _decoded(lines[0], _Header, f"{path}:1")
    records = (_decoded(line, _Line, f"{path}:{number}") for number, line in enumerate(lines[1:], 2))
    return Truth(
        TruthHeader(
            city=header.city,
            scenario=header.scenario,
            seed=header.seed,
            devices=header.devices,
            from_ms=_ms(header.begins),
            to_ms=_ms(header.ends),
        ),
        tuple(map(_record, records)),
    )


def _decoded(line: bytes, shape: type[_S], where: str) -> _S:
    try:
        return msgspec.json.decode(line, type=shape)
    except msgspec.DecodeError as error:
        raise TruthError(f"{where}: {error}") from None


def _header_line(header: TruthHeader) -> _Header:
    return _Header(
        city=header.city,
        scenario=header.scenario,
        seed=header.seed,
        devices=header.devices,
        begins=_moment(header.from_ms),
        ends=_moment(header.to_ms),
    )


def _line(record: TruthRecord) -> _Line:
    return _Line(
        fault=record.fault,
        kind=record.kind,
        device=record.device,
        begins=_moment(record.from_ms),
        ends=_moment(record.to_ms),
        observable_from=None if record.observable_ms is None else _moment(record.observable_ms),
        real=record.real,
        rules=record.rules,
        also=_Also(rules=record.also.rules, devices=record.also.devices),
        detail=record.detail,
        events=msgspec.UNSET if record.events is None else record.events,
    )


def _record(line: _Line) -> TruthRecord:
    return TruthRecord(
        fault=line.fault,
        kind=line.kind,
        device=line.device,
        from_ms=_ms(line.begins),
        to_ms=_ms(line.ends),
        observable_ms=None if line.observable_from is None else _ms(line.observable_from),
        real=line.real,
        rules=line.rules,
        also=Symptoms(rules=line.also.rules, devices=line.also.devices),
        detail=line.detail,
        events=None if line.events is msgspec.UNSET else line.events,
    )


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, UTC).replace(microsecond=at_ms % 1000 * 1000)


def _ms(moment: datetime) -> int:
    """Epoch ms, without the rounding of floats."""
    return int(moment.astimezone(UTC).timestamp()) * 1000 + moment.microsecond // 1000
