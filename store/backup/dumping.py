"""Everything at rest as one dump: operations in one state, then telemetry hour by hour.

Operations come first: of what they say, nothing is missing in telemetry that the writer had written by then.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from store.backup.chunks import Backlog, Chunk, Plan
from store.backup.frames import Dump
from store.backup.operations import OperationsDump
from store.backup.telemetry import TelemetryDump
from store.operations.database import OperationsDatabase
from store.telemetry import TelemetryStore

__all__ = ["dump"]


@contextmanager
def dump(
    database: OperationsDatabase,
    store: TelemetryStore,
    *,
    program: str,
    now_ms: int,
    backlog: Backlog | None = None,
) -> Iterator[Dump]:
    """What both stores hold now, to be read within the block.

    Raises:
        OperationsUnavailableError: the database does not answer.
        TelemetryUnavailableError: the store does not answer.
    """
    condition = database.condition()
    telemetry = TelemetryDump(store)
    with database.snapshot() as connection:
        operations = OperationsDump(connection)
        plan = Plan(
            program=program,
            created_ms=now_ms,
            sources=[condition.server, store.status().backend],
            schema=condition.schema,
            rows=operations.rows() | telemetry.rows(),
            positions=operations.positions(),
            sequences=operations.sequences(),
            backlog=backlog or Backlog(),
        )
        yield plan, _chunks(operations, telemetry)


def _chunks(operations: OperationsDump, telemetry: TelemetryDump) -> Iterator[Chunk]:
    yield from operations.chunks()
    yield from telemetry.chunks()
