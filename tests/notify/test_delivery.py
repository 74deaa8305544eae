"""The outbox delivered to real servers: none missing, and none twice for who removes duplicates."""

from collections.abc import Callable, Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from structlog.testing import capture_logs

from devices.clock import SteppedClock
from notify.apprise_channel import AppriseChannel
from notify.channels import Channel, Message
from notify.configuration import NotifyPlan
from notify.delivery import Delivery, Patience, backoff_s, page_link
from notify.errors import DeliveryLaterError
from notify.facts import facts_of
from notify.grouping import Reason
from notify.language import Language
from notify.links import LinkKey
from notify.webhook_channel import WebhookChannel
from store.operations.database import OperationsDatabase
from store.operations.outbox import NewNotification, Outbox, OutboxState, append_notifications
from tests.notify.servers import Hook, hook_server, mail_server
from tests.notify.support import KEY, NOON_MS, ZONE, incident

SECRET = b"0123456789abcdef0123456789abcdef"
REAL_MS = 1_800_000_000_000
PATIENCE = Patience(attempts=3, first_s=10, most_s=60, hold_s=30)


class Recorder:
    """A channel that keeps messages; what it raises is set."""

    def __init__(self, id_: str = "duty") -> None:
        self.id = id_
        self.sent: list[Message] = []
        self.raises: Callable[[Message], Exception | None] = lambda _: None

    def send(self, message: Message) -> None:
        error = self.raises(message)
        if error is not None:
            raise error
        self.sent.append(message)


class Sender:
    """Deliveries of a database over some channels, in steps of real time."""

    def __init__(self, database: OperationsDatabase, *channels: Channel) -> None:
        self.database = database
        self.outbox = Outbox(database)
        self.clock = SteppedClock(REAL_MS)
        self.channels: Mapping[str, Channel] = {channel.id: channel for channel in channels}

    def add(self, *keys: str, channel: str = "duty", language: Language = Language.VI) -> None:
        facts = facts_of(
            [incident()],
            reason=Reason.FIRST,
            language=language,
            zone=ZONE,
            at_ms=NOON_MS,
            level=0,
            link=lambda _: ("s" * 22, 1_900_000_000),
        )
        new = [
            NewNotification(
                key=key,
                route="lighting",
                channel=channel,
                reason="first",
                facts=msgspec.to_builtins(facts),
                created_at_ms=NOON_MS,
            )
            for key in keys
        ]
        with self.database.write() as connection:
            append_notifications(connection, new, self.clock.now_ms())

    def delivery(self) -> Delivery:
        """A sender just started."""
        return Delivery(
            self.outbox,
            NotifyPlan(channels=self.channels, routes=()),
            page_link(LinkKey(KEY), "https://ioc.example/"),
            real_clock=self.clock,
            patience=PATIENCE,
            chance=lambda: 0.5,
        )

    def passes(self, after_s: float = 0) -> None:
        self.clock.step_to(self.clock.now_ms() + round(after_s * 1000))
        self.delivery().run(NOON_MS)

    def states(self) -> dict[str, str]:
        return {entry.key: entry.state for entry in self.outbox.list(limit=1_000)}


def test_sent_once_with_the_link_of_its_incident(database: OperationsDatabase) -> None:
    channel = Recorder()
    sender = Sender(database, channel)
    sender.add("k1")
    sender.passes()
    sender.passes(3_600)
    [message] = channel.sent
    link = f"https://ioc.example/n/{LinkKey(KEY).token('s' * 22, 1_900_000_000)}"
    assert message.key == "k1"
    assert message.title == "[IOC] Sự cố mới: Tủ mất pha L2, Phường Tam Kỳ"
    assert f"Mở trang: {link}" in message.text
    assert message.data["incidents"][0]["url"] == link
    assert "seed" not in message.data["incidents"][0]
    assert sender.states() == {"k1": "sent"}


def test_failure_is_tried_again_later_and_is_dead_in_the_end(database: OperationsDatabase) -> None:
    channel = Recorder()
    channel.raises = lambda _: DeliveryLaterError("no answer")
    sender = Sender(database, channel)
    sender.add("k1")
    sender.passes()
    sender.passes(9)
    assert sender.outbox.list()[0].attempts == 1
    sender.passes(1)
    assert sender.outbox.list()[0].attempts == 2
    sender.passes(20)
    [entry] = sender.outbox.list(OutboxState.DEAD)
    assert entry.error == "3 attempts; the last: no answer"


def test_one_dead_channel_holds_up_no_other(database: OperationsDatabase) -> None:
    bad, good = Recorder("bad"), Recorder("good")
    bad.raises = lambda _: DeliveryLaterError("no answer")
    sender = Sender(database, bad, good)
    sender.add("k1", "k2", channel="bad")
    sender.add("k3", "k4", channel="good")
    sender.passes()
    assert [message.key for message in good.sent] == ["k3", "k4"]
    assert sender.states() == {"k1": "waiting", "k2": "waiting", "k3": "sent", "k4": "sent"}


def test_channel_that_hangs_ends_its_pass_early(database: OperationsDatabase) -> None:
    hanging = Recorder("hanging")
    sender = Sender(database, hanging)

    def time_out(_: Message) -> Exception:
        sender.clock.step_to(sender.clock.now_ms() + 10_000)
        return DeliveryLaterError("no answer")

    hanging.raises = time_out
    sender.add(*(f"k{number}" for number in range(50)), channel="hanging")
    sender.passes()
    # What other channels are to send meanwhile waits for the end of the pass.
    assert sender.clock.now_ms() - REAL_MS == 20_000
    assert {entry.attempts for entry in sender.outbox.list(limit=1_000)} == {0, 1}


def test_channel_that_the_file_has_no_more_is_dead_at_once(database: OperationsDatabase) -> None:
    sender = Sender(database)
    sender.add("k1")
    sender.passes()
    assert sender.states() == {"k1": "dead"}


def test_sender_killed_after_sending_sends_again_under_the_same_key(database: OperationsDatabase) -> None:
    channel = Recorder()
    sender = Sender(database, channel)
    sender.add("k1", "k2")

    def killed(message: Message) -> Exception | None:
        channel.sent.append(message)
        return KeyboardInterrupt() if len(channel.sent) == 1 else None  # type: ignore[return-value]

    channel.raises = killed
    with pytest.raises(KeyboardInterrupt):
        sender.passes()
    channel.raises = lambda _: None
    sender.passes()
    assert [message.key for message in channel.sent] == ["k1", "k2"]
    sender.passes(PATIENCE.hold_s)
    assert [message.key for message in channel.sent] == ["k1", "k2", "k1"]
    assert channel.sent[0] == channel.sent[2]


def test_figures_say_what_stands_in_the_outbox(database: OperationsDatabase) -> None:
    channel = Recorder()
    channel.raises = lambda message: DeliveryLaterError("no answer") if message.key == "k2" else None
    sender = Sender(database, channel)
    sender.add("k1", "k2")
    delivery = sender.delivery()
    delivery.run(NOON_MS)
    sender.clock.step_to(REAL_MS + 70_000)
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for metric in delivery.collect()
        for sample in metric.samples
    }
    assert samples["ioc_notify_attempts_total", "duty", "sent"] == 1
    assert samples["ioc_notify_attempts_total", "duty", "failed"] == 1
    assert samples["ioc_notify_outbox", "duty", "waiting"] == 1
    assert samples[("ioc_notify_overdue_seconds",)] == 60


@given(st.integers(1, 200), st.floats(0, 1, exclude_max=True))
def test_waits_grow_stay_bounded_and_never_vanish(attempts: int, chance: float) -> None:
    patience = Patience()
    wait_s = backoff_s(attempts, patience, chance)
    assert patience.first_s / 2 <= wait_s <= patience.most_s * 1.5
    assert backoff_s(attempts + 1, patience, chance) >= wait_s


def webhook(port: int, clock: SteppedClock, secret: bytes = SECRET) -> WebhookChannel:
    return WebhookChannel("duty", f"http://127.0.0.1:{port}/hook", secret, timeout_s=5, real_clock=clock)


def test_hook_gets_what_is_signed_and_a_wrong_secret_is_refused_for_good(
    database: OperationsDatabase,
) -> None:
    hook = Hook(SECRET)
    with hook_server(hook) as port:
        sender = Sender(database, webhook(port, SteppedClock(REAL_MS)))
        sender.add("k1")
        sender.passes()
        sender.channels = {"duty": webhook(port, SteppedClock(REAL_MS), b"x" * 32)}
        sender.add("k2")
        sender.passes()
    assert hook.taken["k1"]["incidents"][0]["number"] == 41
    assert sender.outbox.list(OutboxState.DEAD)[0].error == "answered 401, which repeating does not change"


def test_busy_hook_is_left_alone_as_long_as_it_asks(database: OperationsDatabase) -> None:
    hook = Hook(SECRET)
    hook.answers = [(429, {"retry-after": "45"})]
    with hook_server(hook) as port:
        sender = Sender(database, webhook(port, SteppedClock(REAL_MS)))
        sender.add("k1")
        sender.passes()
        sender.passes(44)
        assert hook.came == []
        sender.passes(1)
    assert hook.came == ["k1"]


def test_hook_that_goes_away_and_comes_back_misses_nothing(database: OperationsDatabase) -> None:
    hook = Hook(SECRET)
    with hook_server(hook) as port:
        sender = Sender(database, webhook(port, SteppedClock(REAL_MS)))
        sender.add("k1")
        sender.passes()
    sender.add("k2", "k3")
    sender.passes()
    hook.answers = [(503, {})]
    with hook_server(hook, port):
        sender.passes(10)
        sender.passes(60)
    assert sorted(hook.came) == ["k1", "k2", "k3"]


def test_mail_arrives_readable_with_the_key_in_its_head(database: OperationsDatabase) -> None:
    with mail_server() as (mails, port):
        url = f"mailto://127.0.0.1:{port}?from=ioc@city.example&to=duty@city.example"
        sender = Sender(database, AppriseChannel("duty", url))
        sender.add("k1")
        sender.passes()
    [mail] = mails.taken
    body = mail.get_body(("html", "plain"))
    assert body is not None
    assert mail["subject"] == "[IOC] Sự cố mới: Tủ mất pha L2, Phường Tam Kỳ"
    assert mail["idempotency-key"] == "k1"
    assert "Điện áp L2 là 3 V" in body.get_content()


def test_what_apprise_says_of_a_failure_is_told_without_secrets(
    database: OperationsDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    with mail_server() as (_, port):
        pass
    url = f"mailto://someone:hunter2hunter2@127.0.0.1:{port}?from=ioc@city.example&to=duty@city.example"
    sender = Sender(database, AppriseChannel("duty", url))
    sender.add("k1")
    sender.passes()
    [entry] = sender.outbox.list(OutboxState.WAITING)
    assert entry.error
    assert "hunter2" not in entry.error
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("poison", [ValueError("json://user:secret@host"), KeyError("title")])
def test_notification_that_breaks_its_channel_holds_up_no_other_and_dies_at_last(
    database: OperationsDatabase, poison: Exception
) -> None:
    duty = Recorder()
    duty.raises = lambda message: poison if message.key == "poison" else None
    sender = Sender(database, duty)
    sender.add("poison", "good")
    with capture_logs() as logged:
        sender.passes()
    assert [message.key for message in duty.sent] == ["good"]
    assert sender.states() == {"poison": "waiting", "good": "sent"}
    for _ in range(3):
        sender.passes(after_s=60)
    assert sender.states()["poison"] == "dead"
    [entry] = sender.outbox.list(OutboxState.DEAD)
    assert type(poison).__name__ in (entry.error or "")
    assert "secret" not in f"{logged}{entry.error}"


def test_facts_that_cannot_be_rendered_hold_up_no_other(database: OperationsDatabase) -> None:
    duty = Recorder()
    sender = Sender(database, duty)
    sender.add("poison", "good")
    with database.write() as connection:
        connection.execute(text("UPDATE notify_outbox SET facts = '{\"items\": 7}' WHERE key = 'poison'"))
    sender.passes()
    assert [message.key for message in duty.sent] == ["good"]
