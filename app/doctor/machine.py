"""This machine: its clock and zones, its disk, and who may read what."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

from app.doctor.finding import Finding, bad, good, note
from app.settings import ServiceSettings
from devices.cities import load_city
from devices.clock import Clock

__all__ = ["look_at_clock", "look_at_disk", "look_at_permissions"]

_MEGABYTE = 1_048_576
_SANE_FROM_MS = 1_767_225_600_000  # 2026-01-01, before which this program was not
_SANE_TO_MS = 4_102_444_800_000  # 2100-01-01
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SPARE_MB = 512
"""Room for operations, telemetry of a day and the log, beside the journal."""


def look_at_clock(settings: ServiceSettings, clock: Clock) -> Iterator[Finding]:
    """Whether the year can be, and the city's time zone is known."""
    now_ms = clock.now_ms()
    if _SANE_FROM_MS <= now_ms < _SANE_TO_MS:
        yield good("clock", "the year can be")
    else:
        yield bad("clock", f"the machine's clock says {now_ms} ms since 1970", "set it, and let NTP keep it")
    try:
        yield good("clock", f"the time zone {load_city(settings.city).zone} is known")
    except LookupError as error:
        kind = "time zone" if isinstance(error, ZoneInfoNotFoundError) else "city"
        yield bad(
            "clock", f"the {kind} of city={settings.city!r} is not known", "mend city, or install tzdata"
        )


def look_at_disk(settings: ServiceSettings) -> Iterator[Finding]:
    """Whether the journal may grow to its cap before the disk is full."""
    folder = _nearest(settings.data_dir)
    journal = settings.data_dir / "journal.db"
    try:
        used_mb = journal.stat().st_size // _MEGABYTE if journal.exists() else 0
        free_mb = shutil.disk_usage(folder).free // _MEGABYTE
    except OSError as error:
        yield bad(
            "disk", f"the disk of {str(folder)!r} cannot be looked at ({error.strerror})", "mend data_dir"
        )
        return
    wanted_mb = max(0, settings.journal_cap_mb - used_mb) + _SPARE_MB
    seen = f"{free_mb} MB are free; the journal may still take {wanted_mb - _SPARE_MB} MB"
    if free_mb >= wanted_mb:
        yield good("disk", seen)
    else:
        yield bad("disk", seen, f"free {wanted_mb - free_mb} MB, or set journal_cap_mb lower")
    if used_mb >= settings.journal_cap_mb:
        yield bad(
            "disk", f"the journal has reached its cap, {used_mb} MB", "look at the stores: one is far behind"
        )


def look_at_permissions(settings: ServiceSettings) -> Iterator[Finding]:
    """Whether we may write our folder, and nobody else may read it or our secrets."""
    folder = settings.data_dir
    if not os.access(_nearest(folder), os.W_OK | os.X_OK) or not _nearest(folder).is_dir():
        yield bad("permissions", f"{str(folder)!r} cannot be written", f"chown it to user {os.geteuid()}")
    elif folder.exists() and folder.stat().st_mode & _OTHERS:
        yield bad("permissions", f"others may enter {str(folder)!r}", f"chmod 700 {folder}")
    else:
        yield good("permissions", f"{str(folder)!r} is ours alone")
    for name in type(settings).model_fields:
        secret = getattr(settings, name)
        if name.endswith(("password_file", "token_file")) and secret is not None:
            yield _secret(name, secret)


def _secret(name: str, file: Path) -> Finding:
    try:
        mode = file.stat().st_mode
        file.read_bytes()
    except OSError as error:
        return bad("permissions", f"{name}={str(file)!r} cannot be read ({error.strerror})", f"mend {name}")
    if mode & _OTHERS & ~stat.S_IRGRP:
        return bad("permissions", f"others may read {name}={str(file)!r}", f"chmod 600 {file}")
    if mode & stat.S_IRGRP:
        return note("permissions", f"a group may read {name}={str(file)!r}", f"chmod 600 {file}")
    return good("permissions", f"{name} is readable to us alone")


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    absolute = folder.absolute()
    return next(path for path in (absolute, *absolute.parents) if path.exists())
