"""What the service says of rules and faults, as lines for people."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from app.asking import ask
from app.errors import StartError

__all__ = ["explained", "explanation_lines", "why_not_lines"]

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "rule": "rule", "version": "version", "device": "device", "since": "since", "raised": "raised",
        "cleared": "cleared", "active": "still active", "expression": "condition", "values": "values",
        "reading": "reading", "timers": "timers", "history": "history", "yes": "yes", "no": "no",
        "unknown": "unknown", "measured": "last reading",
    },
    "vi": {
        "rule": "luật", "version": "phiên bản", "device": "thiết bị", "since": "từ lúc", "raised": "báo lúc",
        "cleared": "hết lúc", "active": "vẫn đang diễn ra", "expression": "điều kiện", "values": "giá trị",
        "reading": "lần đo", "timers": "thời gian", "history": "diễn biến", "yes": "đúng", "no": "sai",
        "unknown": "không rõ", "measured": "lần đo cuối",
    },
}  # fmt: skip


def explained(fault: str, url: str, key: str) -> Mapping[str, Any]:
    """A fault with its reasons and its history, by its number or id.

    Raises:
        StartError: the service does not answer, or there is no such fault.
    """
    if fault.isdigit():
        items = ask("GET", f"{url}/v1/faults", key, params={"number": fault})["items"]
        if not items:
            raise StartError(f"there is no fault number {fault}")
        fault = items[0]["id"]
    path = f"{url}/v1/faults/{fault}"
    return {
        "fault": ask("GET", path, key),
        "why": ask("GET", f"{path}/why", key)["why"],
        "history": ask("GET", f"{path}/history", key),
    }


def explanation_lines(found: Mapping[str, Any], language: str) -> Iterator[str]:
    """The lines about a fault."""
    words, fault, why = _WORDS[language], found["fault"], found["why"]
    yield f"#{fault['number']} {fault['title'][language]}"
    yield f"{words['device']}: {fault['device']['id']} {fault['device']['name']}".rstrip()
    yield f"{words['rule']}: {fault['rule']['id']}, {words['version']} {fault['rule']['version']}"
    end = fault["cleared_at"] or words["active"]
    times = (f"{words['since']} {fault['since']}", f"{words['raised']} {fault['raised_at']}")
    yield f"{', '.join(times)}, {words['cleared']}: {end}"
    yield f"{words['expression']}: {why.get('expression', '')}"
    yield f"{words['values']}: {why.get('values', '')}"
    for sample in why.get("samples", ()):
        values = ", ".join(f"{name} = {value}" for name, value in sample.get("values", {}).items())
        yield f"  {words['reading']} {_written(sample['measured_at_ms'])}: {values}"
    if why.get("timers"):
        yield f"{words['timers']}: " + ", ".join(f"{name} = {value}" for name, value in why["timers"].items())
    yield f"{words['history']}:"
    for step in found["history"]:
        yield f"  {step['at']} {step['transition']} ({step['who']}) {step.get('comment') or ''}".rstrip()


def why_not_lines(found: Mapping[str, Any], language: str) -> Iterator[str]:
    """The lines about a rule and a device."""
    words = _WORDS[language]
    marks = {True: words["yes"], False: words["no"], None: words["unknown"]}
    yield found["verdict"][language]
    yield f"{words['rule']}: {found['rule']['id']}, {words['version']} {found['rule']['version']}"
    if found["measured_at"]:
        yield f"{words['measured']}: {found['measured_at']}"
    for term in found["terms"]:
        yield f"  {marks[term['holds']]:>8}  {term['expression']}    {term['values']}"


def _written(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%S}Z"
