from pathlib import Path

import pytest

from app.mosquitto.access import devices_acl, services_acl
from app.mosquitto.configuration import BrokerPlan, render_configuration
from app.mosquitto.principals import Role, principal
from app.mosquitto.sizing import QueuePlan
from app.settings import ServiceSettings

ROOT = Path(__file__).parents[3]
QUEUE = QueuePlan(rate_per_s=500, outage_s=600, message_bytes=300)


def settings_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_shipped_configuration_is_what_the_template_makes() -> None:
    shipped = (ROOT / "deploy/mosquitto/mosquitto.conf").read_text(encoding="utf-8")
    assert shipped == render_configuration(BrokerPlan(queue=QUEUE)), "run: ioc broker config"


def test_configuration_takes_more_than_the_collector_and_gives_it_its_window() -> None:
    settings = ServiceSettings()
    plan = BrokerPlan(queue=QUEUE)
    assert plan.largest_message_bytes > settings.max_payload_bytes
    assert plan.receive_maximum == settings.receive_maximum


def test_every_setting_of_the_configuration_has_its_reason_above_it() -> None:
    lines = render_configuration(BrokerPlan(queue=QUEUE)).splitlines()
    explained_by_the_line_before = {
        "persistence_location", "allow_anonymous", "password_file", "acl_file", "certfile", "keyfile",
        "log_type", "log_dest", "log_timestamp_format", "connection_messages", "require_certificate",
        "tls_version",
        "max_connections", "listener",
    }  # fmt: skip
    bare = [
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if line and not line.startswith("#") and not before.startswith("#")
    ]
    assert [line for line in bare if line.split()[0] not in explained_by_the_line_before] == []


def test_no_listener_lets_anybody_in_without_a_name_or_without_tls() -> None:
    lines = settings_of(render_configuration(BrokerPlan(queue=QUEUE)))
    assert lines[0] == "per_listener_settings true"
    listeners = [number for number, line in enumerate(lines) if line.startswith("listener ")]
    assert len(listeners) == 2
    for begin, end in zip(listeners, [*listeners[1:], len(lines)], strict=True):
        block = {line.split()[0]: line for line in lines[begin:end]}
        assert block["allow_anonymous"] == "allow_anonymous false"
        assert {"password_file", "acl_file", "certfile", "keyfile", "tls_version"} <= set(block)


@pytest.mark.parametrize(
    ("rate", "outage_s", "messages", "interval_s"),
    [(500, 600, 375_000, 1), (10, 60, 750, 1), (500, 4 * 3600, 9_000_000, 17)],
)
def test_queue_follows_rate_and_outage(rate: float, outage_s: float, messages: int, interval_s: int) -> None:
    plan = QueuePlan(rate_per_s=rate, outage_s=outage_s, message_bytes=300)
    assert (plan.messages, plan.interval_s, plan.is_saving_too_much) == (messages, interval_s, False)
    assert interval_s + 1 <= plan.loss_s < interval_s + 10


def test_queue_that_is_saved_too_often_says_so() -> None:
    assert QueuePlan(rate_per_s=500, outage_s=4 * 3600, message_bytes=300, autosave_s=1).is_saving_too_much


def test_access_list_gives_nobody_anything_before_the_first_name() -> None:
    text = devices_acl([principal(Role.GATEWAY, "gw.one", ["one"])])
    first = next(line for line in settings_of(text))
    assert first.startswith("pattern ")
    assert not [line for line in settings_of(services_acl([])) if line]


def test_access_lists_never_grant_everything() -> None:
    everybody = [principal(role, f"svc.{role}") for role in Role if role.is_service]
    for text in (devices_acl([]), services_acl(everybody)):
        assert [line for line in settings_of(text) if line.split()[-1] in {"#", "+/#"}] == []
