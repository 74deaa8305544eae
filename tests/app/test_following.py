"""What another process changes is taken over once, and what cannot be leaves what held."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from app.following import Follower, registry_at_rest, registry_follower, rules_follower, rules_revision
from devices.plans import Programme
from devices.registry import Device, Registry
from rules.errors import RulesError
from rules.ruleset import LiveRules
from store.operations.audit import AuditLog
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.devices import DeviceRepository
from store.operations.errors import OperationsUnavailableError
from store.operations.rule_reloads import reload_rules

LAMP = Device(id="L1", kind="streetlight", area="tam-ky", attributes={"rated_w": 60.0})
OTHER = Device(id="L2", kind="streetlight", area="tam-ky", attributes={"rated_w": 60.0})


@pytest.fixture
def database(tmp_path: Path) -> Iterator[OperationsDatabase]:
    opened = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    yield opened
    opened.close()


def test_registry_that_another_process_changed_is_taken_over_once(database: OperationsDatabase) -> None:
    devices = DeviceRepository(database)
    devices.replace(Registry([LAMP]), who="test", at_ms=1)
    seen, registry, _ = registry_at_rest(database)
    assert list(registry) == ["L1"]
    taken: list[Registry] = []

    def change(registry: Registry, _programmes: Sequence[Programme]) -> None:
        taken.append(registry)

    follower = registry_follower(database, change, seen)
    follower.look()
    devices.replace(Registry([LAMP, OTHER]), who="test", at_ms=2)
    devices.replace(Registry([LAMP, OTHER]), who="test", at_ms=3)
    follower.look()
    follower.look()
    assert [list(one) for one in taken] == [["L1", "L2"]]


def test_rules_are_loaded_anew_when_another_process_was_told_to(database: OperationsDatabase) -> None:
    told: list[int] = []
    follower = rules_follower(database, lambda: told.append(1), rules_revision(database))
    follower.look()
    reload_rules(LiveRules(), AuditLog(database), "anna", 5)
    follower.look()
    follower.look()
    assert told == [1]


def test_rules_reloaded_while_a_process_loads_its_own_are_loaded_by_it_too(
    database: OperationsDatabase,
) -> None:
    told: list[int] = []
    seen = rules_revision(database)
    # Here it would load its rules; meanwhile:
    reload_rules(LiveRules(), AuditLog(database), "anna", 5)
    rules_follower(database, lambda: told.append(1), seen).look()
    assert told == [1]


def test_what_cannot_be_taken_over_is_not_tried_again_and_an_absent_store_is() -> None:
    numbers = iter([1, 1, 2, 2])
    tries: list[int] = []
    errors: list[Exception | None] = [RulesError("wrong"), OperationsUnavailableError("away"), None]

    def take_over() -> None:
        tries.append(1)
        error = errors.pop(0)
        if error is not None:
            raise error

    follower = Follower("rules", lambda: next(numbers), take_over, 0)
    for _ in range(4):
        follower.look()
    assert len(tries) == 3
