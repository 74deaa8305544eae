"""What is wrong with settings that are well written: files that cannot be read, a city that is none."""

from collections.abc import Iterator
from pathlib import Path

from app.areas import cuts
from app.errors import StartError
from app.notifying import read_notifying
from app.operations import operations_url
from app.settings import ServiceSettings
from app.telemetry import influx_address
from devices.cities import load_city
from devices.columns import LineProblem
from devices.entities.road_sections import ENTITY as SECTIONS
from devices.entities.road_sections import RoadSection
from devices.entity import read_entity
from devices.errors import RegistryError
from devices.registry_files import read_registry
from devices.table_files import FileFormat, read_lines

__all__ = ["cut_problems", "setting_problems"]

_SHOWN = 5


def setting_problems(settings: ServiceSettings) -> list[str]:
    """Every reason why the service could not start with these settings, found without any connection."""
    return list(dict.fromkeys(_problems(settings)))


def cut_problems(
    settings: ServiceSettings, registry: Path | None, sections: Path | None, now_ms: int
) -> list[str]:
    """What of a registry, and of sections of road (CSV), the collector's areas would cut.

    Raises:
        StartError: a file cannot be used.
    """
    if registry is None:
        if sections is not None:
            raise StartError("--sections: name the --registry too, which says where the cameras are")
        return []
    try:
        devices = read_registry(registry)
    except RegistryError as error:
        raise StartError(f"--registry: {error}") from error
    except OSError as error:
        raise StartError(f"--registry: {str(registry)!r} cannot be read ({error.strerror})") from error
    return cuts(devices, [] if sections is None else _sections(sections), settings.areas, now_ms)


def _sections(file: Path) -> list[RoadSection]:
    """The sections of a file.

    Raises:
        StartError: it cannot be read, or a line is bad.
    """
    try:
        lines, problems = read_lines(file.read_bytes(), FileFormat.CSV, SECTIONS.columns)
    except OSError as error:
        raise StartError(f"--sections: {str(file)!r} cannot be read ({error.strerror})") from error
    found: list[RoadSection] = []
    for line in lines:
        section, bad_cells = read_entity(SECTIONS, line.cells, line.number)
        problems += bad_cells
        if isinstance(section, RoadSection):
            found.append(section)
    if problems:
        raise StartError(f"--sections: {_in_short(problems)}")
    return found


def _in_short(problems: list[LineProblem]) -> str:
    more = f"; {len(problems)} in all" if len(problems) > _SHOWN else ""
    return "; ".join(map(str, problems[:_SHOWN])) + more


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
