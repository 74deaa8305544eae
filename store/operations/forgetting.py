"""Taking personal data away, lawfully: values, salts and pictures go, and a link says what went and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select, update

from devices.masking import hide, pattern_of, stands_in
from devices.plate_readings import read_plate
from devices.plates import compact
from rules.review.case import ViolationState
from store.evidence.chain import LinkKind
from store.evidence.pictures import PictureStore
from store.operations.audit import AuditEntry, append_audit
from store.operations.database import OperationsDatabase
from store.operations.evidence_links import NewLink, append_links, links_from
from store.operations.picture_rows import PictureState, pictures_of
from store.operations.review_rows import Reviewed, lock_reviewed
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
        for violation, is_own in self._with_plate(plate).items():
            erased.violations.append(violation)
            erased.add("violations" if is_own else "violations of others that mention it")
            if not dry_run:
                self._erase_in((violation, plate, is_own), by, erased)
            elif is_own:
                erased.add("pictures", self._count_pictures(violation))
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
        with self._database.write() as connection:
            if lock_reviewed(connection, violation, now_ms) is None:
                return
            self._delete_files(connection, violation)
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

    def _with_plate(self, plate: str) -> dict[str, bool]:
        """The violations that speak of the plate, and whether it is theirs: as read, understood or corrected.

        A plate that begins like another is not that one, and who is mentioned in a comment was not driving.
        """
        wanted, found = compact(plate), dict[str, bool]()
        if not wanted:
            return {}
        with self._database.read() as connection:
            read = select(violations.c.id, violations.c.plate).where(violations.c.plate.is_not(None))
            found |= {row.id: True for row in connection.execute(read) if wanted in _names_of(row.plate)}
            said = select(violation_history.c.violation, violation_history.c.comment, violation_history.c.why)
            for row in connection.execute(said):
                corrected = {compact(str(row.why.get(name) or "")) for name in ("plate", "before")}
                if wanted in corrected:
                    found[row.violation] = True
                elif stands_in([row.comment, row.why], plate):
                    found.setdefault(row.violation, False)
        return found

    def _erase_in(self, what: tuple[str, str, bool], by: tuple[str, int], erased: Erased) -> None:
        violation, plate, is_own = what
        with self._database.write() as connection:
            standing = lock_reviewed(connection, violation, by[1])
            if standing is None:
                return
            read = standing.case.plate or ""
            plates = (plate, read) if compact(plate) in _names_of(read) else (plate,)
            salts = self._scrub_record(connection, violation, plates) if is_own else []
            salts += self._scrub_history(connection, violation, plates, erased)
            places: list[int] = []
            if is_own:
                places = self._forget_own(connection, standing, plate, erased)
            for link, name in salts:
                here = (evidence_salts.c.link == link) & (evidence_salts.c.field == name)
                connection.execute(delete(evidence_salts).where(here))
            erased.add("salts", len(salts))
            removed = ["values", *(f"picture {place}" for place in places)]
            plain = {"what": removed, "salts": [[link, name] for link, name in salts], "why": "erasure"}
            new = NewLink(at_ms=by[1], kind=LinkKind.REMOVED, violation=violation, plain=plain)
            append_links(connection, [new])

    def _forget_own(
        self, connection: Connection, standing: Reviewed, plate: str, erased: Erased
    ) -> list[int]:
        """Pictures, the corrected plate and the feed of the plate's own violation; places of the pictures."""
        violation = standing.record.id
        places = self._forget_pictures(connection, violation)
        erased.add("pictures", len(places))
        if compact(standing.case.corrected_plate or "") == compact(plate):
            here = violation_reviews.c.violation == violation
            connection.execute(update(violation_reviews).where(here).values(corrected_plate=_GONE))
        self._scrub_feed(connection, violation, erased)
        return places

    def _scrub_record(
        self, connection: Connection, violation: str, plates: Sequence[str]
    ) -> list[tuple[int, str]]:
        row = connection.execute(select(violations).where(violations.c.id == violation)).mappings().one()
        changed = _scrubbed(row, _IN_RECORD, plates)
        if row["plate"] and compact(row["plate"]) in map(compact, plates):
            changed |= {"plate": None}
        if changed:
            connection.execute(update(violations).where(violations.c.id == violation).values(changed))
        query = select(func.min(evidence_links.c.number)).where(evidence_links.c.violation == violation)
        sealed: int = connection.execute(query).scalar_one()
        return [(sealed, name) for name in changed]

    def _scrub_history(
        self, connection: Connection, violation: str, plates: Sequence[str], erased: Erased
    ) -> list[tuple[int, str]]:
        links = {link.members.get("row"): link.number for link in links_from(connection, violation)}
        salts: list[tuple[int, str]] = []
        query = select(violation_history).where(violation_history.c.violation == violation)
        for row in connection.execute(query).mappings().all():
            changed = _scrubbed(row, ("comment", "why"), plates)
            if changed:
                here = violation_history.c.row == row["row"]
                connection.execute(update(violation_history).where(here).values(changed))
                salts += [(links[row["row"]], name) for name in changed]
                erased.add("rows of history")
        return salts

    def _forget_pictures(self, connection: Connection, violation: str) -> list[int]:
        """Pictures show the plate, all of them: none is kept, and none that waits is fetched."""
        self._delete_files(connection, violation)
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

    def _delete_files(self, connection: Connection, violation: str) -> None:
        """Under the violation's lock: a picture that comes meanwhile finds that nobody waits for it."""
        for picture in pictures_of(connection, [violation])[violation]:
            if picture.file is not None:
                self._pictures.delete(picture.file)

    def _count_pictures(self, violation: str) -> int:
        with self._database.read() as connection:
            found = pictures_of(connection, [violation])[violation]
        return sum(picture.file is not None for picture in found)


def _names_of(read: str) -> set[str]:
    """What whoever asks may call a plate that was read: its text, and the plate that it stands for."""
    understood = read_plate(read).plate
    return {compact(read)} | ({compact(understood.text)} if understood is not None else set())


def _scrubbed(row: RowMapping, names: Sequence[str], plates: Sequence[str]) -> dict[str, Any]:
    """The values of a row in which the plates stood, without them."""
    without = {name: hide(row[name], plates, lambda _found: _GONE) for name in names}
    return {name: value for name, value in without.items() if value != row[name]}
