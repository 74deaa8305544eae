"""Durations as people write them in rules: `90s`, `5m`, `2h`, `1d`, with a sign where one makes sense."""

import re

__all__ = ["parse_duration_ms"]

_FORM = re.compile(r"(?P<sign>-?)(?P<parts>(?:\d+(?:ms|[smhd]))+)")
_PART = re.compile(r"(\d+)(ms|[smhd])")
_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def parse_duration_ms(text: str, *, signed: bool = False) -> int:
    """Milliseconds in a duration such as `1m30s`; `0s` is one too.

    Raises:
        ValueError: the text is no duration, or has a sign although it may not.
    """
    match = _FORM.fullmatch(text)
    if match is None or (match["sign"] and not signed):
        raise ValueError(f"a duration is written like 90s, 5m or 1h30m, got {text!r}")
    total = sum(int(number) * _UNIT_MS[unit] for number, unit in _PART.findall(match["parts"]))
    return -total if match["sign"] else total
