"""One file, the environment over it, and every slip named."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.configuration import Origin, explained, load_settings
from app.configuration_sample import sample
from app.errors import StartError
from app.settings import ServiceSettings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ioc.toml"


def test_sample_that_is_committed_is_the_settings_own() -> None:
    committed = (ROOT / "deploy" / "ioc.toml").read_text(encoding="utf-8")
    assert committed == sample(), "ioc config sample > deploy/ioc.toml"


def test_sample_uncommented_is_every_default(file: Path) -> None:
    lines = sample().splitlines()
    file.write_text("\n".join(line.removeprefix("#") for line in lines if not line.startswith("# ")))
    assert load_settings(file) == ServiceSettings()
    unset = {line.split()[3] for line in lines if line.startswith("# Not set: ")}
    secrets = {"mqtt_password", "influx_token", "link_key"}
    assert set(tomllib.loads(file.read_text())) | unset | secrets == set(ServiceSettings.model_fields)


def test_every_setting_is_explained() -> None:
    assert [name for name, field in ServiceSettings.model_fields.items() if not field.description] == []


def test_environment_beats_file_and_what_is_given_beats_both(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('mqtt_host = "a"\nmqtt_port = 1\nhttp_port = 2\nareas = ["x", "y"]\n')
    monkeypatch.setenv("IOC_MQTT_HOST", "b")
    monkeypatch.setenv("IOC_MQTT_PORT", "3")
    settings = load_settings(file, mqtt_port=4, city=None)
    assert (settings.mqtt_host, settings.mqtt_port, settings.http_port) == ("b", 4, 2)
    assert settings.areas == {"x", "y"}


def test_file_that_the_environment_names_is_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("http_port = 2\n")
    monkeypatch.setenv("IOC_CONFIG", str(file))
    monkeypatch.setenv("ioc_city", "phu-ly")
    found = {setting.name: setting for setting in explained(load_settings())}
    assert (found["http_port"].value, found["http_port"].origin) == ("2", Origin.FILE)
    assert (found["city"].value, found["city"].origin) == ("phu-ly", Origin.ENVIRONMENT)
    assert found["mqtt_port"].origin is Origin.DEFAULT


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mqtt_prot = 1", "'mqtt_prot' is no setting; the nearest is 'mqtt_port'"),
        ("[mqtt]\nport = 1", "'mqtt' is no setting"),
        ('mqtt_password = "x"', "'mqtt_password' is a secret.* 'mqtt_password_file'"),
        ('influx_token = "x"', "'influx_token' is a secret.* 'influx_token_file'"),
        ('operations_url = "postgresql://u:p4ss@h/d"', "has a password in it.* 'operations_password_file'"),
        ("mqtt_port = 0", r"ioc\.toml: mqtt_port = 0: Input should be greater"),
        ('payload_codecs = {"app" = "json"}', r"ioc\.toml: payload_codecs = .*got 'app'"),
        ("mqtt_port = ", "is no TOML"),
    ],
)
def test_wrong_file_stops_the_start_and_the_key_is_named(file: Path, text: str, sentence: str) -> None:
    file.write_text(text)
    with pytest.raises(StartError, match=sentence) as refused:
        load_settings(file)
    assert "p4ss" not in str(refused.value)


def test_file_that_is_not_there_stops_the_start(file: Path) -> None:
    with pytest.raises(StartError, match=r"ioc\.toml' cannot be read \(No such file"):
        load_settings(file)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("IOC_HTTP_PORT", "99999", "IOC_HTTP_PORT='99999': Input should be less"),
        ("IOC_AREAS", "tam-ky", "the environment: .*areas.* as JSON"),
    ],
)
def test_wrong_variable_stops_the_start_and_is_named(
    file: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    file.write_text("http_port = 2\n")
    monkeypatch.setenv(name, value)
    with pytest.raises(StartError, match=sentence):
        load_settings(file)


def test_check_shows_what_holds_with_secrets_masked(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("hidden-in-file\n")
    file.write_text(f'mqtt_user = "me"\noperations_password_file = "{tmp_path}/secret"\n')
    monkeypatch.setenv("IOC_MQTT_PASSWORD", "hidden-word")
    monkeypatch.setenv("IOC_OPERATIONS_URL", "postgresql://u:hidden-too@127.0.0.1:1/d")
    monkeypatch.setenv("IOC_MQTT_PROT", "1884")
    result = CliRunner().invoke(cli, ["config", "check", str(file), "--json", f"{tmp_path}/out.json"])
    assert result.exit_code == 0, result.output
    assert "hidden" not in result.output
    assert "IOC_MQTT_PROT is no setting and has no effect; the nearest is IOC_MQTT_PORT" in result.output
    written = json.loads((tmp_path / "out.json").read_text())
    found = {setting["name"]: (setting["value"], setting["origin"]) for setting in written["settings"]}
    assert found["mqtt_user"] == ("me", "file")
    assert found["mqtt_password"] == ("***", "environment")
    assert found["operations_url"] == ("postgresql://u:***@127.0.0.1:1/d", "environment")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('city = "atlantis"', "IOC_CITY: .*atlantis"),
        ('mqtt_password_file = "nowhere"', "IOC_MQTT_PASSWORD_FILE='nowhere' cannot be read"),
        ('influx_url = "http://127.0.0.1:1"', "set IOC_INFLUX_TOKEN_FILE"),
        ('operations_url = "somewhere"', "IOC_OPERATIONS_URL is no URL"),
        ("nonsense = 1", "'nonsense' is no setting"),
    ],
)
def test_check_of_settings_that_cannot_start_ends_with_1(file: Path, text: str, sentence: str) -> None:
    file.write_text(text)
    result = CliRunner().invoke(cli, ["config", "check", str(file)])
    assert result.exit_code == 1
    assert re.search(sentence, result.output), result.output


def test_sample_is_printed() -> None:
    assert CliRunner().invoke(cli, ["config", "sample"]).output == sample()
