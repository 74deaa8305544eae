from pathlib import Path

import pytest

from app.errors import StartError
from app.notify_trial import asked_of, send_test, trial_rows
from app.notifying import read_notifying
from app.settings import ServiceSettings
from notify.channels import Message
from notify.configuration import NotifyPlan
from notify.errors import DeliveryLaterError
from notify.routes import Duty, Escalation, Timing
from tests.notify.support import HOUR_MS, NOON_MS, crew, people, route, shift

TIMING = Timing(escalations=(Escalation(after_ms=1_800_000, channels=("chief", "duty")),))


class Kept:
    def __init__(self, id_: str, error: Exception | None = None) -> None:
        self.id, self.error, self.sent = id_, error, list[Message]()

    def send(self, message: Message) -> None:
        if self.error is not None:
            raise self.error
        self.sent.append(message)


def test_test_message_goes_once_to_every_channel_of_the_route() -> None:
    duty, chief = Kept("duty"), Kept("chief", DeliveryLaterError("no answer"))
    plan = NotifyPlan(channels={"duty": duty, "chief": chief}, routes=())
    outcome = list(send_test(plan, route(timing=TIMING), "Asia/Ho_Chi_Minh", NOON_MS))
    assert outcome == [("duty", None), ("chief", "no answer")]
    assert duty.sent[0].title == "[IOC] Tin thử, không có sự cố"


def test_rows_say_who_is_told_and_why_not() -> None:
    staff = people(crew(), shift())
    routes = [
        route("crew", crew="lighting-1", duty=Duty.ON, timing=TIMING),
        route("wifi", kinds=frozenset({"wifi-ap"})),
        route("operators", fallback=True),
    ]
    plan = NotifyPlan(channels={}, routes=routes)
    asked = asked_of("tam-ky", "streetlight", "major")

    def told(at_ms: int) -> list[tuple[str, str, str]]:
        return [row[:3] for row in trial_rows(plan, staff, asked, at_ms)]

    assert told(NOON_MS) == [
        ("crew", "yes", "crew lighting-1 on duty: day"),
        ("wifi", "no", "not asked for such incidents"),
        ("operators", "no", "somebody else is told"),
    ]
    assert [row[1] for row in told(NOON_MS + 10 * HOUR_MS)] == ["no", "no", "yes"]
    assert trial_rows(plan, staff, None, NOON_MS)[0][4] == "30m: chief, duty"


def test_without_a_file_nobody_is_told() -> None:
    assert read_notifying(ServiceSettings()) is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "wants IOC_PUBLIC_URL"),
        ({"public_url": "https://ioc.example"}, "wants IOC_LINK_KEY_FILE"),
        (
            {"public_url": "https://ioc.example", "link_key": "short"},
            "IOC_LINK_KEY: the signing key has 5 bytes",
        ),
        ({"public_url": "https://ioc.example", "link_key": "k" * 32}, "no channel 'pager'"),
        ({"public_url": "https://ioc.example", "link_key_file": Path("/nowhere/key")}, "cannot be read"),
    ],
)
def test_what_is_not_whole_stops_the_start(tmp_path: Path, given: dict[str, str], words: str) -> None:
    file = tmp_path / "notify.toml"
    file.write_text('[channels]\n[[routes]]\nid = "a"\nchannels = ["pager"]\n')
    with pytest.raises(StartError, match=words):
        read_notifying(ServiceSettings.model_validate({"notify_file": file} | given))
