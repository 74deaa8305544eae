"""SIGHUP: rules loaded anew while the service runs."""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.hangup import Hangup
from app.leader import JobRunner
from app.leadership import Leadership
from app.reloading import NotifyReloading, RuleReloading
from app.settings import ServiceSettings
from devices.clock import SteppedClock
from rules.errors import RuleError
from rules.rule import Rule
from rules.ruleset import LiveRules
from store.operations.audit import AuditLog
from store.operations.database import OperationsDatabase, sqlite_url
from tests.rules.detection.support import DARK, SILENT

pytestmark = pytest.mark.anyio


async def test_hangup_that_comes_while_the_process_starts_acts_when_it_has() -> None:
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    with Hangup() as hangup:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)
        hangup.do(lambda: (loop.call_soon_threadsafe(done.set), None)[1])
        await asyncio.wait_for(done.wait(), 60)


async def test_hangup_acts_again_after_something_unexpected() -> None:
    done, tries = asyncio.Event(), []
    loop = asyncio.get_running_loop()

    def act() -> None:
        tries.append(1)
        if len(tries) == 1:
            loop.call_soon_threadsafe(os.kill, os.getpid(), signal.SIGHUP)
            raise MemoryError("a whole new kind of error")
        loop.call_soon_threadsafe(done.set)

    with Hangup() as hangup:
        hangup.do(act)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.wait_for(done.wait(), 60)
    assert len(tries) == 2


async def test_channels_and_routes_are_read_anew_and_the_old_ones_stay_when_one_is_wrong(
    tmp_path: Path,
) -> None:
    (tmp_path / "mail.url").write_text("json://127.0.0.1:9/")
    (tmp_path / "link.key").write_text("k" * 64)
    file = tmp_path / "notify.toml"
    file.write_text(_ROUTES)
    database = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    settings = ServiceSettings(
        data_dir=tmp_path,
        notify_file=file,
        public_url="https://ioc.test",
        link_key_file=tmp_path / "link.key",
    )
    made: list[int] = []

    def jobs(_operations: OperationsDatabase) -> JobRunner:
        made.append(1)
        return JobRunner([], SteppedClock(0))

    leadership, stop = Leadership(database, "me", jobs), asyncio.Event()
    leading = asyncio.create_task(leadership.run(stop))
    while not made:
        await asyncio.sleep(0.005)
    reloading = NotifyReloading(settings, leadership)
    file.write_text(_ROUTES.replace('channels = ["mail"]', 'channels = ["male"]'))
    with capture_logs() as logged:
        await asyncio.to_thread(reloading.reload)
    assert [line["event"] for line in logged] == ["notification_refused"]
    file.write_text(_ROUTES)
    await asyncio.to_thread(reloading.reload)
    while len(made) == 1:
        await asyncio.sleep(0.005)
    stop.set()
    await leading
    database.close()


_ROUTES = """
[channels.mail]
kind = "apprise"
url_file = "mail.url"
[[routes]]
id = "all"
channels = ["mail"]
"""


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
    with Hangup() as hangup:
        hangup.do(reloading.reload)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.wait_for(changed.wait(), 60)
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
