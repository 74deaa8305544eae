"""SIGHUP: rules loaded anew while the service runs."""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.rule_reloading import RuleReloading
from devices.clock import SteppedClock
from rules.errors import RuleError
from rules.rule import Rule
from rules.ruleset import LiveRules
from store.operations.audit import AuditLog
from store.operations.database import OperationsDatabase, sqlite_url
from tests.rules.detection.support import DARK, SILENT

pytestmark = pytest.mark.anyio


async def test_hangup_lets_new_rules_hold_and_keeps_the_old_ones_when_one_is_wrong(tmp_path: Path) -> None:
    database = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    sets: list[Sequence[Rule]] = [[DARK], [DARK, SILENT]]

    def load() -> Sequence[Rule]:
        if not sets:
            raise RuleError("some.yaml", "lamp.dark", "it is wrong")
        return sets.pop(0)

    live, changed = LiveRules(load), asyncio.Event()
    loop = asyncio.get_running_loop()

    def told() -> None:
        loop.call_soon_threadsafe(changed.set)

    live.follow(told)
    assert [rule.id for rule in live.rules] == ["lamp.dark"]
    reloading = RuleReloading(live, AuditLog(database), SteppedClock(7))
    reloading.listen()
    try:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.wait_for(changed.wait(), 60)
    finally:
        reloading.stop()
    while not (entries := AuditLog(database).list().items):
        await asyncio.sleep(0)
    assert [(entry.who, entry.at_ms, entry.action) for entry in entries] == [("SIGHUP", 7, "rules.reload")]
    with capture_logs() as logged:
        reloading.reload()
    assert [(line["event"], line["why"]) for line in logged] == [
        ("rules_refused", "some.yaml, rule 'lamp.dark': it is wrong")
    ]
    assert [rule.id for rule in live.rules] == ["lamp.dark", "lamp.silent"]
    database.close()
