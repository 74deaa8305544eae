"""What personal data is kept where and how long, as `ioc privacy report` prints it."""

from sqlalchemy import Table, func, select

from app.settings import ServiceSettings
from rules.review.case import ViolationState
from store.operations.database import OperationsDatabase
from store.operations.picture_rows import PictureState
from store.operations.review_tables import evidence_links, evidence_pictures, evidence_salts
from store.operations.tables import audit, dead_letters, violations

__all__ = ["privacy_rows"]


def privacy_rows(settings: ServiceSettings, database: OperationsDatabase) -> list[tuple[str, str, str, str]]:
    """What, where, how long, and how many rows; no personal data.

    Raises:
        OperationsUnavailableError: the database does not answer.
    """
    days = settings.violation_days
    with database.read() as connection:

        def count(table: Table, name: str | None = None, value: str | None = None) -> str:
            query = select(func.count()).select_from(table)
            if name is not None:
                query = query.where(table.c[name] == value)
            total: int = connection.execute(query).scalar_one()
            return f"{total:,}"

        rows = [
            (
                f"violations, {state.value}: plate, history, review",
                "operations store",
                _days(days.get(state, 0)),
                count(violations, "state", state),
            )
            for state in ViolationState
        ]
        rows += [
            (
                "pictures of violations",
                settings.evidence_url or "evidence, in the data directory",
                "as long as their violation",
                count(evidence_pictures, "state", PictureState.KEPT),
            ),
            ("salts of hashes", "operations store", "as long as their violation", count(evidence_salts)),
            ("evidence chain: salted hashes only", "operations store", "for good", count(evidence_links)),
            (
                "dead letters: may hold plates",
                "operations store",
                _days(settings.dead_letter_days),
                count(dead_letters),
            ),
            ("audit: who read what, no plates", "operations store", "for good", count(audit)),
        ]
    return [
        *rows,
        ("passages: no plates", "telemetry store", _days(settings.raw_days), ""),
        ("journal: whole messages", "the collector's disk", "until both its readers passed them", ""),
        ("backups", "where they were put", "as whoever made them keeps them", ""),
    ]


def _days(count: int) -> str:
    return f"{count} days" if count else "for good"
