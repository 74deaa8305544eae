from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from app.commands.dead_letters import COMMAND

RUNNER = CliRunner()
LETTER = {
    "row": 7, "received_at": "2026-11-24T11:00:00.000Z", "reason": "schema", "topic": "ioc/v1/x",
    "detail": "d", "payload": "{}", "replay": None, "replayable": True,
}  # fmt: skip


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any]]]:
    """A service that has one letter; what it was asked."""
    calls: list[tuple[str, str, dict[str, Any]]] = []

    def answer(method: str, url: str, **options: Any) -> httpx.Response:
        calls.append((method, url, options))
        if url.endswith("/9/replay"):
            return httpx.Response(409, json={"detail": "only 1 of 100 bytes were kept"})
        if url.endswith("/counts"):
            return httpx.Response(200, json={"total": 1, "by_reason": {"schema": 1}})
        if method == "POST":
            return httpx.Response(202, json={"requested": 3, "remaining": 2, "replay": "waiting"})
        return httpx.Response(200, json={"items": [LETTER], "next": None})

    monkeypatch.setattr(httpx, "request", answer)
    return calls


def test_list_shows_letters_and_counts_without_payloads(asked: list[tuple[str, str, dict[str, Any]]]) -> None:
    result = RUNNER.invoke(
        COMMAND, ["list", "--reason", "schema", "--from", "2026-11-24T00:00:00Z", "--key", "k"]
    )
    assert result.exit_code == 0
    assert "ioc/v1/x" in result.stdout
    assert "{}" not in result.stdout
    assert "1 in all: schema 1" in result.stdout
    _, _, options = asked[1]
    assert options["params"] == {"reason": "schema", "from": "2026-11-24T00:00:00Z", "limit": "20"}
    assert options["headers"] == {"Authorization": "Bearer k"}


@pytest.mark.usefixtures("asked")
def test_list_shows_payloads_when_asked_for() -> None:
    assert "{}" in RUNNER.invoke(COMMAND, ["list", "--payload"]).stdout


def test_replay_takes_rows_or_a_filter(asked: list[tuple[str, str, dict[str, Any]]]) -> None:
    assert RUNNER.invoke(COMMAND, ["replay", "7", "8"]).stdout == "7: waiting\n8: waiting\n"
    result = RUNNER.invoke(COMMAND, ["replay", "--reason", "schema", "--limit", "3"])
    assert result.stdout == "3 are replayed, 2 more could be\n"
    assert asked[-1][2]["json"] == {"reason": "schema", "limit": 3}


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["replay"], "give rows, or a filter"),
        (["replay", "7", "--reason", "schema"], "and not both"),
        (["replay", "9"], "only 1 of 100 bytes were kept"),
    ],
)
def test_refused_replay_ends_with_one_sentence(arguments: list[str], rule: str) -> None:
    result = RUNNER.invoke(COMMAND, arguments)
    assert result.exit_code == 1
    assert rule in str(result.exception)


def test_service_that_does_not_answer_is_named() -> None:
    result = RUNNER.invoke(COMMAND, ["list", "--url", "http://127.0.0.1:1"])
    assert "does not answer" in str(result.exception)
