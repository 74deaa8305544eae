"""Is the evidence whole? The chain, what its links tell of, and the pictures, compared with one another."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, insert, select

from rules.lifecycle.transition import Transition
from rules.review.case import ViolationState
from store.evidence.chain import GENESIS, Link, LinkKind, salted
from store.evidence.pictures import PictureStore
from store.operations.counters import Counter
from store.operations.database import OperationsDatabase
from store.operations.evidence_links import ChainHead, links_from
from store.operations.picture_rows import PictureState
from store.operations.review_rows import PLAIN_FACTS
from store.operations.review_tables import (
    evidence_checks,
    evidence_pictures,
    evidence_salts,
    violation_history,
    violation_reviews,
)
from store.operations.tables import counters, violations

__all__ = ["Broken", "EvidenceCheck", "check", "check_and_note", "last_check"]

_MOST_PROBLEMS = 100
_NOTHING_SAID: Mapping[str, Any] = {
    "corrected_plate": None, "corrected_by": None, "escalated_by": None, "reason": None, "opinion_by": None,
    "opinion_verdict": None,
}  # fmt: skip
# What a step leaves in the review, from who took it and its `why`. An opinion stays when it is a decision.
_OF_REVIEW: Mapping[str, Callable[[str, Mapping[str, Any]], dict[str, Any]]] = {
    Transition.PLATE_CORRECTED: lambda who, why: {
        "corrected_plate": why.get("plate"), "corrected_by": who, "opinion_by": None, "opinion_verdict": None,
    },
    Transition.FIRST_OPINION: lambda who, why: {"opinion_by": who, "opinion_verdict": why.get("verdict")},
    Transition.HANDED_ON: lambda who, _: {"escalated_by": who},
    Transition.DISPUTED: lambda who, _: {"escalated_by": who},
    Transition.CONFIRMED: lambda _, why: {"reason": why.get("reason")},
    Transition.REJECTED: lambda _, why: {"reason": why.get("reason")},
    Transition.EXPIRED: lambda *_: {"opinion_by": None, "opinion_verdict": None},
}  # fmt: skip


@dataclass(frozen=True, order=True)
class Broken:
    """Something that is not as the chain says; `link` is where it shows, 0 where no link tells of it."""

    link: int
    what: str

    def __str__(self) -> str:
        return f"link {self.link}: {self.what}" if self.link else self.what


@dataclass(frozen=True, kw_only=True)
class EvidenceCheck:
    """What a check found: the first broken link first."""

    links: int
    head: ChainHead
    pictures: int
    problems: tuple[Broken, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is broken."""
        return not self.problems


@dataclass
class _Told:
    """What the links tell of one violation."""

    sealed: int = 0
    state: str = ""
    version: int = 1
    rows: dict[int, Link] = field(default_factory=dict)
    pictures: dict[int, Link] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    decided: Link | None = None

    @property
    def is_removed(self) -> bool:
        """Whether the whole record was taken away lawfully."""
        return "record" in self.removed


def check(
    database: OperationsDatabase,
    pictures: PictureStore,
    *,
    expected: ChainHead | None = None,
    progress: Callable[[], None] = lambda: None,
) -> EvidenceCheck:
    """Compare everything; `expected` is a link that somebody wrote down earlier.

    Raises:
        OperationsUnavailableError: the database does not answer.
        EvidenceStoreError: the picture store does not.
    """
    with database.snapshot() as connection:
        examiner = _Examiner(connection, progress)
        problems = [*examiner.chain(expected)]
        if not problems:
            # What a broken chain says of the rest proves nothing.
            problems = [
                *examiner.histories(),
                *examiner.records(),
                *examiner.strays(),
                *examiner.files(pictures),
            ]
    problems = sorted(problems)[:_MOST_PROBLEMS]
    return EvidenceCheck(
        links=examiner.head.number,
        head=examiner.head,
        pictures=examiner.pictures,
        problems=tuple(problems),
    )


def check_and_note(database: OperationsDatabase, pictures: PictureStore, at_ms: int) -> EvidenceCheck:
    """A check whose result is kept, for `last_check`.

    Raises:
        OperationsUnavailableError: the database does not answer.
        EvidenceStoreError: the picture store does not.
    """
    found = check(database, pictures)
    row = {
        "at_ms": at_ms, "links": found.links, "head": found.head.hash, "pictures": found.pictures,
        "is_whole": found.is_whole, "problem": None if found.is_whole else str(found.problems[0]),
    }  # fmt: skip
    with database.write() as connection:
        connection.execute(insert(evidence_checks), row)
    return found


def last_check(database: OperationsDatabase) -> Mapping[str, Any] | None:
    """The row of the last check; None where there was none.

    Raises:
        OperationsUnavailableError: the database does not answer.
    """
    query = select(evidence_checks).order_by(evidence_checks.c.row.desc()).limit(1)
    with database.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
    return None if row is None else {str(name): value for name, value in row.items()}


class _Examiner:
    """Reads everything once, and compares."""

    def __init__(self, connection: Connection, progress: Callable[[], None]) -> None:
        self._connection = connection
        self._progress = progress
        self._told: dict[str, _Told] = {}
        self._erased: set[tuple[int, str]] = set()
        self._doubtful: set[str] = set()
        self.head = ChainHead(0, GENESIS)
        self.pictures = 0

    def chain(self, expected: ChainHead | None) -> Iterator[Broken]:
        """What is wrong with the links themselves; it ends at the first, for all behind it proves nothing."""
        for link in links_from(self._connection):
            self._progress()
            problem = self._link_problem(link)
            if problem is not None:
                yield Broken(link.number, f"{link.kind} of violation {link.violation}: {problem}")
                return
            self.head = ChainHead(link.number, link.hash)
            if expected is not None and expected.number == link.number and expected.hash != link.hash:
                yield Broken(link.number, "is not the link that was written down: the chain was made anew")
                return
            self._note(link)
        yield from self._end_problem(expected)

    def histories(self) -> Iterator[Broken]:
        """What is wrong with the rows of histories."""
        rows = {row["row"]: row for row in self._all(violation_history)}
        salts = self._salts()
        for told in self._told.values():
            for number, link in told.rows.items():
                row = rows.pop(number, None)
                if row is not None:
                    problems = [*self._entry_problems(link, row, salts)]
                elif told.is_removed:
                    continue
                else:
                    problems = [Broken(link.number, f"row {number} of the history is gone")]
                if problems:
                    self._doubtful.add(link.violation)
                yield from problems
        for number in rows:
            yield Broken(0, f"row {number} of the history is in no link")

    def _entry_problems(
        self, link: Link, row: RowMapping, salts: Mapping[tuple[int, str], str]
    ) -> Iterator[Broken]:
        """What is wrong with a row of the history that a link tells of."""
        members = link.members
        if link.kind == LinkKind.DECISION:
            yield from self._compare(link, row, ("who", "transition"), salts)
            at_ms = link.at_ms
        else:
            at_ms = members["detected_at_ms"]
            said = (row["who"], row["transition"], row["comment"], row["why"])
            if said != ("detection", Transition.SUSPECTED, None, {}):
                yield Broken(link.number, f"row {row['row']} of the history was changed")
        if (row["violation"], row["at_ms"]) != (link.violation, at_ms):
            yield Broken(link.number, f"the time of row {row['row']} of the history was changed")

    def records(self) -> Iterator[Broken]:
        """What is wrong with violations and their reviews."""
        salts = self._salts()
        rows = {row["id"]: row for row in self._all(violations)}
        for violation, told in self._told.items():
            row = rows.pop(violation, None)
            if row is None:
                if not told.is_removed:
                    yield Broken(told.sealed, f"violation {violation} is gone")
                continue
            link = told.rows[min(told.rows)]
            yield from self._compare(link, row, PLAIN_FACTS, salts)
            if (row["state"], row["version"]) != (told.state, told.version):
                last = max(one.number for one in told.rows.values())
                yield Broken(
                    last, f"violation {violation} is {row['state']} at version {row['version']},"
                    f" and the chain says {told.state} at {told.version}",
                )  # fmt: skip
        for row in rows.values():
            if row["state"] != ViolationState.SUSPECTED:
                yield Broken(0, f"violation {row['id']} is {row['state']}, and no link says so")

    def strays(self) -> Iterator[Broken]:
        """What is wrong with what reviews say of decisions."""
        said = self._said()
        for row in self._all(violation_reviews):
            # A history that was changed itself says nothing about the review.
            for name, value in said.get(row["violation"], _NOTHING_SAID).items():
                if row[name] != value and row["violation"] not in self._doubtful:
                    words = name.replace("_", " ")
                    yield Broken(0, f"the {words} of violation {row['violation']} was changed")
            told = self._told.get(row["violation"])
            if told is None or told.decided is None:
                if row["decided_by"] is not None:
                    yield Broken(0, f"violation {row['violation']} is decided, and no link says so")
            elif (row["decided_by"], row["decided_at_ms"]) != (
                told.decided.members["who"],
                told.decided.at_ms,
            ):
                yield Broken(told.decided.number, f"who decided violation {row['violation']} was changed")

    def files(self, store: PictureStore) -> Iterator[Broken]:
        """What is wrong with pictures."""
        rows = {(row["violation"], row["place"]): row for row in self._all(evidence_pictures)}
        for violation, told in self._told.items():
            for place, link in told.pictures.items():
                row = rows.pop((violation, place), None)
                self._progress()
                if told.is_removed or f"picture {place}" in told.removed:
                    continue
                self.pictures += 1
                problem = _picture_problem(row, link.members, store)
                if problem is not None:
                    yield Broken(link.number, f"picture {place} of violation {violation} {problem}")
        for (violation, place), row in rows.items():
            if row["state"] == PictureState.KEPT:
                yield Broken(0, f"picture {place} of violation {violation} is in no link")

    def _said(self) -> dict[str, dict[str, Any]]:
        """What reviews must say by violation, as the histories have it; what was erased is marked in both."""
        said: dict[str, dict[str, Any]] = {}
        query = select(violation_history).where(violation_history.c.transition.in_(_OF_REVIEW))
        for row in self._connection.execute(query.order_by(violation_history.c.row)).mappings():
            own = said.setdefault(row["violation"], dict(_NOTHING_SAID))
            own |= _OF_REVIEW[row["transition"]](row["who"], row["why"])
        return said

    def _link_problem(self, link: Link) -> str | None:
        if link.number != self.head.number + 1:
            return (
                f"it follows link {self.head.number}: links between them are gone, or their order was changed"
            )
        if link.previous != self.head.hash:
            return "it does not follow the link before it"
        if link.hash != link.expected_hash():
            return "it was changed"
        return None

    def _end_problem(self, expected: ChainHead | None) -> Iterator[Broken]:
        query = select(counters.c.value).where(counters.c.name == Counter.EVIDENCE)
        given: int = self._connection.execute(query).scalar_one()
        if given != self.head.number:
            first = self.head.number + 1
            yield Broken(first, f"links {first} to {given} at the end of the chain are gone")
        elif expected is not None and expected.number > self.head.number:
            yield Broken(self.head.number + 1, f"the chain once had {expected.number} links")

    def _note(self, link: Link) -> None:
        told = self._told.setdefault(link.violation, _Told())
        members = link.members
        if link.kind == LinkKind.PICTURE:
            told.pictures[members["place"]] = link
        elif link.kind == LinkKind.REMOVED:
            told.removed |= set(members["what"])
            self._erased |= {(number, name) for number, name in members["salts"]}
        else:
            told.rows[members["row"]] = link
            told.sealed = told.sealed or link.number
            told.state, told.version = members["state"], members.get("version", 1)
            if members.get("transition") in (Transition.CONFIRMED, Transition.REJECTED, Transition.EXPIRED):
                told.decided = link

    def _compare(
        self, link: Link, row: RowMapping, names: Iterable[str], salts: Mapping[tuple[int, str], str]
    ) -> Iterator[Broken]:
        members = link.members
        for name in names:
            if members[name] != row[name]:
                yield Broken(link.number, f"{name} of violation {link.violation} was changed")
        for name, known in members["personal"].items():
            salt = salts.get((link.number, name))
            if (link.number, name) in self._erased:
                continue
            if salt is None:
                yield Broken(link.number, f"the salt of {name} of violation {link.violation} is gone")
            elif salted(salt, row[name]) != known:
                yield Broken(link.number, f"{name} of violation {link.violation} was changed")

    def _salts(self) -> dict[tuple[int, str], str]:
        return {(row["link"], row["field"]): row["salt"] for row in self._all(evidence_salts)}

    def _all(self, table: Table) -> Iterator[RowMapping]:
        yield from self._connection.execute(select(table)).mappings()


def _picture_problem(row: RowMapping | None, told: Mapping[str, Any], store: PictureStore) -> str | None:
    if row is None or row["state"] != PictureState.KEPT:
        return "is no longer kept, and no link says that it was removed"
    if any(row[name] != told[name] for name in ("sha256", "file", "bytes", "media_type")):
        return "has another row than the chain says"
    content = store.get(told["file"])
    if content is None:
        return "has no file"
    return None if hashlib.sha256(content).hexdigest() == told["sha256"] else "was changed"
