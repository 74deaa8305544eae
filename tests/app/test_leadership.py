"""One of many leads; when it goes another does, and what it left behind writes nothing."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.leader import JobRunner
from app.leadership import Leadership
from devices.clock import SystemClock
from store.operations.cursors import CursorRepository
from store.operations.database import OperationsDatabase, sqlite_url

pytestmark = pytest.mark.anyio

_PATIENCE_S = 30


@pytest.fixture
def database(tmp_path: Path) -> Iterator[OperationsDatabase]:
    opened = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    yield opened
    opened.close()


class _Counting:
    """Writes how often it ran."""

    name = "counting"
    period_s = 0.005

    def __init__(self, operations: OperationsDatabase) -> None:
        self._cursors = CursorRepository(operations)

    def run(self, _now_ms: int) -> None:
        self._cursors.move("passes", self._cursors.get("passes") + 1)


class _Process:
    def __init__(self, database: OperationsDatabase, holder: str) -> None:
        self.jobs: list[JobRunner] = []
        self.leadership = Leadership(database, holder, self._jobs)
        self.stop = asyncio.Event()
        self.task = asyncio.create_task(self.leadership.run(self.stop))

    def _jobs(self, operations: OperationsDatabase) -> JobRunner:
        self.jobs.append(JobRunner([_Counting(operations)], SystemClock()))
        return self.jobs[-1]

    async def end(self) -> None:
        self.stop.set()
        await self.task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.005)


async def test_one_leads_and_when_it_stops_the_other_does(database: OperationsDatabase) -> None:
    first = _Process(database, "first")
    await until(lambda: first.leadership.leads)
    second = _Process(database, "second")
    leader = await asyncio.to_thread(second.leadership.leader)
    assert leader is not None
    assert leader.holder == "first"
    assert not second.leadership.leads
    await first.end()
    await until(lambda: second.leadership.leads)
    done = CursorRepository(database).get("passes")
    await until(lambda: CursorRepository(database).get("passes") > done)
    await second.end()
    assert await asyncio.to_thread(second.leadership.leader) is None


async def test_jobs_of_a_term_that_is_over_write_nothing(database: OperationsDatabase) -> None:
    process = _Process(database, "first")
    await until(lambda: CursorRepository(database).get("passes") > 0)

    def usurp() -> None:
        with database.write() as connection:
            connection.execute(text("UPDATE leases SET term = term + 1, holder = 'second'"))
            connection.execute(text("UPDATE cursors SET number = -1000 WHERE name = 'passes'"))

    await asyncio.to_thread(usurp)
    await until(lambda: not process.leadership.leads)
    assert CursorRepository(database).get("passes") == -1000
    await process.end()


async def test_process_that_comes_back_leads_again_with_new_jobs(database: OperationsDatabase) -> None:
    process = _Process(database, "first")
    await until(lambda: process.leadership.leads)
    process.task.cancel()
    await asyncio.wait({process.task})
    again = _Process(database, "first")
    await until(lambda: CursorRepository(database).get("passes") > 0 and again.leadership.leads)
    leader = again.leadership.leader()
    assert leader is not None
    assert leader.holder == again.leadership.holder
    await again.end()
