"""Of collectors with one collector_id, one runs; the others say why they do not."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.collector_claim import ClaimLostError, CollectorClaim
from app.errors import StartError
from store.operations.database import OperationsDatabase, sqlite_url

LONGEST = "c" * 64


@pytest.fixture
def database(tmp_path: Path) -> Iterator[OperationsDatabase]:
    opened = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    yield opened
    opened.close()


@pytest.mark.parametrize("collector_id", ["collector-1", "leader", LONGEST])
def test_second_collector_with_an_id_is_refused_until_the_first_lets_it_go(
    database: OperationsDatabase, collector_id: str
) -> None:
    first = CollectorClaim(database, collector_id, "journal-a")
    first.take()
    other = CollectorClaim(database, "collector-2", "journal-b")
    other.take()
    second = CollectorClaim(database, collector_id, "journal-b")
    with pytest.raises(
        StartError, match=f"'journal-a' runs as collector_id '{collector_id}'.*IOC_COLLECTOR_ID"
    ):
        second.take()
    first.release()
    second.take()


def test_collector_that_was_killed_begins_anew_at_once(database: OperationsDatabase) -> None:
    CollectorClaim(database, "collector-1", "journal-a").take()
    CollectorClaim(database, "collector-1", "journal-a").take()


def test_claim_of_a_collector_that_is_gone_can_be_taken_when_its_time_is_over(
    database: OperationsDatabase,
) -> None:
    CollectorClaim(database, "collector-1", "journal-a").take()
    with database.write() as connection:
        connection.execute(text("UPDATE leases SET expires_at_ms = 1"))
    CollectorClaim(database, "collector-1", "journal-b").take()


@pytest.mark.anyio
async def test_collector_whose_claim_another_took_ends(database: OperationsDatabase) -> None:
    claim = CollectorClaim(database, "collector-1", "journal-a")
    claim.take()
    CollectorClaim(database, "collector-1", "journal-a").take()  # a copy of its data directory
    with pytest.raises(ClaimLostError, match="another process has begun to collect as 'collector-1'"):
        await claim.run(asyncio.Event())


@pytest.mark.anyio
async def test_collector_holds_its_claim_until_it_is_told_to_stop(database: OperationsDatabase) -> None:
    claim, stop = CollectorClaim(database, "collector-1", "journal-a"), asyncio.Event()
    claim.take()
    running = asyncio.create_task(claim.run(stop))
    await asyncio.sleep(0)
    stop.set()
    await asyncio.wait_for(running, 60)
    claim.release()
    claim.release()
    CollectorClaim(database, "collector-1", "journal-b").take()
