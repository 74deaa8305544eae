"""Loudspeakers whose casings open and close, the hook that is told of it, and what it must have been told."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Self

from sqlalchemy import text

from app.mqtt import BrokerAddress, PahoPublisher
from benchmarks.deployed import Machine
from benchmarks.run_process import until
from devices.registry import Device
from devices.topics import Channel, native_topic
from simulators.messages import OutgoingMessage
from store.operations.database import OperationsDatabase
from tests.notify.servers import Hook, hook_server

__all__ = ["OpenCasings", "ToldHook", "speakers"]

_EACH_AREA = 4
_EVERY_S = 1.0
_OPEN_S, _CLOSED_S = 60.0, 20.0
_MUST_BE_TOLD_MS = 45_000
"""Longer than a takeover: what is over before a leader has looked at it is rightly never told."""
_SETTLED_S = 120.0
_SECRET = "a secret of the proof, long enough to sign"  # noqa: S105 - of this proof's own hook
_RULES = """apiVersion: rules/v1
rules:
  - id: proof.casing_open
    version: 1
    kind: loudspeaker
    title: {vi: "Vỏ loa bị mở", en: "Casing open"}
    when: "m.casing_open"
    severity: {default: major}
    tests: [tests/casing.yaml]
"""
_RULE_TESTS = """apiVersion: rules-tests/v1
tests:
  - name: "an open casing becomes a fault and ends"
    rule: proof.casing_open
    kind: loudspeaker
    attributes: {rated_w: 30.0, nominal_v: 24.0}
    start: 2026-11-22T05:10:00+07:00
    series: {casing_open: "falsex3 truex3 falsex3"}
    faults: [{since: 3m, raised: 3m, cleared: 6m}]
"""
_PLAN = """[channels.hook]
kind = "webhook"
url = "http://127.0.0.1:{port}/"
secret_file = "secrets/hook"
[[routes]]
id = "proof"
channels = ["hook"]
group_by = ["device"]
wait = "0s"
interval = "0s"
repeat = "24h"
"""


def speakers(areas: list[str]) -> list[Device]:
    """Some loudspeakers in each ward that nobody else speaks for."""
    return [
        Device(
            id=f"PROOF-S-{area}-{number}",
            kind="loudspeaker",
            area=area,
            interval_s=_EVERY_S,
            attributes={"rated_w": 30.0, "nominal_v": 24.0},
        )
        for area in areas
        for number in range(_EACH_AREA)
    ]


class OpenCasings:
    """Opens and closes each casing in turn, so that each time is a fault of its own. Ends with the block."""

    def __init__(self, broker: BrokerAddress, devices: list[Device]) -> None:
        self._broker, self._devices = broker, devices
        self._closing, self._stop = threading.Event(), threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="open casings", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def close_all(self) -> None:
        """Let every casing be closed from now on."""
        self._closing.set()

    def end(self) -> None:
        """Fall silent. Idempotent.

        Raises:
            AssertionError: publishing failed.
        """
        self._stop.set()
        self._thread.join()
        assert self._error is None, f"the casings stopped by themselves: {self._error!r}"

    def _run(self) -> None:
        try:
            asyncio.run(self._publish())
        except BaseException as error:  # noqa: BLE001 - said by `end`, in the thread of the proof
            self._error = error

    async def _publish(self) -> None:
        publisher = PahoPublisher(self._broker, "proof-casings")
        await publisher.start()
        begun_s, number = time.monotonic(), 0
        while not self._stop.is_set():
            number += 1
            at_s = time.monotonic() - begun_s
            await publisher.publish(
                [
                    _reading(device, number, is_open=self._is_open(place, at_s))
                    for place, device in enumerate(self._devices)
                ]
            )
            await asyncio.sleep(_EVERY_S)
        await publisher.stop()

    def _is_open(self, place: int, at_s: float) -> bool:
        # One after the other: something is told at every moment, whoever is killed then.
        shift_s = place * (_OPEN_S + _CLOSED_S) / len(self._devices)
        return not self._closing.is_set() and (at_s + shift_s) % (_OPEN_S + _CLOSED_S) >= _CLOSED_S


def _reading(device: Device, number: int, *, is_open: bool) -> OutgoingMessage:
    at_ms = time.time_ns() // 1_000_000
    body = {"ts": at_ms, "seq": number, "casing_open": is_open}
    topic = native_topic(device.area, device.kind, device.id, Channel.TELEMETRY)
    return OutgoingMessage(at_ms, topic, json.dumps(body).encode())


@dataclass
class ToldHook:
    """A web hook that removes duplicates by key, and says whether it was told all and nothing twice."""

    hook: Hook = field(default_factory=lambda: Hook(_SECRET.encode()))
    port: int = 0

    def served(self) -> AbstractContextManager[int]:
        """The hook at its address."""
        return hook_server(self.hook)

    def settings(self, machine: Machine, port: int) -> Mapping[str, str]:
        """What the administrator writes so that the hook is told; the settings that name it."""
        machine.write("notify.toml", _PLAN.format(port=port))
        machine.write("secrets/hook", _SECRET)
        machine.write("secrets/link-key", "k" * 64)
        machine.write("rules/casing.yaml", _RULES)
        machine.write("rules/tests/casing.yaml", _RULE_TESTS)
        etc = machine.etc
        return {
            "notify_file": str(etc / "notify.toml"),
            "link_key_file": str(etc / "secrets" / "link-key"),
            "public_url": "https://ioc.example",
            "rules_dir": str(etc / "rules"),
        }

    def wait_until_begun(self, database: OperationsDatabase) -> None:
        """Return when an open casing has been told: what ends before detection begins is rightly never told.

        Raises:
            AssertionError: none was in time.
        """
        query = "SELECT id FROM incidents WHERE rule = 'proof.casing_open'"

        def is_told() -> bool:
            with database.read() as connection:
                known = connection.execute(text(query)).scalars().all()
            told = self._told()
            return any(told[one, False] for one in known)

        until(is_told, "an open casing is told", _SETTLED_S)

    def wait_until_settled(self, database: OperationsDatabase) -> None:
        """Return when all casings are closed and everything is told.

        Raises:
            AssertionError: they are not in time; it names what is missing.
        """
        try:
            until(lambda: not self._unsettled(database), "everything is told", _SETTLED_S)
        except AssertionError as error:
            raise AssertionError(f"{error}: {'; '.join(self._unsettled(database)[:5])}") from error

    def _unsettled(self, database: OperationsDatabase) -> list[str]:
        """What is still on, and what was not told or told twice."""
        query = "SELECT id FROM incidents WHERE rule = 'proof.casing_open' AND state = 'open'"
        with database.read() as connection:
            still = connection.execute(text(query)).scalars().all()
        return [f"incident {one} is open" for one in still] + self._wrong(database)

    def check(self, database: OperationsDatabase) -> dict[str, Any]:
        """Compare what was told with the incidents of the store and with the outbox; the figures.

        Raises:
            AssertionError: something is missing, or was told twice.
        """
        wrong = self._wrong(database)
        assert not wrong, "; ".join(wrong[:5])
        with database.read() as connection:
            rows = connection.execute(text("SELECT key, state FROM notify_outbox")).all()
            known = set(connection.execute(text("SELECT id FROM incidents")).scalars())
        sent = {row.key for row in rows if row.state == "sent"}
        taken = set(self.hook.taken)
        assert sent <= taken, f"{len(sent - taken)} notifications are noted as sent and never came"
        assert taken <= {row.key for row in rows}, "the hook took a key that is not in the outbox"
        assert {one for one, _ in self._told()} <= known, "the hook was told of an incident that is none"
        return {
            "notifications": len(taken),
            "deliveries": len(self.hook.came),
            "sent_again": len(self.hook.came) - len(taken),
        }

    def _told(self) -> Counter[tuple[str, bool]]:
        """How often each incident was told to be on, and to be over, after removal by key."""
        return Counter(
            (item["incident"], item["cleared_at_ms"] is not None)
            for message in list(self.hook.taken.values())
            for item in message["incidents"]
        )

    def _wrong(self, database: OperationsDatabase) -> list[str]:
        """What of the casings was not told, or told twice."""
        query = "SELECT id, opened_at_ms, cleared_at_ms FROM incidents WHERE rule = 'proof.casing_open'"
        with database.read() as connection:
            rows = connection.execute(text(query)).all()
        told = self._told()
        wrong = [] if rows else ["there was no incident of a casing"]
        now_ms = time.time_ns() // 1_000_000
        for row in rows:
            begun, over = told[row.id, False], told[row.id, True]
            lasted_ms = (row.cleared_at_ms or now_ms) - row.opened_at_ms
            if begun > 1 or over > 1:
                wrong.append(f"incident {row.id} was told {begun} times to be on and {over} times to be over")
            if not begun and lasted_ms > _MUST_BE_TOLD_MS:
                wrong.append(f"incident {row.id} lasted {lasted_ms} ms and was not told")
            if begun and not over and row.cleared_at_ms is not None:
                wrong.append(f"incident {row.id} is over, and that was not told")
        return wrong
