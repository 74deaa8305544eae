"""Delivering what the outbox holds: at least once, each channel at its own pace."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from devices.clock import Clock
from notify.channels import Channel, Message
from notify.configuration import NotifyPlan
from notify.errors import DeliveryError, DeliveryLaterError
from notify.facts import Item, read_facts
from notify.links import LinkKey
from notify.rendering import render
from store.operations.outbox import Outbox, OutboxEntry, OutboxState

__all__ = ["Delivery", "Patience", "backoff_s", "page_link"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to go on: waits double from `first_s` up to `most_s`; after `attempts` it is dead.

    `hold_s` is how long one delivery may take before another sender may think that it died; it must exceed
    every channel's time-out. `most_each_pass` bounds what one channel sends in a pass, and `pass_s` how long:
    all wait for the end of a pass, and each attempt at a server that hangs takes its time-out.
    """

    attempts: int = 50
    first_s: float = 5.0
    most_s: float = 900.0
    hold_s: float = 120.0
    most_each_pass: int = 100
    pass_s: float = 15.0


def backoff_s(attempts: int, patience: Patience, chance: float) -> float:
    """Seconds until the next attempt after so many; `chance` in [0, 1) spreads what failed together."""
    whole = min(patience.first_s * 2.0 ** min(attempts - 1, 30), patience.most_s)
    return whole * (0.5 + chance)


def _where(error: BaseException) -> str:
    """The lines of the program that an error came through, without its words."""
    return " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(extract_tb(error.__traceback__))
    )


def page_link(key: LinkKey, public_url: str) -> Callable[[Item], str | None]:
    """What makes the address of an incident's page."""

    def link(item: Item) -> str | None:
        return f"{public_url.rstrip('/')}/n/{key.token(item.seed, item.expires_s)}" if item.seed else None

    return link


class Delivery:
    """A leader job: sends what is due, and notes what became of it."""

    name = "notify-deliver"
    period_s = 2.0

    def __init__(
        self,
        outbox: Outbox,
        notify: NotifyPlan,
        link: Callable[[Item], str | None],
        *,
        real_clock: Clock,
        patience: Patience = Patience(),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._outbox = outbox
        self._channels = notify.channels
        self._link = link
        self._clock = real_clock
        self._patience = patience
        self._chance = chance
        self._counting = threading.Lock()
        self._attempts: Counter[tuple[str, str]] = Counter()

    def run(self, now_ms: int) -> None:  # noqa: ARG002 - attempts live in real time
        """Send what is due, channels beside each other.

        Raises:
            OperationsUnavailableError: the database does not answer; what was under way is sent again.
        """
        waiting = self._waiting_channels()
        if waiting:
            with ThreadPoolExecutor(len(waiting), thread_name_prefix="notify") as pool:
                for done in [pool.submit(self._drain, channel) for channel in waiting]:
                    done.result()

    def collect(self) -> Iterable[Metric]:
        """Attempts by channel and outcome, and the outbox as it stands."""
        with self._counting:
            attempts = self._attempts.copy()
        counts = CounterMetricFamily(
            "ioc_notify_attempts", "Deliveries tried since the start", labels=["channel", "outcome"]
        )
        for (channel, outcome), count in attempts.items():
            counts.add_metric([channel, outcome], count)
        yield counts
        figures = self._outbox.figures()
        held = GaugeMetricFamily(
            "ioc_notify_outbox", "Notifications in the outbox", labels=["channel", "state"]
        )
        for (state, channel), count in figures.counts.items():
            held.add_metric([channel, state], count)
        yield held
        oldest_ms = figures.oldest_waiting_ms
        overdue_ms = 0 if oldest_ms is None else max(self._clock.now_ms() - oldest_ms, 0)
        yield GaugeMetricFamily(
            "ioc_notify_overdue_seconds", "How long the next attempt is overdue", value=overdue_ms / 1000
        )

    def _waiting_channels(self) -> Sequence[str]:
        counts = self._outbox.figures().counts
        return sorted(channel for (state, channel) in counts if state is OutboxState.WAITING)

    def _drain(self, name: str) -> None:
        hold_ms = round(self._patience.hold_s * 1000)
        until_ms = self._clock.now_ms() + round(self._patience.pass_s * 1000)
        for _ in range(self._patience.most_each_pass):
            now_ms = self._clock.now_ms()
            entry = self._outbox.claim(name, now_ms, hold_ms) if now_ms < until_ms else None
            if entry is None:
                return
            self._deliver(entry, self._channels.get(name))

    def _deliver(self, entry: OutboxEntry, channel: Channel | None) -> None:
        if channel is None:
            self._bury(entry, f"the file of channels has no {entry.channel!r} any more")
            return
        try:
            channel.send(self._message(entry))
        except DeliveryLaterError as error:
            self._postpone(entry, error)
        except DeliveryError as error:
            self._bury(entry, str(error))
        except Exception as error:  # noqa: BLE001 - whatever one notification does, the others go on
            # Its text is not ours: it may hold an address with its password.
            self._postpone(entry, DeliveryLaterError(f"unexpected {type(error).__name__}"))
            _log.error("notification_breaks", key=entry.key, channel=entry.channel, where=_where(error))
        else:
            self._outbox.sent(entry.row, self._clock.now_ms())
            self._count(entry, "sent")

    def _message(self, entry: OutboxEntry) -> Message:
        return render(entry.key, read_facts(entry.facts), self._link)

    def _postpone(self, entry: OutboxEntry, error: DeliveryLaterError) -> None:
        if entry.attempts >= self._patience.attempts:
            self._bury(entry, f"{entry.attempts} attempts; the last: {error}")
            return
        wait_s = max(backoff_s(entry.attempts, self._patience, self._chance()), error.after_s or 0.0)
        self._outbox.later(entry.row, self._clock.now_ms() + round(wait_s * 1000), str(error))
        self._count(entry, "failed")
        _log.info("notification_waits", key=entry.key, channel=entry.channel, why=str(error), wait_s=wait_s)

    def _bury(self, entry: OutboxEntry, why: str) -> None:
        self._outbox.dead(entry.row, self._clock.now_ms(), why)
        self._count(entry, "dead")
        _log.error(
            "notification_dead", key=entry.key, channel=entry.channel, route=entry.route, why=why,
            note="ioc notify retry makes it due again",
        )  # fmt: skip

    def _count(self, entry: OutboxEntry, outcome: str) -> None:
        with self._counting:
            self._attempts[entry.channel, outcome] += 1
