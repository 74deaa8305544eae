"""`ioc grafana push` against a server that checks every request against Grafana's published description."""

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.commands.grafana import COMMAND
from grafana.alerts import ALERTS
from grafana.catalogue import boards
from tests.grafana.api_description import DescriptionError, check_request
from tests.grafana.grafana_server import TOKEN, KeptGrafana, running_grafana

SETTINGS = {
    "IOC_INFLUX_URL": "http://influx.example:8086",
    "IOC_INFLUX_TOKEN": "influx-secret",
    "IOC_OPERATIONS_URL": "postgresql+psycopg://ioc:service-secret@db.example/ioc",
    "IOC_PUBLIC_URL": "https://ioc.example",
}
FOREIGN_ROUTE = {"receiver": "grafana-default-email", "object_matchers": [["team", "=", "net"]]}


@pytest.fixture
def grafana() -> Iterator[KeptGrafana]:
    with running_grafana() as kept:
        yield kept


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "password").write_text("report-secret\n")
    return tmp_path


def _push(grafana: KeptGrafana, secrets: Path, *more: str) -> Result:
    command = ["push", "--url", grafana.url, "--token-file", str(secrets / "token")]
    command += ["--report-password-file", str(secrets / "password")]
    return CliRunner().invoke(COMMAND, [*command, *more], env=SETTINGS)


def test_push_makes_everything_once_and_then_nothing(grafana: KeptGrafana, secrets: Path) -> None:
    done = _push(grafana, secrets, "--contact-webhook", "https://duty.example/hook")
    assert done.exit_code == 0, done.exception
    assert len(grafana.boards) == 2 * len(boards())
    assert sorted(grafana.folders) == ["ioc-en", "ioc-vi"]
    assert sorted(grafana.data_sources) == ["ioc-operations", "ioc-telemetry"]
    assert len(grafana.rules) == len(ALERTS)
    assert grafana.contact_points["ioc-telemetry"]["settings"]["url"] == "https://duty.example/hook"
    assert [one["role"] for one in grafana.accounts.values()] == ["Viewer"]
    assert "secret" not in done.output
    operations = grafana.data_sources["ioc-operations"]
    assert (operations["url"], operations["user"]) == ("db.example:5432", "ioc_report")

    grafana.asked.clear()
    again = _push(grafana, secrets, "--contact-webhook", "https://duty.example/hook")
    assert again.output == "0 changes\n"
    assert grafana.writes == []


def test_dry_run_shows_what_would_change_and_writes_nothing(grafana: KeptGrafana, secrets: Path) -> None:
    _push(grafana, secrets)
    grafana.boards["ioc-en-overview"]["dashboard"]["title"] = "Mine now"
    grafana.asked.clear()
    done = _push(grafana, secrets, "--dry-run")
    assert "update dashboard 'ioc-en/City overview'" in done.output
    assert '-  "title": "Mine now"' in done.output.replace('- "title"', '-  "title"')
    assert "1 changes to make" in done.output
    assert grafana.writes == []
    assert grafana.boards["ioc-en-overview"]["dashboard"]["title"] == "Mine now"


def test_push_mends_what_somebody_changed(grafana: KeptGrafana, secrets: Path) -> None:
    _push(grafana, secrets)
    grafana.boards["ioc-en-overview"]["dashboard"]["panels"].pop()
    grafana.boards["ioc-vi-traffic"]["meta"]["folderUid"] = "elsewhere"
    grafana.rules["ioc-no-data"]["for"] = "9h"
    grafana.data_sources["ioc-telemetry"]["url"] = "http://other.example"
    grafana.folders["ioc-en"]["title"] = "Renamed"
    done = _push(grafana, secrets)
    assert "5 changes" in done.output
    assert _push(grafana, secrets).output == "0 changes\n"


def test_push_removes_only_what_was_ours(grafana: KeptGrafana, secrets: Path) -> None:
    _push(grafana, secrets)
    old = copy.deepcopy(grafana.boards["ioc-en-overview"])
    old["dashboard"]["uid"] = "ioc-en-kind-fountain"
    copied = copy.deepcopy(old)
    copied["dashboard"]["uid"] = "copy-of-a-board"
    untagged = copy.deepcopy(old)
    untagged["dashboard"] |= {"uid": "ioc-en-private", "tags": ["mine"]}
    for one in (old, copied, untagged):
        grafana.boards[one["dashboard"]["uid"]] = one
    rule = grafana.rules["ioc-no-data"]
    grafana.rules["ioc-old"] = rule | {"uid": "ioc-old", "ruleGroup": "ioc-older"}
    grafana.rules["ioc-looks-so"] = rule | {"uid": "ioc-looks-so", "labels": {}, "ruleGroup": "theirs"}
    grafana.rules["theirs"] = rule | {"uid": "theirs", "ruleGroup": "theirs"}
    done = _push(grafana, secrets)
    assert "remove dashboard 'ioc-en-kind-fountain'" in done.output
    assert "remove alert rule 'ioc-old'" in done.output
    assert "2 changes" in done.output
    assert {"copy-of-a-board", "ioc-en-private"} <= grafana.boards.keys()
    assert {"ioc-looks-so", "theirs"} <= grafana.rules.keys()


def test_policies_of_others_stay(grafana: KeptGrafana, secrets: Path) -> None:
    grafana.policies = {
        "receiver": "grafana-default-email",
        "group_by": ["alertname"],
        "routes": [FOREIGN_ROUTE],
    }
    _push(grafana, secrets, "--contact-email", "duty@ioc.example")
    ours = {"receiver": "ioc-telemetry", "object_matchers": [["source", "=", "ioc-telemetry"]]}
    assert grafana.policies["routes"] == [ours, FOREIGN_ROUTE]
    assert grafana.policies["group_by"] == ["alertname"]
    assert "provenance" not in grafana.policies  # people go on editing them in Grafana


def test_policies_that_are_provisioned_stay_so(grafana: KeptGrafana, secrets: Path) -> None:
    grafana.policies |= {"provenance": "api"}
    _push(grafana, secrets, "--contact-email", "duty@ioc.example")
    assert grafana.policies["provenance"] == "api"
    assert not grafana.keeps_editable  # Grafana refuses to make them editable


def test_rules_that_others_put_into_our_group_stay(grafana: KeptGrafana, secrets: Path) -> None:
    _push(grafana, secrets)
    theirs = grafana.rules["ioc-no-data"] | {"uid": "theirs", "title": "Theirs", "labels": {}}
    grafana.rules["theirs"] = theirs
    grafana.rules["ioc-no-data"]["for"] = "9h"
    done = _push(grafana, secrets)
    assert "1 changes" in done.output
    assert grafana.rules["theirs"]["title"] == "Theirs"
    assert _push(grafana, secrets).output == "0 changes\n"


def test_secrets_are_written_again_when_asked(grafana: KeptGrafana, secrets: Path) -> None:
    _push(grafana, secrets)
    grafana.asked.clear()
    _push(grafana, secrets, "--secrets")
    assert [path for _, path in grafana.writes] == [
        "/api/datasources/uid/ioc-telemetry", "/api/datasources/uid/ioc-operations",
    ]  # fmt: skip


def test_token_for_the_wall_is_written_for_our_account_alone(grafana: KeptGrafana, secrets: Path) -> None:
    file = secrets / "wall"
    done = _push(grafana, secrets, "--wall-token-file", str(file))
    assert file.read_text() == "glsa_new\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "glsa_new" not in done.output


def test_token_for_the_wall_is_refused_to_an_account_that_may_more(
    grafana: KeptGrafana, secrets: Path
) -> None:
    _push(grafana, secrets)
    grafana.accounts[1]["role"] = "Admin"
    done = _push(grafana, secrets, "--wall-token-file", str(secrets / "wall"))
    assert "has the role 'Admin'" in str(done.exception)
    assert not (secrets / "wall").exists()


def test_wrong_token_ends_in_one_sentence(grafana: KeptGrafana, secrets: Path) -> None:
    (secrets / "token").write_text("other\n")
    done = _push(grafana, secrets)
    assert "answers 401" in str(done.exception)
    assert "check the token" in str(done.exception)
    assert grafana.asked == []


def test_grafana_that_is_away_ends_in_one_sentence(secrets: Path) -> None:
    away = KeptGrafana()
    away.url = "http://127.0.0.1:9"
    assert "does not answer" in str(_push(away, secrets).exception)


def test_push_wants_a_role_of_its_own(grafana: KeptGrafana) -> None:
    command = ["push", "--url", grafana.url, "--token", TOKEN]
    done = CliRunner().invoke(COMMAND, command, env=SETTINGS)
    assert "make it with ioc grafana role" in str(done.exception)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/nonsense", None),
        ("POST", "/api/folders", {"title": "t", "colour": "red"}),
        ("POST", "/api/serviceaccounts", {"name": "n", "role": "Owner"}),
        ("PUT", "/api/v1/provisioning/folder/f/rule-groups/g", {"rules": [{"title": "no more"}]}),
        ("POST", "/api/v1/provisioning/contact-points", {"type": "pigeon", "settings": {}}),
        ("DELETE", "/api/dashboards/uid/x", {"really": True}),
    ],
)
def test_description_refuses_what_it_has_not(method: str, path: str, body: object) -> None:
    with pytest.raises(DescriptionError):
        check_request(method, path, {}, body)
