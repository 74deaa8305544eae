"""Questions in InfluxQL, over `POST /query`: the only place that knows it.

Names come from the kinds' descriptions and stand quoted, values are bound parameters. InfluxQL is spoken by
InfluxDB 1, 2 and 3 alike, and is two to four times as fast as Flux.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from store.influx_client import InfluxAddress
from store.line_protocol import EVENTS
from store.row_keys import SEQUENCE_MODULUS
from store.telemetry import RangeQuery, Selection, TelemetryUnavailableError
from store.windows import Aggregate, WindowQuery, known_kind

__all__ = [
    "InfluxqlClient",
    "Question",
    "Series",
    "all_events",
    "all_of",
    "event_ids",
    "one_value",
    "range_of",
    "rows_by_time",
    "windows_of",
]

_ROWS_A_CHUNK = 10_000
_END_MS = 4_102_444_800_000  # 2100-01-01, beyond which no device time is believed
_HTTP_ERROR = 400


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
    return _Where(0, _END_MS).question(head, f"GROUP BY time({every_ms}ms) fill(none)")


def windows_of(query: WindowQuery) -> Question:
    """Aggregates of fields over windows; windows without readings are left out."""
    where = _Where(query.from_ms, query.to_ms)
    where.any_of("device", query.devices).any_of("area", query.areas)
    wanted = ", ".join(f"{_call(query, name)} AS {_name(name)}" for name in query.fields)
    groups = [f"time({query.every_ms}ms)"] if query.every_ms else []
    groups += query.group_columns
    tail = f"GROUP BY {', '.join(groups)}" if groups else ""
    if query.every_ms:
        # The zone is one that zoneinfo knows: the query has refused others.
        tail += f" fill(none) tz('{query.zone}')"
    return where.question(f"SELECT {wanted} FROM {_name(known_kind(query.kind).table)}", tail)


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
            f"time >= {from_ms * SEQUENCE_MODULUS}",
            f"time < {to_ms * SEQUENCE_MODULUS}",
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


def _call(query: WindowQuery, field_name: str) -> str:
    more = f", {query.percentile}" if query.aggregate is Aggregate.PERCENTILE else ""
    return f"{query.aggregate.value}({_name(field_name)}{more})"


def _name(name: str) -> str:
    return f'"{name}"'


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(_name, names))
