"""Links that were sent to crews, and what crews did through them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, select

from store.operations.database import OperationsDatabase
from store.operations.dialects import insert_or_skip
from store.operations.notification_tables import notify_acts, notify_links

__all__ = ["CrewAct", "CrewActKind", "LinkRecord", "LinkRepository", "append_act", "append_links"]


class CrewActKind(StrEnum):
    """What a crew says of an incident."""

    ACKNOWLEDGED = "acknowledged"
    REPAIRED = "repaired"


@dataclass(frozen=True, kw_only=True)
class LinkRecord:
    """A link as it is kept: the hash of its token, the one incident it opens, and for whom.

    `who` stands in histories for what is done through it; `language` is the one its reader was written in.
    """

    hash: str
    incident: str
    who: str
    language: str
    expires_real_ms: int


@dataclass(frozen=True, kw_only=True)
class CrewAct:
    """One thing said of an incident through a link."""

    incident: str
    who: str
    act: CrewActKind
    note: str
    at_ms: int


def append_links(connection: Connection, links: Sequence[LinkRecord]) -> None:
    """Keep links in the transaction of the notification that carries them."""
    if links:
        rows = [vars(link) for link in links]
        connection.execute(insert_or_skip(connection, notify_links, key=["hash"]), rows)


def append_act(connection: Connection, act: CrewAct) -> None:
    """Keep what a crew said, in the transaction of what follows from it."""
    connection.execute(insert(notify_acts), vars(act))


class LinkRepository:
    """Links and acts.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def find(self, hash_: str) -> LinkRecord | None:
        """The link whose token has that hash, or None."""
        with self._database.read() as connection:
            query = select(notify_links).where(notify_links.c.hash == hash_)
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else LinkRecord(**row)

    def acts(self, incident: str) -> Sequence[CrewAct]:
        """What crews said of an incident, oldest first."""
        query = select(notify_acts).where(notify_acts.c.incident == incident).order_by(notify_acts.c.row)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        fields = CrewAct.__dataclass_fields__
        return [
            CrewAct(**{name: row[name] for name in fields} | {"act": CrewActKind(row["act"])}) for row in rows
        ]

    def add(self, act: CrewAct) -> None:
        """Keep what a crew said."""
        with self._database.write() as connection:
            append_act(connection, act)

    def purge(self, expired_before_real_ms: int) -> int:
        """Forget links that expired before a moment; how many."""
        old = notify_links.c.expires_real_ms < expired_before_real_ms
        with self._database.write() as connection:
            return connection.execute(delete(notify_links).where(old)).rowcount
