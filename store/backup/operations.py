"""Operations as chunks, and back: whole tables in one state of the database, whatever tables there are."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import msgspec
import polars as pl
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    func,
    select,
)

from store.backup.chunks import OPERATIONS, Chunk
from store.operations.dialects import in_byte_order, sequences

__all__ = ["OperationsDump", "clear_seeds", "first_row", "load_table", "tables_of"]

_ROWS_A_CHUNK = 2_000
_NOT_OURS = frozenset({"alembic_version"})
_SEEDED = frozenset({"counters"})
"""Tables that have rows from the first migration on; a restore replaces them."""
_TYPES: Sequence[tuple[type[Any], Any]] = (
    (Boolean, pl.Boolean),
    (Integer, pl.Int64),
    (Float, pl.Float64),
    (LargeBinary, pl.Binary),
    (JSON, pl.String),
    (String, pl.String),
)


def tables_of(connection: Connection) -> list[Table]:
    """The tables that the database has, those that others refer to first.

    They are asked of the database, not of this program: an older backup has older tables.
    """
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name not in _NOT_OURS]


class OperationsDump:
    """Every table, as one transaction sees it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tables = tables_of(connection)

    def rows(self) -> dict[str, int]:
        """How many rows each part has."""
        query = {table.name: select(func.count()).select_from(table) for table in self._tables}
        return {OPERATIONS + name: self._connection.execute(one).scalar_one() for name, one in query.items()}

    def positions(self) -> dict[str, int]:
        """How far detection has read each journal."""
        known = {table.name: table for table in self._tables}["detection_position"]
        query = select(known.c.journal, known.c.number)
        return {row.journal: row.number for row in self._connection.execute(query)}

    def sequences(self) -> dict[str, int]:
        """The last row number given out, by table."""
        return sequences(self._connection, self._tables)

    def chunks(self) -> Iterator[Chunk]:
        """All rows, ordered by their keys' bytes."""
        for table in self._tables:
            order = [in_byte_order(self._connection, column) for column in table.primary_key.columns]
            streamed = self._connection.execution_options(yield_per=_ROWS_A_CHUNK)
            found = streamed.execute(select(table).order_by(*order))
            for number, rows in zip(count(), found.partitions(), strict=False):
                yield Chunk.of(OPERATIONS + table.name, number, _frame(table, rows))


def first_row(connection: Connection) -> str | None:
    """The name of a table that already holds something; None where the database is as good as new."""
    for table in tables_of(connection):
        if table.name not in _SEEDED and connection.execute(select(table).limit(1)).first() is not None:
            return table.name
    return None


def load_table(connection: Connection, table: Table, frame: pl.DataFrame) -> None:
    """Insert the rows of a chunk."""
    is_json = [column.name for column in table.columns if isinstance(column.type, JSON)]
    rows = frame.to_dicts()
    for row in rows:
        row.update({name: msgspec.json.decode(row[name]) for name in is_json if row[name] is not None})
    connection.execute(table.insert(), rows)


def clear_seeds(connection: Connection, tables: Sequence[Table]) -> None:
    """Forget the rows that a new database begins with."""
    for table in tables:
        if table.name in _SEEDED:
            connection.execute(table.delete())


def _frame(table: Table, rows: Sequence[Any]) -> pl.DataFrame:
    columns = zip(*rows, strict=True)
    return pl.DataFrame(
        [_series(column, values) for column, values in zip(table.columns, columns, strict=True)]
    )


def _series(column: Column[Any], values: Sequence[Any]) -> pl.Series:
    dtype = next(ours for theirs, ours in _TYPES if isinstance(column.type, theirs))
    if isinstance(column.type, JSON):
        values = [None if value is None else _canonical(value) for value in values]
    elif dtype == pl.String:
        # What PostgreSQL cannot keep, a backup has as PostgreSQL would have it.
        values = [value.replace("\0", "\ufffd") if value and "\0" in value else value for value in values]
    return pl.Series(column.name, values, dtype=dtype)


def _canonical(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()
