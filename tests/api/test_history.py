"""History over windows, from a real embedded store with rollups."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from api.application import create_app
from api.auth import Role
from store.duckdb_store import DuckdbTelemetryStore
from store.resolutions import Resolution
from store.rollups.keeper import RollupKeeper
from tests.api.support import City, Client, client_of
from tests.store.operations.support import LAMP, lamp_readings

NOON_MS = 1_795_348_800_000
RANGE = "from=2026-11-22T12:00:00Z&to=2026-11-22T14:00:00Z"
PATH = f"/v1/devices/{LAMP}/telemetry/windows?{RANGE}"


@pytest.fixture
def client(city: City, tmp_path: Path) -> Iterator[Client]:
    with closing(DuckdbTelemetryStore(tmp_path / "telemetry")) as store:
        minutes = range(0, 120, 15)
        store.write(
            lamp_readings(
                *(
                    {"measured_at": NOON_MS + m * 60_000, "power_w": float(m), "dim_pct": 50.0}
                    for m in minutes
                )
            )
        )
        RollupKeeper(store).run(NOON_MS + 4 * 3_600_000)
        with client_of(create_app(replace(city.services(), telemetry=store))) as client:
            yield client


@pytest.fixture
def token(city: City) -> str:
    return city.tokens[Role.VIEWER]


@pytest.mark.parametrize(
    ("asked", "resolution", "values"),
    [
        ("field=power_w", Resolution.HOUR, [22.5, 82.5]),
        ("field=power_w&every_s=1800&aggregate=max", Resolution.MINUTE, [15.0, 45.0, 75.0, 105.0]),
        ("field=power_w&aggregate=percentile", Resolution.RAW, [45.0, 105.0]),
        ("field=dim_pct&aggregate=count", Resolution.HOUR, [4, 4]),
    ],
)
def test_windows_say_their_resolution(
    client: Client, token: str, asked: str, resolution: Resolution, values: list[float]
) -> None:
    answer = client.get(f"{PATH}&{asked}", token).json()
    assert answer["resolution"] == resolution
    assert [window["value"] for window in answer["windows"]] == values
    assert answer["windows"][0]["start"] == "2026-11-22T12:00:00.000Z"


@pytest.mark.parametrize(
    ("asked", "status", "sentence"),
    [
        (f"{PATH}&field=mood", 422, "no field"),
        (f"{PATH}&field=power_state", 422, "is no number"),
        (f"/v1/devices/nobody/telemetry/windows?{RANGE}&field=power_w", 404, "no device"),
        (f"{PATH}&field=power_w&every_s=0", 422, "greater than or equal"),
    ],
)
def test_windows_that_make_no_sense_are_refused(
    client: Client, token: str, asked: str, status: int, sentence: str
) -> None:
    answer = client.get(asked, token)
    assert answer.status_code == status
    assert sentence in answer.json()["detail"]
