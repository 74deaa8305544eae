"""Tables as files that people edit: CSV, and GeoJSON where lines have a place."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from devices.columns import Column, LineProblem

__all__ = ["FileFormat", "Line", "cell_text", "read_lines", "write_lines"]

_SURPLUS = "surplus cell"
_POSITION = ("longitude", "latitude")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


class FileFormat(StrEnum):
    """How a table is written; the word is the ending of the file's name."""

    CSV = "csv"
    GEOJSON = "geojson"


@dataclass(frozen=True)
class Line:
    """The cells of one line that are not empty, by column; `number` as in `LineProblem`."""

    number: int
    cells: Mapping[str, str]


def read_lines(
    content: bytes, file_format: FileFormat, columns: Sequence[Column]
) -> tuple[list[Line], list[LineProblem]]:
    """The lines of a file, and what keeps it from being a table of these columns."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        return [], [LineProblem(number, "", f"the file must be UTF-8, byte {error.start} is not")]
    problems: list[LineProblem] = []
    read = _csv_lines if file_format is FileFormat.CSV else _geojson_lines
    lines = list(read(text, problems))
    known = [column.name for column in columns]
    for line in lines:
        problems += _unknown_columns(line, known)
    return lines, problems


def write_lines(
    lines: Iterable[Mapping[str, str]], file_format: FileFormat, columns: Sequence[Column]
) -> str:
    """The file of these lines, with only the columns that one of them fills; `read_lines` gives them back."""
    listed = list(lines)
    if file_format is FileFormat.GEOJSON:
        return _geojson(listed, columns)
    names = [column.name for column in columns]
    used = [name for name in names if any(name in line for line in listed)] or names
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, used, restval="")
    writer.writeheader()
    writer.writerows(listed)
    return text.getvalue()


def _unknown_columns(line: Line, known: Sequence[str]) -> Iterator[LineProblem]:
    for name in line.cells.keys() - set(known):
        if name == _SURPLUS:
            yield LineProblem(line.number, "", "has more cells than the header", line.cells[name])
        else:
            rule = f"is no column of this table; known: {', '.join(known)}"
            yield LineProblem(line.number, name, rule, line.cells[name])


def _csv_lines(text: str, problems: list[LineProblem]) -> Iterator[Line]:
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey=_SURPLUS)
    try:
        double = {name for name in reader.fieldnames or () if (reader.fieldnames or []).count(name) > 1}
        problems += [LineProblem(1, name, "stands twice in the header") for name in sorted(double)]
        for row in reader:
            surplus = {_SURPLUS: " ".join(row.pop(_SURPLUS))} if _SURPLUS in row else {}
            cells = {name: cell for name, cell in row.items() if cell} | surplus
            yield Line(reader.line_num - sum(len(_LINE_BREAK.findall(c)) for c in cells.values()), cells)
    except csv.Error as error:
        problems.append(LineProblem(reader.line_num, "", f"cannot be read as CSV ({error})"))


def _geojson_lines(text: str, problems: list[LineProblem]) -> Iterator[Line]:
    try:
        document = json.loads(text)
        features = document["features"]
        listed = enumerate(features, 1)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        problems.append(LineProblem(1, "", f"the file must be a GeoJSON FeatureCollection ({error})"))
        return
    for number, feature in listed:
        try:
            yield Line(number, dict(_feature_cells(feature)))
        except (AttributeError, TypeError, ValueError):
            problems.append(LineProblem(number, "", "must be a GeoJSON feature: a point with properties"))


def _feature_cells(feature: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in (feature.get("properties") or {}).items():
        if value is not None and value != "":
            yield name, cell_text(value)
    coordinates: Sequence[Any] = (feature.get("geometry") or {}).get("coordinates") or ()
    for name, value in zip(_POSITION, coordinates, strict=False):
        yield name, cell_text(value)


def cell_text(value: Any) -> str:
    """The cell of a JSON value: everything is read by the same rules, whatever it came in."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return " ".join(map(str, value))
    return json.dumps(value)


def _geojson(lines: Iterable[Mapping[str, str]], columns: Sequence[Column]) -> str:
    codecs = {column.name: column.codec for column in columns}
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [float(line.get(name, "0")) for name in _POSITION]},
            "properties": {
                name: codecs[name].plain(codecs[name].read(cell))
                for name, cell in line.items()
                if name not in _POSITION
            },
        }
        for line in lines
    ]
    document = {"type": "FeatureCollection", "features": features}
    return json.dumps(document, ensure_ascii=False, indent=1)
