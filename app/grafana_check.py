"""Asks the stores everything that the boards ask, and says what has no answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from grafana.asking import Asked, Window, asked, expand, variables
from grafana.names import Source
from store.influxql import InfluxqlClient, Question
from store.operations.database import OperationsDatabase
from store.operations.errors import OperationsUnavailableError
from store.telemetry import TelemetryUnavailableError

__all__ = ["Answer", "Stores", "check_board", "summary"]

_ERRORS = (LookupError, OperationsUnavailableError, SQLAlchemyError, TelemetryUnavailableError)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How many rows with a value a question got; the error where it got none."""

    asked: Asked
    rows: int
    error: str | None = None


class Stores:
    """The two stores that a Grafana would ask."""

    def __init__(self, telemetry: InfluxqlClient, operations: OperationsDatabase) -> None:
        self._telemetry = telemetry
        self._operations = operations

    def rows(self, source: Source, text: str) -> list[Sequence[Any]]:
        """The rows of an answer, without InfluxQL's column of times.

        Raises:
            OperationsUnavailableError: PostgreSQL does not answer.
            SQLAlchemyError: PostgreSQL does not understand the question.
            TelemetryUnavailableError: InfluxDB does not answer it.
        """
        if source is Source.TELEMETRY:
            answers = self._telemetry.ask(Question(text))
            return [row[1:] for series in answers for one in series for row in one.values]
        with self._operations.read() as connection:
            return list(connection.exec_driver_sql(text.replace("%", "%%")).all())


def check_board(board: Mapping[str, Any], stores: Stores, window: Window) -> list[Answer]:
    """The answers to every question of a built board; variables have their first value, or all of them."""
    values: dict[str, str] = {}
    for name, source, query in variables(board):
        values[name] = query if source is None else _first(stores, source, query, window, values)
    return [_answer(one, stores, window, values) for one in asked(board)]


def summary(answers: Iterable[Answer]) -> dict[str, Any]:
    """What `--json` writes: panels, how many have data, and which have none or failed, with the reason."""
    panels: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        panels.setdefault((answer.asked.board, answer.asked.panel), []).append(answer)
    failed = [answer for found in panels.values() for answer in found if answer.error is not None]
    empty = [
        answer for found in panels.values() for answer in found if not answer.rows and answer.error is None
    ]
    return {
        "panels": len(panels),
        "with_data": sum(any(answer.rows for answer in found) for found in panels.values()),
        "queries": sum(map(len, panels.values())),
        "queries_with_data": sum(answer.rows > 0 for found in panels.values() for answer in found),
        "failed": [_named(answer) | {"error": answer.error} for answer in failed],
        "without_data": [_named(answer) for answer in empty],
    }


def _named(answer: Answer) -> dict[str, Any]:
    return {"board": answer.asked.board, "panel": answer.asked.panel, "query": answer.asked.ref}


def _answer(one: Asked, stores: Stores, window: Window, values: Mapping[str, str]) -> Answer:
    try:
        rows = stores.rows(one.source, expand(one.text, one.source, window, values))
    except _ERRORS as error:
        return Answer(asked=one, rows=0, error=" ".join(str(error).split()))
    return Answer(asked=one, rows=sum(any(value is not None for value in row) for row in rows))


def _first(stores: Stores, source: Source, query: str, window: Window, values: Mapping[str, str]) -> str:
    """A variable's first value, as Grafana chooses it; empty where there is none."""
    try:
        rows = stores.rows(source, expand(query, source, window, values))
    except _ERRORS:
        return ""
    return str(rows[0][-1]) if rows and rows[0][-1] is not None else ""
