"""What is wrong with settings that are well written: files that cannot be read, a city that is none."""

from collections.abc import Iterator
from pathlib import Path

from app.errors import StartError
from app.notifying import read_notifying
from app.operations import operations_url
from app.settings import ServiceSettings
from app.telemetry import influx_address
from devices.cities import load_city

__all__ = ["setting_problems"]


def setting_problems(settings: ServiceSettings) -> list[str]:
    """Every reason why the service could not start with these settings, found without any connection."""
    return list(dict.fromkeys(_problems(settings)))


def _problems(settings: ServiceSettings) -> Iterator[str]:
    try:
        load_city(settings.city)
    except LookupError as error:
        yield f"IOC_CITY: {error}"
    yield from _unreadable_files(settings)
    try:
        influx_address(settings)
        operations_url(Path(), settings)
        read_notifying(settings)
        _ = settings.broker
    except StartError as error:
        yield str(error)


def _unreadable_files(settings: ServiceSettings) -> Iterator[str]:
    for name in type(settings).model_fields:
        file = getattr(settings, name)
        if name.endswith("_file") and file is not None:
            try:
                empty = not file.read_bytes().strip()
            except OSError as error:
                yield f"IOC_{name.upper()}={str(file)!r} cannot be read ({error.strerror})"
            else:
                if empty:
                    yield f"IOC_{name.upper()}={str(file)!r} is empty"
