"""Questions in InfluxQL, over `POST /query`: the only place that knows it.

Names come from the kinds' descriptions and stand quoted, values are bound parameters. InfluxQL is spoken by
InfluxDB 1, 2 and 3 alike, and is two to four times as fast as Flux.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from store.influx_client import InfluxAddress
from store.line_protocol import DONE, EVENTS, MARKED, MARKS, SUMMED
from store.resolutions import Resolution
from store.rollups.combining import wanted_parts
from store.rollups.planning import Segment
from store.rollups.schema import Part, part_name, rollup_schema
from store.row_keys import SEQUENCE_MODULUS
from store.telemetry import RangeQuery, Selection, TelemetryUnavailableError
from store.windows import Aggregate, WindowQuery, known_kind

__all__ = [
    "InfluxqlClient",
    "Question",
    "Series",
    "all_events",
    "all_of",
    "ends_of",
    "event_ids",
    "first_event_before",
    "marked",
    "oldest_mark",
    "one_value",
    "parts_of",
    "range_of",
    "rollups_of",
    "rows_between",
    "rows_by_time",
    "several",
    "summed",
    "windows_of",
]

_ROWS_A_CHUNK = 10_000
_END_MS = 4_102_444_800_000  # 2100-01-01, beyond which no device time is believed
_HTTP_ERROR = 400
_OF_ROLLUPS = {part: "sum" if part is Part.COUNT else part.value for part in Part}


class Series(Struct):
    """Rows of one group of tags; `columns` begins with `time`, in ns."""

    columns: list[str]
    values: list[list[Any]]
    tags: dict[str, str] = {}

    def column(self, name: str) -> list[Any]:
        """The values of one column."""
        place = self.columns.index(name)
        return [row[place] for row in self.values]


class _Result(Struct):
    series: list[Series] = []
    error: str | None = None


class _Answer(Struct):
    results: list[_Result] = []
    error: str | None = None


@dataclass(frozen=True)
class Question:
    """A query with its bound values; several statements stand with `;` between them."""

    text: str
    values: dict[str, Any] = field(default_factory=dict)


def range_of(query: RangeQuery, columns: Sequence[str]) -> Question:
    """Readings of devices, oldest first, at most `limit` of each."""
    where = _Where(query.from_ms, query.to_ms).any_of("device", query.devices)
    return where.question(
        f"SELECT {_names(columns)} FROM {_name(known_kind(query.kind).table)}",
        f"GROUP BY device ORDER BY time ASC LIMIT {query.limit}",
    )


def all_of(selection: Selection, columns: Sequence[str]) -> Question:
    """Every reading selected, series by series."""
    where = _Where(selection.from_ms, selection.to_ms)
    where.any_of("device", selection.devices).any_of("area", selection.areas)
    return where.question(
        f"SELECT {_names(columns)} FROM {_name(known_kind(selection.kind).table)}", "GROUP BY device, area"
    )


def all_events(from_ms: int, to_ms: int, columns: Sequence[str]) -> Question:
    """Every event of a time, series by series."""
    head = f"SELECT {_names(columns)} FROM {_name(EVENTS)}"
    return _Where(from_ms, to_ms).question(head, "GROUP BY device, area")


def rows_by_time(measurement: str, every_ms: int) -> Question:
    """How many rows a measurement has in each window that has any."""
    # Every row has it, whatever the device reported.
    head = f"SELECT count(received_at) AS rows FROM {_name(measurement)}"
    return _Where(0, _END_MS).question(head, _every(every_ms))


def windows_of(query: WindowQuery) -> Question:
    """Aggregates of fields over windows; windows without readings are left out."""
    where = _Where(query.from_ms, query.to_ms)
    where.any_of("device", query.devices).any_of("area", query.areas)
    wanted = ", ".join(f"{_call(query, name)} AS {_name(name)}" for name in query.fields)
    return where.question(f"SELECT {wanted} FROM {_name(known_kind(query.kind).table)}", _grouped(query))


def parts_of(query: WindowQuery, segments: Sequence[Segment], buckets: Mapping[Resolution, str]) -> Question:
    """What is needed of each part of a question's time, by group and window, a statement for each."""
    return several(*(_part_of(query, segment, buckets[segment.resolution]) for segment in segments))


def _part_of(query: WindowQuery, segment: Segment, bucket: str) -> Question:
    where = _Where(segment.from_ms, segment.to_ms)
    where.any_of("device", query.devices).any_of("area", query.areas)
    wanted = []
    for field_name in query.fields:
        for part in wanted_parts(query.aggregate):
            name = part_name(field_name, part)
            call = (
                f"{part.value}({_name(field_name)})"
                if segment.resolution is Resolution.RAW
                else f"{_OF_ROLLUPS[part]}({_name(name)})"
            )
            wanted.append(f"{call} AS {_name(name)}")
    table = _table(bucket, known_kind(query.kind).table)
    return where.question(f"SELECT {', '.join(wanted)} FROM {table}", _grouped(query))


def rollups_of(selection: Selection, bucket: str) -> Question:
    """Every rollup selected, series by series."""
    where = _Where(selection.from_ms, selection.to_ms)
    where.any_of("device", selection.devices).any_of("area", selection.areas)
    columns = [name for name in rollup_schema(selection.kind) if name not in {"device", "area", "key"}]
    table = _table(bucket, known_kind(selection.kind).table)
    return where.question(f"SELECT {_names(columns)} FROM {table}", "GROUP BY device, area")


def rows_between(kind: str, from_ms: int, to_ms: int) -> Question:
    """How many readings of a kind there are."""
    head = f"SELECT count(received_at) AS rows FROM {_name(known_kind(kind).table)}"
    return _Where(from_ms, to_ms).question(head, "")


def first_event_before(before_ms: int) -> Question:
    """An event that is older, where there is one."""
    return _Where(0, before_ms).question(f"SELECT first(received_at) FROM {_name(EVENTS)}", "")


def marked(bucket: str, kind: str, from_ms: int, to_ms: int) -> Question:
    """Windows of a kind that are to be summed up, with the token of their mark."""
    where = _Where(from_ms, to_ms).any_of("kind", [kind])
    return where.question(
        f"SELECT {_name(MARKED)} FROM {_table(bucket, MARKS)}", f"AND {_name(MARKED)} != {_name(DONE)}"
    )


def oldest_mark(bucket: str, kind: str) -> Question:
    """The first window that has something of a kind; marks, done or not, go with what they are of."""
    head = f"SELECT first({_name(MARKED)}) FROM {_table(bucket, MARKS)}"
    return _Where(0, _END_MS).any_of("kind", [kind]).question(head, "")


def summed(bucket: str, kind: str, every_ms: int) -> Question:
    """How many rollups of a kind there are, by time; all in one, whose time says nothing, where that is 0."""
    head = f"SELECT sum(rows) AS rows FROM {_table(bucket, SUMMED)}"
    return _Where(0, _END_MS).any_of("kind", [kind]).question(head, _every(every_ms))


def ends_of(bucket: str, resolution: Resolution) -> Question:
    """The first and the last window that has something, of all kinds, and how many rollups there are.

    Told by what stands beside the rows, which is little, while looking at each device's rows is not.
    """
    name, measurement = (MARKED, MARKS) if resolution is Resolution.RAW else ("rows", SUMMED)
    calls = [f"{function}({_name(name)}) AS found" for function in ("first", "last", "sum")]
    return Question("; ".join(f"SELECT {call} FROM {_table(bucket, measurement)}" for call in calls))


def several(*questions: Question) -> Question:
    """Questions as one; what they bind under one name must be the same."""
    values: dict[str, Any] = {}
    for question in questions:
        values |= question.values
    return Question("; ".join(question.text for question in questions), values)


def event_ids(devices: Sequence[str], from_ms: int, to_ms: int) -> Question:
    """Ids of the events of devices."""
    where = _Where(from_ms, to_ms).any_of("device", devices)
    return where.question(f"SELECT id FROM {_name(EVENTS)}", "GROUP BY device")


def one_value(function: str, measurements: Iterable[str]) -> Question:
    """`count` or `last` of each measurement's rows, a statement for each."""
    # Every row has it, whatever the device reported.
    return Question("; ".join(f"SELECT {function}(received_at) FROM {_name(m)}" for m in measurements))


class InfluxqlClient:
    """Asks one server about one bucket; any number of threads may use it."""

    def __init__(self, address: InfluxAddress) -> None:
        self._address = address
        headers = {"Authorization": f"Token {address.token}"}
        if not address.is_remote:
            headers["Accept-Encoding"] = "identity"
        self._http = httpx.Client(base_url=address.url, headers=headers, timeout=address.timeout_s)

    def ask(self, question: Question) -> list[list[Series]]:
        """The series of each statement.

        Raises:
            TelemetryUnavailableError: the server did not answer the question.
        """
        with self._asking():
            response = self._http.post("/query", data=self._form(question))
            answer = self._checked(response.status_code, response.content)
        return [result.series for result in answer.results]

    def stream(self, question: Question) -> Iterator[Series]:
        """The rows as they come, some thousand at a time: none of their number is held.

        Raises:
            TelemetryUnavailableError: the server did not answer the question, or not to its end.
        """
        form = self._form(question) | {"chunked": "true", "chunk_size": str(_ROWS_A_CHUNK)}
        with self._asking(), self._http.stream("POST", "/query", data=form) as response:
            if response.status_code >= _HTTP_ERROR:
                self._checked(response.status_code, response.read())
            for line in _lines(response.iter_bytes()):
                for result in self._checked(response.status_code, line).results:
                    yield from result.series

    def close(self) -> None:
        """Release the connections; idempotent."""
        self._http.close()

    def _form(self, question: Question) -> dict[str, str]:
        values = msgspec.json.encode(question.values).decode()
        return {"db": self._address.bucket, "q": question.text, "params": values, "epoch": "ns"}

    def _checked(self, status: int, body: bytes) -> _Answer:
        """The answer.

        Raises:
            TelemetryUnavailableError: it is none, or says that something is wrong.
        """
        try:
            answer = msgspec.json.decode(body, type=_Answer)
        except msgspec.MsgspecError:
            answer = _Answer(error=f"{len(body)} bytes that are no answer")
        wrong = [answer.error, *(result.error for result in answer.results)]
        why = next(filter(None, wrong), None)
        if status >= _HTTP_ERROR or why is not None:
            raise TelemetryUnavailableError(f"InfluxDB at {self._address.url!r} answers {status}: {why}")
        return answer

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPError as error:
            raise TelemetryUnavailableError(
                f"InfluxDB at {self._address.url!r}: {type(error).__name__}: {error}"
            ) from error


class _Where:
    """Conditions, with the values that they bind."""

    def __init__(self, from_ms: int, to_ms: int) -> None:
        self._conditions = [
            f"time >= {max(from_ms, 0) * SEQUENCE_MODULUS}",
            f"time < {min(to_ms, _END_MS) * SEQUENCE_MODULUS}",
        ]
        self._values: dict[str, str] = {}

    def any_of(self, tag: str, values: Sequence[str]) -> "_Where":
        """A tag is one of these, where there are any."""
        bound = {f"{tag}{number}": value for number, value in enumerate(values)}
        if bound:
            self._conditions.append(f"({' OR '.join(f'{tag} = ${name}' for name in bound)})")
            self._values |= bound
        return self

    def question(self, head: str, tail: str) -> Question:
        """The whole statement."""
        return Question(f"{head} WHERE {' AND '.join(self._conditions)} {tail}", self._values)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines that end with a newline; httpx takes more for an end, which may stand in a text."""
    waiting = b""
    for chunk in chunks:
        *whole, waiting = (waiting + chunk).split(b"\n")
        yield from filter(None, whole)
    if waiting:
        yield waiting


def _grouped(query: WindowQuery) -> str:
    """The groups and windows of a question."""
    groups = [f"time({query.every_ms}ms)"] if query.every_ms else []
    groups += query.group_columns
    tail = f"GROUP BY {', '.join(groups)}" if groups else ""
    # The zone is one that zoneinfo knows: the query has refused others.
    return f"{tail} fill(none) tz('{query.zone}')" if query.every_ms else tail


def _every(every_ms: int) -> str:
    return f"GROUP BY time({every_ms}ms) fill(none)" if every_ms else ""


def _call(query: WindowQuery, field_name: str) -> str:
    more = f", {query.percentile}" if query.aggregate is Aggregate.PERCENTILE else ""
    return f"{query.aggregate.value}({_name(field_name)}{more})"


def _name(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')  # a bucket's name is a setting
    return f'"{escaped}"'


def _table(bucket: str, measurement: str) -> str:
    """A measurement in any bucket, which InfluxQL knows as a database with one retention policy."""
    return f'{_name(bucket)}."autogen".{_name(measurement)}'


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(_name, names))
