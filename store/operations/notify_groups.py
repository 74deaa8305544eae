"""The state of notification at rest: groups of incidents, and how far changes were read.

Groups are opaque here: a row's columns are a group's fields, and `members` is plain data.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, select

from store.operations.dialects import upsert
from store.operations.notification_tables import notify_groups, notify_position

__all__ = ["load_groups", "read_position", "save_groups", "write_position"]


def load_groups(connection: Connection) -> Sequence[Mapping[str, Any]]:
    """All groups, by key."""
    rows = connection.execute(select(notify_groups).order_by(notify_groups.c.key)).mappings().all()
    return [{str(name): value for name, value in row.items()} for row in rows]


def save_groups(connection: Connection, changed: Sequence[Mapping[str, Any]], ended: Sequence[str]) -> None:
    """Keep groups that changed, and forget those that ended."""
    if changed:  # not in bulk: PostgreSQL would take lists of members apart
        connection.execute(upsert(connection, notify_groups, key=["key"]), changed)
    for key in ended:
        connection.execute(delete(notify_groups).where(notify_groups.c.key == key))


def read_position(connection: Connection, name: str) -> int:
    """The revision that a reader has come to; 0 at first."""
    query = select(notify_position.c.revision).where(notify_position.c.name == name)
    found: int | None = connection.execute(query).scalar_one_or_none()
    return found or 0


def write_position(connection: Connection, name: str, revision: int) -> None:
    """Note how far a reader has come."""
    statement = upsert(connection, notify_position, key=["name"])
    connection.execute(statement, {"name": name, "revision": revision})
