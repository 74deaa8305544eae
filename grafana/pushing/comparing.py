"""Whether a Grafana has what it is to have, and what is different."""

import difflib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["difference", "has_all"]


def has_all(there: Any, wanted: Any) -> bool:
    """Whether everything wanted is there; what Grafana adds of its own does not matter."""
    if isinstance(wanted, Mapping):
        return isinstance(there, Mapping) and all(
            has_all(there.get(name), value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(there, list)
            and len(there) == len(wanted)
            and all(has_all(a, b) for a, b in zip(there, wanted, strict=True))
        )
    return bool(there == wanted)


def difference(there: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> list[str]:
    """Lines that go and lines that come, of what we say, not of what Grafana adds; none for what is new."""
    if there is None:
        return []
    before = _lines({name: there.get(name) for name in wanted})
    return list(difflib.unified_diff(before, _lines(wanted), n=1, lineterm=""))[2:]


def _lines(value: Mapping[str, Any]) -> list[str]:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).splitlines()
