"""Flow from a real embedded store, and rates beside a real operations store."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from api.application import create_app
from api.auth import Role
from store.duckdb_store import DuckdbTelemetryStore
from tests.api.support import City, Client, client_of
from tests.rules.detection.support import START_MS, passage
from tests.store.operations.support import CAMERA, outcome, suspected

RANGE = "from=2026-11-18T11:00:00Z&to=2026-11-18T12:00:00Z"


@pytest.fixture
def client(city: City, tmp_path: Path) -> Iterator[Client]:
    fast = {"vehicle_class": "car", "plate": "92A-123.45", "speed_kmh": 70.0}
    with closing(DuckdbTelemetryStore(tmp_path / "telemetry")) as store:
        frames = [passage(f"e{n}", n * 1000, [fast, {"speed_kmh": 30.0}], CAMERA).frame for n in range(5)]
        store.write_events(pl.concat(frames))
        with client_of(create_app(replace(city.services(), telemetry=store))) as client:
            yield client


def test_flow_counts_what_passed_and_tells_no_plate(client: Client, city: City) -> None:
    answer = client.get(f"/v1/flow?{RANGE}", city.tokens[Role.VIEWER])

    [window] = answer.json()["windows"]
    assert (window["device"]["id"], window["lane"]) == (CAMERA, 2)
    assert (window["vehicles"], window["classes"]) == (10, {"car": 5, "unknown": 5})
    assert (window["mean_kmh"], window["p85_kmh"], window["measured"]) == (50.0, 70.0, 10)
    assert "123" not in answer.text


def test_hours_of_the_day_are_local(client: Client, city: City) -> None:
    [hour] = client.get(f"/v1/flow/hours?{RANGE}", city.tokens[Role.VIEWER]).json()["hours"]
    assert (hour["hour"], hour["vehicles"], hour["days"], hour["per_day"]) == (18, 10, 1, 10.0)


def test_filters_leave_others_out(client: Client, city: City) -> None:
    token = city.tokens[Role.VIEWER]
    for path in ("", "/hours"):
        for wanted in ("device=other", "area=elsewhere"):
            answer = client.get(f"/v1/flow{path}?{RANGE}&{wanted}", token).json()
            assert list(answer.values())[-1] == []


def test_rates_stand_beside_what_passed(client: Client, city: City) -> None:
    city.detection.commit(outcome(suspected("a", occurred_at_ms=START_MS)))
    token = city.tokens[Role.OFFICER]

    [rate] = client.get(f"/v1/flow/rates?{RANGE}", token).json()["rates"]

    assert (rate["type"], rate["violations"], rate["vehicles"]) == ("speeding", 1, 10)
    assert rate["per_ten_thousand"] == 1000.0
    assert client.get(f"/v1/flow/rates?{RANGE}&device=other", token).json()["rates"] == []


def test_rates_need_the_scope_of_violations(client: Client, city: City) -> None:
    assert client.get(f"/v1/flow/rates?{RANGE}", city.tokens[Role.CREW]).status_code == 403
    assert client.get(f"/v1/flow?{RANGE}").status_code == 401


@pytest.mark.parametrize(
    "span",
    [
        "from=2026-11-18T09:00:00Z&to=2026-11-18T09:00:00Z",
        "from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z",
    ],
)
def test_span_that_is_none_or_too_long_is_refused(client: Client, city: City, span: str) -> None:
    answer = client.get(f"/v1/flow?{span}", city.tokens[Role.VIEWER])
    assert answer.status_code in (400, 422)
    assert "31 days" in answer.json()["detail"]
