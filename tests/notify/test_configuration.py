from pathlib import Path

import pytest

from devices.clock import SystemClock
from notify.configuration import read_plan
from notify.errors import NotifyConfigError
from notify.language import Language
from notify.routes import Duty, Escalation

WHOLE = """
[channels.duty-mail]
kind = "apprise"
url_file = "duty-mail.url"

[channels.dispatch]
kind = "webhook"
url = "https://dispatch.example/hook"
secret_file = "dispatch.key"

[[routes]]
id = "lighting"
channels = ["duty-mail", "dispatch"]
kinds = ["streetlight", "lighting-cabinet"]
severity = "minor"
crew = "lighting-1"
duty = "on"
language = "en"
wait = "30s"
escalate = [{after = "30m", channels = ["dispatch"]}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "duty-mail.url").write_text("mailto://ioc:secret-word@mail.example?to=duty@example.org\n")
    (tmp_path / "dispatch.key").write_text("0123456789abcdef0123456789abcdef\n")
    return tmp_path


def written(folder: Path, text: str) -> Path:
    file = folder / "notify.toml"
    file.write_text(text)
    return file


def test_file_becomes_channels_and_routes(folder: Path) -> None:
    plan = read_plan(written(folder, WHOLE), SystemClock())
    [lighting] = plan.routes
    assert sorted(plan.channels) == ["dispatch", "duty-mail"]
    assert (lighting.duty, lighting.language, lighting.timing.wait_ms) == (Duty.ON, Language.EN, 30_000)
    assert lighting.timing.escalations == (Escalation(after_ms=1_800_000, channels=("dispatch",)),)
    assert plan.route("lighting") is lighting
    assert plan.route("parks") is None


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('channels = ["duty-mail", "dispatch"]', 'channels = ["pager"]', "no channel 'pager'"),
        ('kinds = ["streetlight", ', 'kinds = ["lantern", ', "got 'lantern'"),
        ('severity = "minor"', 'severity = "dire"', "routes.0.severity"),
        ('duty = "on"', 'duty = "any"\nshifts = ["day"]', "shifts say something only with duty"),
        ('wait = "30s"', 'repeat = "1m"', "repeat must not be shorter"),
        ('wait = "30s"', 'wait = "soon"', "got 'soon'"),
        ('wait = "30s"', "colour = 1", "routes.0.colour"),
        ('"dispatch.key"', '"other.key"', "other.key.* cannot be read"),
        ('kind = "webhook"', 'kind = "pigeon"', "channels.dispatch"),
        ("[[routes]]", "[routes", "no TOML"),
        ('wait = "30s"', 'was = ["lighting"]', "was: 'lighting' is still a route"),
        ('wait = "30s"', 'was = ["lamps", "lamps"]', "was: 'lamps' .* was two"),
        ('[{after = "30m", channels = ["dispatch"]}]', '[{after = "30m", channels = ["chief"]}]', "'chief'"),
    ],
)
def test_wrong_file_is_refused_with_the_place(folder: Path, before: str, after: str, words: str) -> None:
    assert before in WHOLE
    with pytest.raises(NotifyConfigError, match=words):
        read_plan(written(folder, WHOLE.replace(before, after)), SystemClock())


def test_route_knows_the_names_it_had(folder: Path) -> None:
    plan = read_plan(written(folder, WHOLE.replace('wait = "30s"', 'was = ["lamps"]')), SystemClock())
    assert plan.heir("lamps") is plan.route("lighting")
    assert plan.heir("parks") is None


def test_route_that_is_there_twice_is_refused(folder: Path) -> None:
    with pytest.raises(NotifyConfigError, match="'lighting' is there twice"):
        read_plan(written(folder, WHOLE + WHOLE[WHOLE.index("[[routes]]") :]), SystemClock())


def test_short_secret_is_refused_and_not_quoted(folder: Path) -> None:
    (folder / "dispatch.key").write_text("hunter2")
    with pytest.raises(NotifyConfigError, match="7 bytes") as caught:
        read_plan(written(folder, WHOLE), SystemClock())
    assert "hunter2" not in str(caught.value)


def test_address_that_apprise_does_not_know_is_refused_and_not_quoted(folder: Path) -> None:
    (folder / "duty-mail.url").write_text("pigeon://secret-word@example")
    with pytest.raises(NotifyConfigError, match="'duty-mail': apprise does not understand") as caught:
        read_plan(written(folder, WHOLE), SystemClock())
    assert "secret-word" not in str(caught.value)
