"""Readings of many devices, as a page and as a file of every form, in pieces."""

import io

import polars as pl
import pytest

from api.export import pieces
from api.roles import Role
from devices.catalogue import kinds
from store.telemetry import RangeQuery
from tests.api.support import City, Client
from tests.store.operations.support import lamp_readings

NOON_MS = 1_795_348_800_000
RANGE = "kind=streetlight&from=2026-11-22T11:30:00Z&to=2026-11-22T14:30:00Z"
MINUTES = range(0, 150, 5)


@pytest.fixture
def token(city: City) -> str:
    rows = [
        {"device": device, "measured_at": NOON_MS + m * 60_000, "received_at": NOON_MS, "power_w": float(m)}
        for m in MINUTES
        for device in ("TK-L-0001", "TK-L-0002")
    ]
    city.telemetry.write(lamp_readings(*rows))
    return city.tokens[Role.VIEWER]


def test_page_has_readings_of_several_devices_oldest_first(client: Client, token: str) -> None:
    asked = f"/v1/telemetry?{RANGE}&device=TK-L-0001&device=TK-L-0002&fields=power_w&limit=3"
    shown = client.get(asked, token).json()
    assert [(r["device"], r["values"]) for r in shown["readings"][:2]] == [
        ("TK-L-0001", {"power_w": 0.0}),
        ("TK-L-0002", {"power_w": 0.0}),
    ]
    assert (len(shown["readings"]), shown["truncated"]) == (3, True)
    assert shown["fields"][0]["name"] == "power_w"


@pytest.mark.parametrize("written", ["csv", "ndjson", "parquet", "arrow"])
def test_export_has_every_reading_in_every_form(client: Client, token: str, written: str) -> None:
    answer = client.get(f"/v1/telemetry/export?{RANGE}&fields=power_w&format={written}", token)
    assert answer.status_code == 200
    file = io.BytesIO(answer.content)
    readers = {
        "csv": pl.read_csv,
        "ndjson": pl.read_ndjson,
        "parquet": pl.read_parquet,
        "arrow": pl.read_ipc_stream,
    }
    frame = readers[written](file)  # type: ignore[operator]
    assert frame.columns == ["device", "measured_at", "received_at", "seq", "time_quality", "power_w"]
    assert frame.height == 2 * len(MINUTES)
    assert frame["power_w"].sum() == 2 * sum(MINUTES)
    assert f'filename="streetlight.{written}"' in answer.headers["content-disposition"]


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("written", ["csv", "ndjson", "parquet", "arrow"])
def test_export_of_nothing_is_a_file_still(client: Client, city: City, written: str) -> None:
    elsewhere = city.token(Role.VIEWER, areas=["ban-thach"])
    answer = client.get(f"/v1/telemetry/export?{RANGE}&format={written}", elsewhere)
    assert answer.status_code == 200
    assert b"TK-L" not in answer.content
    if written == "parquet":
        assert pl.read_parquet(io.BytesIO(answer.content)).height == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (RANGE.replace("streetlight", "switch"), "kind"),
        (f"{RANGE}&device=TK-W-001", "device"),
        (f"{RANGE}&fields=mood", "fields"),
        (RANGE.replace("2026-11-22T14", "2028-11-22T14"), "to"),
    ],
)
def test_question_that_makes_no_sense_is_refused(client: Client, token: str, query: str, field: str) -> None:
    for path in ("/v1/telemetry", "/v1/telemetry/export"):
        answer = client.get(f"{path}?{query}", token)
        assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_store_that_is_down_is_a_problem_and_no_half_file(client: Client, city: City, token: str) -> None:
    city.telemetry.broken = True
    assert client.get(f"/v1/telemetry/export?{RANGE}", token).status_code == 503


class Crowded:
    """A store with a reading each second, that says how many rows it gave at once."""

    def __init__(self) -> None:
        self.largest = 0

    def range(self, query: RangeQuery) -> pl.DataFrame:
        seconds = range(-(-query.from_ms // 1_000), -(-query.to_ms // 1_000))[: query.limit]
        self.largest = max(self.largest, len(seconds))
        times = pl.Series("measured_at", [s * 1_000 for s in seconds], pl.Int64)
        return pl.DataFrame([times, times.rename("time_quality").cast(pl.String)])


def test_crowded_hour_comes_in_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.export._PIECE_ROWS", 1_000)
    store = Crowded()
    asked = RangeQuery(
        kind="streetlight",
        devices=["x"],
        from_ms=0,
        to_ms=7_200_000,
        fields=kinds()["streetlight"].field_names,
    )
    found = [frame["measured_at"].to_list() for frame in pieces(store, asked)]  # type: ignore[arg-type]
    assert [time for frame in found for time in frame] == [s * 1_000 for s in range(7_200)]
    assert max(map(len, found)) < 1_000
