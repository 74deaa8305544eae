"""One holder at a time by the database's clock, and nothing is written under a term that is over."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, text

from store.operations.cursors import CursorRepository, move_cursor
from store.operations.database import OperationsDatabase
from store.operations.errors import LeaseLostError
from store.operations.leases import Lease, LeaseRepository

LONG_S = 3_600.0


@pytest.fixture
def leases(database: OperationsDatabase) -> LeaseRepository:
    return LeaseRepository(database)


def expire(database: OperationsDatabase) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE leases SET expires_at_ms = 1"))


def acquired(leases: LeaseRepository, holder: str = "anna") -> Lease:
    lease = leases.acquire("leader", holder, LONG_S)
    assert lease is not None
    return lease


def test_lease_that_lasts_is_nobody_elses(leases: LeaseRepository) -> None:
    assert acquired(leases).term == 1
    assert leases.acquire("leader", "binh", LONG_S) is None
    assert leases.acquire("another", "binh", LONG_S) is not None


def test_lease_that_expired_is_anybodys_in_a_new_term(
    leases: LeaseRepository, database: OperationsDatabase
) -> None:
    old = acquired(leases)
    expire(database)
    new = acquired(leases, "binh")
    assert new.term == old.term + 1
    assert not leases.renew(old, LONG_S)
    assert leases.renew(new, LONG_S)


def test_lease_that_expired_goes_on_if_nobody_took_it(
    leases: LeaseRepository, database: OperationsDatabase
) -> None:
    lease = acquired(leases)
    expire(database)
    assert leases.renew(lease, LONG_S)
    with database.guarded(lease.guard).write():
        pass


def test_holder_that_comes_back_need_not_wait_for_itself(leases: LeaseRepository) -> None:
    assert acquired(leases).term == 1
    assert acquired(leases).term == 2


def test_released_lease_is_free_at_once(leases: LeaseRepository) -> None:
    leases.release(acquired(leases))
    assert acquired(leases, "binh").holder == "binh"


def test_look_tells_the_holder_and_the_time_left(leases: LeaseRepository) -> None:
    assert leases.look("leader") is None
    acquired(leases)
    seen = leases.look("leader")
    assert seen is not None
    assert (seen.holder, seen.term) == ("anna", 1)
    assert 0 < seen.remaining_s <= LONG_S


@pytest.mark.parametrize("is_taken", [False, True])
def test_nothing_is_written_under_a_term_that_is_over(
    *, is_taken: bool, leases: LeaseRepository, database: OperationsDatabase
) -> None:
    lease = acquired(leases)
    led = database.guarded(lease.guard)
    CursorRepository(led).move("x", 1)
    expire(database)
    if is_taken:
        acquired(leases, "binh")
    with pytest.raises(LeaseLostError, match="of term 1 is over"):
        CursorRepository(led).move("x", 2)
    assert CursorRepository(database).get("x") == 1


def test_term_cannot_end_under_a_transaction_that_it_guards(
    leases: LeaseRepository, database: OperationsDatabase
) -> None:
    """Another may take over only when the old leader's last transaction is committed: its numbers stand."""
    lease = acquired(leases)
    asked = threading.Event()

    def take_over() -> int:
        asked.set()
        expire(database)
        acquired(leases, "binh")
        return CursorRepository(database).get("x")

    def write_slowly(connection: Connection, pool: ThreadPoolExecutor) -> "list[object]":
        other = pool.submit(take_over)
        asked.wait()
        move_cursor(connection, "x", 5)
        return [other]

    with ThreadPoolExecutor(1) as pool:
        with database.guarded(lease.guard).write() as connection:
            [other] = write_slowly(connection, pool)
        assert other.result() == 5  # type: ignore[attr-defined]
