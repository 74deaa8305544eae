"""What was really wrong, read from a truth file: JSON lines, a header first, then one for each injection."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from devices.batch import to_ms

__all__ = ["Injection", "Truth", "TruthError", "parse_truth", "read_truth"]

_Moment = Annotated[datetime, Meta(tz=True)]
_L = TypeVar("_L", bound=Struct)


class TruthError(Exception):
    """A truth file that cannot be used; the text names the line and the rule it breaks."""


class _Header(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    city: str
    scenario: str
    seed: int
    devices: Annotated[int, Meta(ge=1)]
    from_: _Moment
    to: _Moment


class _Also(Struct, frozen=True, kw_only=True):
    rules: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


class _Line(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    fault: str
    kind: str
    device: str
    from_: _Moment
    to: _Moment
    observable_from: _Moment | None
    real: bool
    rules: tuple[str, ...]
    also: _Also = _Also()
    detail: str = ""
    events: Annotated[int, Meta(ge=0)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """One thing that was wrong, or only looked wrong (`real` false), from `from_ms` to `to_ms` (epoch ms).

    `rules`: any of them is the right report, on `device`. `also_rules` on `also_devices` or on the device
    itself are symptoms. `observable_from_ms` None: nothing could be seen of it before its end. `events`: how
    many single violations it is made of; None for a fault of a device.
    """

    fault: str
    kind: str
    device: str
    from_ms: int
    to_ms: int
    observable_from_ms: int | None
    real: bool = True
    rules: tuple[str, ...] = ()
    also_rules: tuple[str, ...] = ()
    also_devices: tuple[str, ...] = ()
    detail: str = ""
    events: int | None = None


@dataclass(frozen=True, kw_only=True)
class Truth:
    """A run: which city, when, and everything that was injected. Times are epoch ms."""

    city: str
    scenario: str
    seed: int
    devices: int
    from_ms: int
    to_ms: int
    injections: tuple[Injection, ...]


def read_truth(path: Path) -> Truth:
    """What a truth file says.

    Raises:
        TruthError: it breaks the format.
        OSError: it cannot be read.
    """
    return parse_truth(path.read_bytes(), path.name)


def parse_truth(text: bytes, where: str = "truth") -> Truth:
    """What the lines of a truth file say; `where` names it in errors.

    Raises:
        TruthError: a line breaks the format, or the header is missing.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise TruthError(
            f"{where} is empty; its first line says the run: city, scenario, seed, devices, from, to"
        )
    (first, head), *rest = lines
    header = _decoded(_Header, head, f"{where} line {first}")
    if header.to <= header.from_:
        raise TruthError(f"{where} line {first}: `to` lies after `from`, got {header.to.isoformat()!r}")
    return Truth(
        city=header.city,
        scenario=header.scenario,
        seed=header.seed,
        devices=header.devices,
        from_ms=_ms(header.from_),
        to_ms=_ms(header.to),
        injections=tuple(_injection(line, f"{where} line {number}") for number, line in rest),
    )


def _injection(text: bytes, where: str) -> Injection:
    line = _decoded(_Line, text, where)
    if line.to < line.from_:
        raise TruthError(f"{where}: `to` never lies before `from`, got {line.to.isoformat()!r}")
    return Injection(
        fault=line.fault,
        kind=line.kind,
        device=line.device,
        from_ms=_ms(line.from_),
        to_ms=_ms(line.to),
        observable_from_ms=None if line.observable_from is None else _ms(line.observable_from),
        real=line.real,
        rules=line.rules,
        also_rules=line.also.rules,
        also_devices=line.also.devices,
        detail=line.detail,
        events=line.events,
    )


def _decoded(form: type[_L], line: bytes, where: str) -> _L:
    try:
        return msgspec.json.decode(line, type=form)
    except msgspec.DecodeError as error:
        raise TruthError(f"{where}: {error}") from None


def _ms(moment: datetime) -> int:
    at_ms: Any = to_ms(moment)
    return int(at_ms)
