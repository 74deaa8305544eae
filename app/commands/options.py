"""What the commands share: checking what was typed before anything long begins."""

import math
import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from app.errors import StartError
from devices.clock import milliseconds
from devices.durations import parse_duration_ms

__all__ = [
    "check_writable",
    "choice",
    "moment_ms",
    "password_in",
    "seconds",
    "speed_of",
    "wrong_settings",
]


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


def moment_ms(name: str, text: str, zone: ZoneInfo) -> int:
    """Epoch ms of a moment in RFC 3339; without an offset it is one of the zone.

    Raises:
        StartError: it is no moment.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise StartError(f"{name} is written like 2026-11-24T17:30:00+07:00, got {text!r}") from None
    return milliseconds((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp())


def speed_of(name: str, text: str) -> float:
    """City seconds in a second; `max` is infinity.

    Raises:
        StartError: it is neither a positive number nor `max`.
    """
    try:
        speed = math.inf if text == "max" else float(text)
    except ValueError:
        speed = math.nan
    if not speed > 0:
        raise StartError(f"{name} is a positive number or max, got {text!r}")
    return speed


def password_in(name: str, file: Path | None) -> str | None:
    """The first line of a password file; None without one.

    Raises:
        StartError: there is no password in it.
    """
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError) as error:
        raise StartError(f"{name}: no password in {str(file)!r} ({error})") from error
