"""Who may do what only one process may do: leases, by the database's clock.

A lease has a term, which is one holding of it. What a holder writes is written under `Lease.guard`: such a
transaction is undone when the term is over, and while it lasts nobody can begin another term.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from store.operations.database import OperationsDatabase
from store.operations.dialects import clock_ms, insert_or_skip
from store.operations.errors import LeaseLostError
from store.operations.tables import leases

__all__ = ["Lease", "LeaseHolder", "LeaseRepository"]


@dataclass(frozen=True, kw_only=True)
class Lease:
    """One holding of a lease."""

    name: str
    holder: str
    term: int

    def guard(self, connection: Connection) -> None:
        """Return when the term lasts; it then lasts until the transaction ends.

        Raises:
            LeaseLostError: it is over.
        """
        table = leases
        # The row's key stays locked to the commit: extending the term is free, beginning another waits.
        standing = (
            select(table.c.term)
            .where(table.c.name == self.name, table.c.term == self.term)
            .where(table.c.expires_at_ms > clock_ms(connection))
            .with_for_update(read=True, key_share=True)
        )
        if connection.execute(standing).one_or_none() is None:
            raise LeaseLostError(self.name, self.term)


@dataclass(frozen=True, kw_only=True)
class LeaseHolder:
    """Who holds a lease, and for how long yet; nothing and less once it has expired."""

    holder: str
    term: int
    remaining_s: float


class LeaseRepository:
    """Leases by their name.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def acquire(self, name: str, holder: str, for_s: float) -> Lease | None:
        """A new term of the lease; None while another holder's lasts. A holder may always begin anew."""
        with self._database.write() as connection:
            free = {"name": name, "holder": "", "term": 0, "expires_at_ms": 0}
            connection.execute(insert_or_skip(connection, leases, key=["name"]), free)
            now_ms = clock_ms(connection)
            standing = select(leases, (leases.c.expires_at_ms > now_ms).label("lasts"))
            row = connection.execute(standing.where(leases.c.name == name).with_for_update()).one()
            if row.lasts and row.holder != holder:
                return None
            term = row.term + 1
            values = {"holder": holder, "term": term, "expires_at_ms": now_ms + round(for_s * 1000)}
            connection.execute(update(leases).where(leases.c.name == name).values(values))
        return Lease(name=name, holder=holder, term=term)

    def renew(self, lease: Lease, for_s: float) -> bool:
        """Whether the term goes on for so long from now; not when another has begun."""
        with self._database.write() as connection:
            until_ms = clock_ms(connection) + round(for_s * 1000)
            return _changed(connection, lease, until_ms)

    def release(self, lease: Lease) -> None:
        """End the term, if it lasts, so that another holder need not wait."""
        with self._database.write() as connection:
            _changed(connection, lease, 0)

    def look(self, name: str) -> LeaseHolder | None:
        """Who holds it, or held it last; None where nobody ever did."""
        with self._database.read() as connection:
            query = select(leases, (leases.c.expires_at_ms - clock_ms(connection)).label("left_ms"))
            row = connection.execute(query.where(leases.c.name == name)).one_or_none()
        if row is None:
            return None
        return LeaseHolder(holder=row.holder, term=row.term, remaining_s=row.left_ms / 1000)


def _changed(connection: Connection, lease: Lease, expires_at_ms: object) -> bool:
    changing = update(leases).where(leases.c.name == lease.name, leases.c.term == lease.term)
    return connection.execute(changing.values(expires_at_ms=expires_at_ms)).rowcount == 1
