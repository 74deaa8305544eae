"""How far whoever works through numbered rows has come."""

from sqlalchemy import Connection, select

from store.operations.database import OperationsDatabase
from store.operations.dialects import upsert
from store.operations.tables import cursors

__all__ = ["CursorRepository", "cursor", "move_cursor"]


class CursorRepository:
    """Cursors by their name, for whoever has nothing to write in the same transaction.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def get(self, name: str) -> int:
        """The number of the last row that was worked through; 0 before the first."""
        with self._database.read() as connection:
            return cursor(connection, name)

    def move(self, name: str, number: int) -> None:
        """Note that everything up to that number was worked through."""
        with self._database.write() as connection:
            move_cursor(connection, name, number)


def cursor(connection: Connection, name: str) -> int:
    """The number of the last row that was worked through; 0 before the first."""
    found = connection.execute(select(cursors.c.number).where(cursors.c.name == name)).scalar_one_or_none()
    return found or 0


def move_cursor(connection: Connection, name: str, number: int) -> None:
    """Note that everything up to that number was worked through."""
    connection.execute(upsert(connection, cursors, key=["name"]), {"name": name, "number": number})
