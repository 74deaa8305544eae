"""The chain at rest: appending to it in the transaction of what a link tells of, and reading it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select

from store.evidence.chain import GENESIS, Link, LinkKind, canonical, link_hash, new_salt, salted
from store.operations.counters import Counter, allocate
from store.operations.database import OperationsDatabase
from store.operations.review_tables import evidence_links, evidence_salts

__all__ = ["ChainHead", "EvidenceChain", "NewLink", "append_links", "last_link", "links_from"]

_AT_ONCE = 2_000


@dataclass(frozen=True, kw_only=True)
class NewLink:
    """A link about to be made. Values of `personal` go into it as salted hashes, of `plain` as they are."""

    at_ms: int
    kind: LinkKind
    violation: str
    plain: Mapping[str, Any]
    personal: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ChainHead:
    """The newest link: who wrote it down elsewhere can prove that nothing before it was changed since."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


def append_links(connection: Connection, new: Sequence[NewLink]) -> list[Link]:
    """Add links in this order. Call it after all locks of rows and before `append_changes`."""
    numbers = allocate(connection, Counter.EVIDENCE, len(new))
    if not new:
        return []
    previous = last_link(connection).hash
    made: list[Link] = []
    salts: list[dict[str, Any]] = []
    for number, one in zip(numbers, new, strict=True):
        fresh = {name: new_salt() for name in one.personal}
        hashes = {name: salted(fresh[name], value) for name, value in one.personal.items()}
        link = _link(number, one, canonical({**one.plain, "personal": hashes}), previous)
        previous = link.hash
        made.append(link)
        salts += [{"link": number, "field": name, "salt": salt} for name, salt in fresh.items()]
    connection.execute(insert(evidence_links), [vars(link) for link in made])
    if salts:
        connection.execute(insert(evidence_salts), salts)
    return made


def _link(number: int, new: NewLink, body: str, previous: str) -> Link:
    head: dict[str, Any] = {
        "number": number, "at_ms": new.at_ms, "kind": str(new.kind), "violation": new.violation,
    }  # fmt: skip
    return Link(**head, body=body, previous=previous, hash=link_hash(previous, head, body))


def last_link(connection: Connection) -> ChainHead:
    """The newest link; number 0 before the first."""
    query = (
        select(evidence_links.c.number, evidence_links.c.hash)
        .order_by(evidence_links.c.number.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return ChainHead(0, GENESIS) if row is None else ChainHead(row.number, row.hash)


def links_from(connection: Connection, violation: str | None = None) -> Iterator[Link]:
    """All links in their order, or those of one violation."""
    after = 0
    while True:
        query = select(evidence_links).where(evidence_links.c.number > after)
        if violation is not None:
            query = query.where(evidence_links.c.violation == violation)
        rows = connection.execute(query.order_by(evidence_links.c.number).limit(_AT_ONCE)).mappings().all()
        yield from (Link(**row) for row in rows)
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1]["number"]


class EvidenceChain:
    """The chain for those who only look.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def head(self) -> ChainHead:
        """The newest link; number 0 before the first."""
        with self._database.read() as connection:
            return last_link(connection)

    def of(self, violation: str) -> list[Link]:
        """The links of a violation."""
        with self._database.read() as connection:
            return list(links_from(connection, violation))
