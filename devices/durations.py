"""Durations as people write them: `90s`, `5m`, `+1h30m`, and `-15m` where less makes sense."""

import re

__all__ = ["parse_duration_ms", "written_duration"]

_UNITS_MS = (86_400_000, 3_600_000, 60_000, 1_000, 1)
_UNIT_NAMES = ("d", "h", "m", "s", "ms")
_FORM = re.compile(r"([+-]?)(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?")


def parse_duration_ms(text: str, *, signed: bool = False) -> int:
    """Milliseconds in a duration such as `1m30s`, larger units first; `0s` is one too.

    Raises:
        ValueError: the text is no duration, or is negative although it may not be.
    """
    match = _FORM.fullmatch(text)
    if match is None or (match[1] == "-" and not signed):
        raise ValueError(f"a duration is written like 90s, 5m or 1h30m, got {text!r}")
    total = sum(
        int(number) * unit for number, unit in zip(match.groups()[1:], _UNITS_MS, strict=True) if number
    )
    return -total if match[1] == "-" else total


def written_duration(duration_ms: int) -> str:
    """A duration as `parse_duration_ms` reads it, such as `1m30s`; `0s` for none."""
    parts: list[str] = []
    rest_ms = abs(duration_ms)
    for unit_ms, name in zip(_UNITS_MS, _UNIT_NAMES, strict=True):
        number, rest_ms = divmod(rest_ms, unit_ms)
        if number:
            parts.append(f"{number}{name}")
    return ("-" if duration_ms < 0 else "") + ("".join(parts) or "0s")
