import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.commands.broker import COMMAND as BROKER
from app.commands.devices import COMMAND as DEVICES

RUNNER = CliRunner()


def credentials(folder: Path, *arguments: str) -> list[str]:
    return ["credentials", *arguments, "--folder", str(folder)]


def test_issue_shows_the_password_once_and_list_shows_who_has_one(tmp_path: Path) -> None:
    result = RUNNER.invoke(DEVICES, credentials(tmp_path, "issue", "TK-L-0001", "--no-reload"))
    name, password = result.stdout.split()
    assert (result.exit_code, name, len(password)) == (0, "TK-L-0001", 32)
    shown = RUNNER.invoke(DEVICES, credentials(tmp_path, "list")).stdout
    assert "TK-L-0001" in shown
    assert password not in shown


def test_revoked_is_listed_only_when_asked_for(tmp_path: Path) -> None:
    RUNNER.invoke(DEVICES, credentials(tmp_path, "issue", "TK-L-0001", "--no-reload"))
    result = RUNNER.invoke(DEVICES, credentials(tmp_path, "revoke", "TK-L-0001", "--no-reload"))
    assert result.stdout == "revoked: TK-L-0001\n"
    assert "TK-L-0001" not in RUNNER.invoke(DEVICES, credentials(tmp_path, "list")).stdout
    assert "revoked" in RUNNER.invoke(DEVICES, credentials(tmp_path, "list", "--all")).stdout


def test_bulk_issue_writes_a_private_file_and_skips_who_has_one(tmp_path: Path) -> None:
    registry, out = tmp_path / "city.csv", tmp_path / "out.csv"
    registry.write_text("id,kind,area\nTK-W-001,wifi-ap,tam-ky\nTK-W-002,wifi-ap,tam-ky\n", encoding="utf-8")
    RUNNER.invoke(DEVICES, credentials(tmp_path, "issue", "TK-W-001", "--no-reload"))
    arguments = ("issue", "--registry", str(registry), "--csv", str(out), "--no-reload")
    result = RUNNER.invoke(DEVICES, credentials(tmp_path, *arguments))
    assert (result.exit_code, result.stdout) == (0, "")
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert ([row["name"] for row in rows], out.stat().st_mode & 0o777) == (["TK-W-002"], 0o600)
    again = RUNNER.invoke(DEVICES, credentials(tmp_path, *arguments))
    assert "exists" in str(again.exception)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("issue", "--no-reload"), "nobody to issue for"),
        (("issue", "TK-L-0001", "--as", "king", "--no-reload"), "--as must be one of"),
        (("issue", "gw.x", "--as", "gateway", "--no-reload"), "give --prefix"),
        (("rotate", "TK-L-0001", "--no-reload"), "has no credential"),
        (("revoke", "TK-L-0001", "--no-reload"), "never had a credential"),
    ],
)
def test_refused_command_ends_with_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], rule: str
) -> None:
    result = RUNNER.invoke(DEVICES, credentials(tmp_path, *arguments))
    assert result.exit_code == 1
    assert rule in str(result.exception)


def test_broker_that_cannot_be_told_is_an_error(tmp_path: Path) -> None:
    pid_file = tmp_path / "broker.pid"
    for text in ("", "0", "-1", "1"):
        pid_file.write_text(text, encoding="ascii")
        result = RUNNER.invoke(
            DEVICES, credentials(tmp_path, "issue", f"TK-{len(text)}{text[-1:]}", "--pid-file", str(pid_file))
        )
        assert "was not told" in str(result.exception)


def test_broker_is_told_by_sighup(tmp_path: Path) -> None:
    waiting = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    (tmp_path / "broker.pid").write_text(f"{waiting.pid}\n", encoding="ascii")
    result = RUNNER.invoke(
        DEVICES, credentials(tmp_path, "issue", "TK-L-0001", "--pid-file", str(tmp_path / "broker.pid"))
    )
    assert (result.exit_code, waiting.wait()) == (0, -signal.SIGHUP)


def test_broker_configuration_is_written_with_its_access_lists(tmp_path: Path) -> None:
    (tmp_path / "ioc").mkdir()
    out = tmp_path / "mosquitto.conf"
    options = [
        "config",
        "--rate",
        "20/s",
        "--outage",
        "1h",
        "--folder",
        str(tmp_path / "ioc"),
        "--out",
        str(out),
    ]
    assert RUNNER.invoke(BROKER, options).exit_code == 0
    assert "max_queued_messages 90000" in out.read_text(encoding="utf-8")
    made = {path.name for path in (tmp_path / "ioc").iterdir()} - {".lock"}
    assert made == {"devices.acl", "devices.passwd", "services.acl", "services.passwd"}
    assert os.access(out, os.R_OK)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        (["--outage", "4h", "--rate", "500/s"], "GB of memory"),
        (
            ["--outage", "4h", "--rate", "500/s", "--memory", "20", "--autosave", "1"],
            "too long for --autosave",
        ),
        (["--autosave", "0"], "at least a second"),
        (["--rate", "many"], "such as 500/s"),
        (["--rate", "0/s"], "more than nothing"),
        (["--outage", "soon"], "--outage"),
    ],
)
def test_configuration_that_the_machine_could_not_bear_is_refused(options: list[str], rule: str) -> None:
    result = RUNNER.invoke(BROKER, ["config", *options])
    assert result.exit_code == 1
    assert rule in str(result.exception)
