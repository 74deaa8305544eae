"""What the commands share: checking what was typed before anything long begins."""

import os
from pathlib import Path

from pydantic import ValidationError

from app.errors import StartError
from devices.durations import parse_duration_ms

__all__ = ["check_writable", "choice", "seconds", "wrong_settings"]


def choice(name: str, value: str, allowed: tuple[str, ...]) -> str:
    """The value of an option that has only a few.

    Raises:
        StartError: it is none of them.
    """
    if value not in allowed:
        raise StartError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")
    return value


def check_writable(name: str, file: Path | None) -> None:
    """Refuse a file that could not be written, before a long run and not after it.

    Raises:
        StartError: its folder is not there or not ours.
    """
    if file is not None and not os.access(file.parent, os.W_OK):
        raise StartError(f"{name}: {str(file.parent)!r} is no folder that can be written")


def wrong_settings(error: ValidationError) -> str:
    """The settings that cannot be used, by the names they have in the environment."""
    return "; ".join(
        f"IOC_{'_'.join(map(str, problem['loc'])).upper()}={problem['input']!r}: {problem['msg']}"
        for problem in error.errors()
    )


def seconds(name: str, duration: str) -> float:
    """Seconds in a duration such as 90s, or in a plain number.

    Raises:
        StartError: it is neither.
    """
    try:
        return (
            float(duration) if duration.replace(".", "", 1).isdigit() else parse_duration_ms(duration) / 1000
        )
    except ValueError as error:
        raise StartError(f"{name}: {error}") from None
