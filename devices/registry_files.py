"""The registry as files that people edit: CSV and GeoJSON."""

from collections.abc import Iterable
from pathlib import Path

from devices.columns import LineProblem
from devices.device import Device
from devices.device_table import device_cells, device_columns, read_device
from devices.errors import RegistryError
from devices.registry import Registry
from devices.table_files import FileFormat, read_lines, write_lines

__all__ = ["format_of", "read_devices", "read_registry", "write_csv", "write_devices"]


def read_devices(
    content: bytes, file_format: FileFormat
) -> tuple[list[tuple[int, Device]], list[LineProblem]]:
    """The devices of a file with their lines, each taken alone, and every bad cell."""
    lines, problems = read_lines(content, file_format, device_columns())
    devices: list[tuple[int, Device]] = []
    for line in lines:
        device, bad_cells = read_device(line.cells, line.number)
        problems += bad_cells
        if device is not None:
            devices.append((line.number, device))
    return devices, sorted(problems, key=lambda problem: problem.line)


def write_devices(devices: Iterable[Device], file_format: FileFormat) -> str:
    """The file of these devices; `read_devices` gives them back."""
    return write_lines(map(device_cells, devices), file_format, device_columns())


def format_of(path: Path) -> FileFormat:
    """The format of a file after its name: `.csv`, else GeoJSON."""
    return FileFormat.CSV if path.suffix.lower() == ".csv" else FileFormat.GEOJSON


def read_registry(path: Path) -> Registry:
    """The registry in a `.csv` or `.geojson` file; docs/registry.md describes the columns.

    Raises:
        RegistryError: naming each bad line, or the relation that is broken.
        OSError: the file cannot be read.
    """
    devices, problems = read_devices(path.read_bytes(), format_of(path))
    if problems:
        raise RegistryError([f"{path.name} {problem}" for problem in problems])
    return Registry(device for _, device in devices)


def write_csv(devices: Iterable[Device], path: Path) -> None:
    """Write devices as CSV that `read_registry` reads back to the same devices.

    Raises:
        OSError: the file cannot be written.
    """
    path.write_text(write_devices(devices, FileFormat.CSV), encoding="utf-8", newline="")
