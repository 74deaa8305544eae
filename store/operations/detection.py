"""What detection commits, in one transaction with how far it has read."""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from devices.stream import Position
from rules.detection.outcome import Outcome, Snapshot
from store.operations.database import OperationsDatabase
from store.operations.detection_changes import write_changes
from store.operations.detection_rows import write_dead_letters, write_latest, write_statuses
from store.operations.dialects import bulk_upsert, upsert
from store.operations.errors import StalePositionError
from store.operations.pending import write_pending
from store.operations.tables import detection_position, detection_state

__all__ = ["DetectionTables"]


class DetectionTables:
    """The store that detection needs (`rules.detection.outcome.DetectionStore`), for all journals."""

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def load(self, journal: str) -> Snapshot:
        """The last committed state for a journal; an empty one for a journal never seen.

        Raises:
            OperationsUnavailableError: the database does not answer.
        """
        position = select(detection_position).where(detection_position.c.journal == journal)
        states = select(detection_state.c.device, detection_state.c.state).where(
            detection_state.c.journal == journal
        )
        with self._database.read() as connection:
            row = connection.execute(position).one_or_none()
            if row is None:
                return Snapshot(None)
            devices = {row.device: row.state for row in connection.execute(states)}
        return Snapshot(Position(journal, row.number), devices, row.engine)

    def commit(self, outcome: Outcome) -> None:
        """Write everything or nothing.

        Committing the same outcome again changes nothing: faults and violations keep their number, and what
        people did to them since.

        Raises:
            OperationsUnavailableError: nothing was written; the same outcome may be committed again.
            StalePositionError: the position lies before the committed one.
            ValueError: the outcome has no position.
        """
        position = outcome.snapshot.position
        if position is None:
            raise ValueError("an outcome can only be committed with the position it was found at, got None")
        with self._database.write() as connection:
            _advance(connection, position, outcome.snapshot.engine)
            _write_states(connection, position.journal, outcome.snapshot.devices)
            write_latest(connection, outcome.latest)
            write_statuses(connection, outcome.statuses)
            write_dead_letters(connection, position.journal, outcome.dead_letters)
            write_pending(connection, position.journal, outcome.dead_letters)
            write_changes(connection, outcome.changes)


def _advance(connection: Connection, position: Position, engine: bytes) -> None:
    table = detection_position
    standing = select(table.c.number).where(table.c.journal == position.journal).with_for_update()
    committed = connection.execute(standing).scalar_one_or_none()
    if committed is not None and committed > position.number:
        raise StalePositionError(position.journal, committed, position.number)
    row = {"journal": position.journal, "number": position.number, "engine": engine}
    connection.execute(upsert(connection, table, key=["journal"]), row)


def _write_states(connection: Connection, journal: str, states: Mapping[str, bytes]) -> None:
    rows = [{"journal": journal, "device": device, "state": state} for device, state in states.items()]
    bulk_upsert(connection, detection_state, rows, key=["journal", "device"])
