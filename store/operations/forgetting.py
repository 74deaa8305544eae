"""Taking personal data away, lawfully: values, salts and pictures go, and a link says what went and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select, update

from devices.masking import hide, pattern_of
from rules.review.case import ViolationState
from store.evidence.chain import LinkKind
from store.evidence.pictures import PictureStore
from store.operations.audit import AuditEntry, append_audit
from store.operations.database import OperationsDatabase
from store.operations.evidence_links import NewLink, append_links, links_from
from store.operations.picture_rows import PictureState, pictures_of
from store.operations.review_rows import lock_reviewed
from store.operations.review_tables import (
    evidence_links,
    evidence_pictures,
    evidence_salts,
    violation_history,
    violation_reviews,
)
from store.operations.tables import changes, dead_letters, device_status, latest_state, violations

__all__ = ["Erased", "Forgetting"]

_GONE = "***"
_AT_ONCE = 200
_IN_RECORD = ("event", "measured", "images", "why")


@dataclass
class Erased:
    """What was erased where, in rows or files; in a dry run, what would be."""

    counts: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def add(self, where: str, count: int = 1) -> None:
        """Count something."""
        self.counts[where] = self.counts.get(where, 0) + count


class Forgetting:
    """Erasure and retention of personal data.

    Methods raise `OperationsUnavailableError` or `EvidenceStoreError` when a store does not answer; what was
    not done then is done by the next call.
    """

    def __init__(self, database: OperationsDatabase, pictures: PictureStore) -> None:
        self._database = database
        self._pictures = pictures

    def erase_plate(self, plate: str, *, by: tuple[str, int], dry_run: bool) -> Erased:
        """Erase a plate, however it is separated, from violations, histories, pictures and dead letters.

        The chain stays whole: it has salted hashes only, and their salts go with the values.
        """
        erased = Erased()
        for violation in self._with_plate(plate):
            erased.violations.append(violation)
            erased.add("violations")
            if dry_run:
                kept = pictures_of_one(self._database, violation)
                erased.add("pictures", len(kept))
            else:
                self._erase_in(violation, plate, by, erased)
        self._erase_letters(plate, erased, dry_run=dry_run)
        if not dry_run:
            # The audit says that something was erased, not what: else it would keep it.
            detail = {"counts": erased.counts, "violations": erased.violations}
            with self._database.write() as connection:
                entry = AuditEntry(
                    at_ms=by[1], who=by[0], action="privacy.erase", target="plate", detail=detail
                )
                append_audit(connection, entry)
        return erased

    def erase_device(self, device: str, *, by: tuple[str, int], dry_run: bool) -> Erased:
        """Erase what a device last said from this store; its telemetry is the telemetry store's to delete."""
        erased = Erased()
        with self._database.write() as connection:
            for table in (latest_state, device_status):
                here = table.c.device == device
                count: int = connection.execute(
                    select(func.count()).select_from(table).where(here)
                ).scalar_one()
                erased.add(table.name, count)
                if not dry_run:
                    connection.execute(delete(table).where(here))
            if not dry_run:
                entry = AuditEntry(
                    at_ms=by[1],
                    who=by[0],
                    action="privacy.erase",
                    target=device,
                    detail={"counts": erased.counts},
                )
                append_audit(connection, entry)
        return erased

    def retain(self, now_ms: int, days: Mapping[ViolationState, int], day_ms: int = 86_400_000) -> int:
        """Remove violations that were kept for the days of their state, with all that belongs to them.

        States with 0 days, or none, are kept. Gives how many were removed.
        """
        removed = 0
        for state, kept_days in days.items():
            if kept_days:
                for violation in self._older(state, now_ms - kept_days * day_ms):
                    self._remove(violation, now_ms)
                    removed += 1
        return removed

    def _older(self, state: ViolationState, before_ms: int) -> Sequence[str]:
        query = (
            select(violations.c.id)
            .where(violations.c.state == state, violations.c.occurred_at_ms < before_ms)
            .order_by(violations.c.number)
            .limit(_AT_ONCE)
        )
        with self._database.read() as connection:
            return connection.execute(query).scalars().all()

    def _remove(self, violation: str, now_ms: int) -> None:
        self._delete_files(violation)
        with self._database.write() as connection:
            if lock_reviewed(connection, violation, now_ms) is None:
                return
            links = select(evidence_links.c.number).where(evidence_links.c.violation == violation)
            connection.execute(delete(evidence_salts).where(evidence_salts.c.link.in_(links)))
            for table in (evidence_pictures, violation_history, violation_reviews):
                connection.execute(delete(table).where(table.c.violation == violation))
            connection.execute(delete(violations).where(violations.c.id == violation))
            plain = {"what": ["record"], "salts": [], "why": "retention"}
            append_links(
                connection,
                [NewLink(at_ms=now_ms, kind=LinkKind.REMOVED, violation=violation, plain=plain)],
            )

    def _with_plate(self, plate: str) -> list[str]:
        """The violations that have the plate as it was read, or as an officer corrected it at any time."""
        pattern = pattern_of(plate)
        if pattern is None:
            return []
        found: dict[str, None] = {}
        with self._database.read() as connection:
            read = select(violations.c.id, violations.c.plate).where(violations.c.plate.is_not(None))
            found |= dict.fromkeys(row.id for row in connection.execute(read) if pattern.search(row.plate))
            said = select(violation_history.c.violation, violation_history.c.comment, violation_history.c.why)
            for row in connection.execute(said):
                if hide([row.comment, row.why], [plate]) != [row.comment, row.why]:
                    found[row.violation] = None
        return list(found)

    def _erase_in(self, violation: str, plate: str, by: tuple[str, int], erased: Erased) -> None:
        self._delete_files(violation)
        with self._database.write() as connection:
            standing = lock_reviewed(connection, violation, by[1])
            if standing is None:
                return
            salts = self._scrub_record(connection, violation, plate)
            salts += self._scrub_history(connection, violation, plate, erased)
            places = self._forget_pictures(connection, violation)
            erased.add("pictures", len(places))
            pattern = pattern_of(plate)
            corrected = standing.case.corrected_plate
            if corrected and pattern is not None and pattern.search(corrected):
                here = violation_reviews.c.violation == violation
                connection.execute(update(violation_reviews).where(here).values(corrected_plate=_GONE))
            self._scrub_feed(connection, violation, erased)
            for link, name in salts:
                here = (evidence_salts.c.link == link) & (evidence_salts.c.field == name)
                connection.execute(delete(evidence_salts).where(here))
            erased.add("salts", len(salts))
            what = ["values", *(f"picture {place}" for place in places)]
            plain = {"what": what, "salts": [[link, name] for link, name in salts], "why": "erasure"}
            new = NewLink(at_ms=by[1], kind=LinkKind.REMOVED, violation=violation, plain=plain)
            append_links(connection, [new])

    def _scrub_record(self, connection: Connection, violation: str, plate: str) -> list[tuple[int, str]]:
        row = connection.execute(select(violations).where(violations.c.id == violation)).mappings().one()
        changed = _scrubbed(row, _IN_RECORD, plate)
        pattern = pattern_of(plate)
        if row["plate"] and pattern is not None and pattern.search(row["plate"]):
            changed |= {"plate": None}
        if changed:
            connection.execute(update(violations).where(violations.c.id == violation).values(changed))
        query = select(func.min(evidence_links.c.number)).where(evidence_links.c.violation == violation)
        sealed: int = connection.execute(query).scalar_one()
        return [(sealed, name) for name in changed]

    def _scrub_history(
        self, connection: Connection, violation: str, plate: str, erased: Erased
    ) -> list[tuple[int, str]]:
        links = {link.members.get("row"): link.number for link in links_from(connection, violation)}
        salts: list[tuple[int, str]] = []
        query = select(violation_history).where(violation_history.c.violation == violation)
        for row in connection.execute(query).mappings().all():
            changed = _scrubbed(row, ("comment", "why"), plate)
            if changed:
                here = violation_history.c.row == row["row"]
                connection.execute(update(violation_history).where(here).values(changed))
                salts += [(links[row["row"]], name) for name in changed]
                erased.add("rows of history")
        return salts

    def _forget_pictures(self, connection: Connection, violation: str) -> list[int]:
        """Pictures show the plate, all of them: none is kept, and none that waits is fetched."""
        kept = [one for one in pictures_of(connection, [violation])[violation] if one.file is not None]
        values = {
            "state": PictureState.REMOVED, "file": None, "sha256": None, "media_type": None, "bytes": None,
        }  # fmt: skip
        here = evidence_pictures.c.violation == violation
        connection.execute(update(evidence_pictures).where(here).values(values))
        return [one.place for one in kept]

    def _scrub_feed(self, connection: Connection, violation: str, erased: Erased) -> None:
        """The feed has a masked plate, whose ends can still tell a car from others."""
        query = select(changes.c.revision, changes.c.body).where(changes.c.id == violation)
        for row in connection.execute(query).all():
            body = {**row.body, "plate": None, "event": _GONE}
            connection.execute(update(changes).where(changes.c.revision == row.revision).values(body=body))
            erased.add("changes")

    def _erase_letters(self, plate: str, erased: Erased, *, dry_run: bool) -> None:
        pattern = pattern_of(plate)
        if pattern is None:
            return
        with self._database.write() as connection:
            query = select(dead_letters.c.row, dead_letters.c.payload, dead_letters.c.topic)
            rows = [
                row.row
                for row in connection.execute(query)
                if pattern.search(bytes(row.payload).decode("utf-8", "replace")) or pattern.search(row.topic)
            ]
            erased.add("dead_letters", len(rows))
            if not dry_run:
                blank = {"payload": b"", "topic": _GONE, "detail": _GONE}
                for row in rows:
                    connection.execute(update(dead_letters).where(dead_letters.c.row == row).values(blank))

    def _delete_files(self, violation: str) -> None:
        for picture in pictures_of_one(self._database, violation):
            self._pictures.delete(picture)


def pictures_of_one(database: OperationsDatabase, violation: str) -> list[str]:
    """The files of a violation's pictures."""
    with database.read() as connection:
        found = pictures_of(connection, [violation])[violation]
    return [picture.file for picture in found if picture.file is not None]


def _scrubbed(row: RowMapping, names: Sequence[str], plate: str) -> dict[str, Any]:
    """The values of a row in which the plate stood, without it."""
    without = {name: hide(row[name], [plate], lambda _found: _GONE) for name in names}
    return {name: value for name, value in without.items() if value != row[name]}
