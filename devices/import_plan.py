"""What an import would do: compared with what stands, before anything is written."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from devices.columns import LineProblem

__all__ = ["Plan", "plan_import"]

_K = TypeVar("_K", bound=Hashable)
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Plan(Generic[_K, _T]):
    """What is new, different, gone and the same, by key; and what would then be there.

    `changed` names the columns that differ. `lines` says where each key stands in the file. `problems` are
    the keys that the file has twice.
    """

    added: Sequence[_K]
    changed: Mapping[_K, Sequence[str]]
    removed: Sequence[_K]
    unchanged: int
    result: Mapping[_K, _T]
    lines: Mapping[_K, int]
    problems: Sequence[LineProblem] = field(default=())

    @property
    def written(self) -> list[_T]:
        """What is new or different."""
        return [self.result[key] for key in (*self.added, *self.changed)]


def plan_import(
    standing: Mapping[_K, _T],
    incoming: Iterable[tuple[int, _T]],
    *,
    key_of: Callable[[_T], _K],
    cells_of: Callable[[_T], Mapping[str, str]],
    replace: bool,
) -> Plan[_K, _T]:
    """The plan for taking in what stands in the lines of a file.

    A line is the whole record. With `replace` what is not in the file goes, without it stays.
    """
    listed: dict[_K, _T] = {}
    lines: dict[_K, int] = {}
    problems: list[LineProblem] = []
    for line, record in incoming:
        key = key_of(record)
        if key in lines:
            problems.append(LineProblem(line, "id", f"stands in line {lines[key]} already", _text(key)))
        listed[key] = record
        lines.setdefault(key, line)
    if replace and standing and not listed:
        problems.append(LineProblem(1, "", "holds no line: it would remove everything"))
    differing = {
        key: _differing(cells_of(standing[key]), cells_of(record))
        for key, record in listed.items()
        if key in standing
    }
    changed = {key: columns for key, columns in differing.items() if columns}
    return Plan(
        added=[key for key in listed if key not in standing],
        changed=changed,
        removed=[key for key in standing if key not in listed] if replace else [],
        unchanged=len(differing) - len(changed),
        result=listed if replace else dict(standing) | listed,
        lines=lines,
        problems=problems,
    )


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    names = dict.fromkeys((*before, *after))
    return [name for name in names if before.get(name) != after.get(name)]


def _text(key: Hashable) -> str:
    return key if isinstance(key, str) else str(key[0]) if isinstance(key, tuple) else str(key)
