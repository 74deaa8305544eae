"""Devices, what they last said, and what they measured."""

import pytest

from api.auth import Role
from devices.catalogue import kinds
from tests.api.support import City, Client
from tests.store.operations.support import LAMP, lamp_readings, letters, outcome, statuses

RANGE = "from=2026-11-22T12:00:00Z&to=2026-11-22T13:00:00Z"
NOON_MS = 1_795_348_800_000


@pytest.fixture
def token(city: City) -> str:
    return city.tokens[Role.VIEWER]


def ids(client: Client, token: str, query: str) -> list[str]:
    return [item["id"] for item in client.get(f"/v1/devices?{query}", token).json()["items"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kind=streetlight", ["TK-L-0001", "TK-L-0002"]),
        ("area=ban-thach", ["TK-S-001", "TK-W-001"]),
        ("text=tk-w", ["TK-W-001"]),
        ("kind=streetlight&area=ban-thach", []),
        ("kind=switch", []),
    ],
)
def test_devices_are_filtered_and_sorted(client: Client, token: str, query: str, expected: list[str]) -> None:
    assert ids(client, token, query) == expected


def test_devices_come_in_pages(client: Client, token: str, city: City) -> None:
    found: list[str] = []
    path: str | None = "/v1/devices?limit=4"
    while path is not None:
        page = client.get(path, token)
        found += [item["id"] for item in page.json()["items"]]
        path = page.headers["link"][1:].partition(">")[0] if "link" in page.headers else None
    assert found == sorted(city.registry)


def test_device_shows_its_registry_values(client: Client, token: str) -> None:
    shown = client.get(f"/v1/devices/{LAMP}", token).json()
    assert (shown["kind"], shown["life"], shown["attributes"]) == (
        "streetlight",
        "in-service",
        {"rated_w": 60.0},
    )


@pytest.mark.parametrize("rest", ["", "/latest", f"/telemetry?{RANGE}"])
def test_unknown_device_is_not_found(client: Client, token: str, rest: str) -> None:
    answer = client.get(f"/v1/devices/nobody{rest}", token)
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no device 'nobody'")


def test_device_that_never_spoke_has_no_reading(client: Client, token: str) -> None:
    shown = client.get(f"/v1/devices/{LAMP}/latest", token).json()
    assert (shown["device"]["id"], shown["reading"], shown["status"]) == (LAMP, None, None)


def test_latest_has_reading_and_status(client: Client, city: City, token: str) -> None:
    reading = lamp_readings({"measured_at": NOON_MS, "received_at": NOON_MS + 5, "seq": 3, "power_w": 58.5})
    said = statuses((LAMP, True, NOON_MS), ("TK-L-0002", False, NOON_MS))
    city.detection.commit(outcome(latest=[reading], statuses=said))

    expected = {
        "device": {"id": LAMP, "kind": "streetlight", "area": "tam-ky", "name": ""},
        "reading": {
            "measured_at": "2026-11-22T12:00:00.000Z",
            "received_at": "2026-11-22T12:00:00.005Z",
            "seq": 3,
            "time_quality": "ok",
            "values": {"power_w": 58.5},
        },
        "status": {"online": True, "since": "2026-11-22T12:00:00.000Z"},
    }
    assert client.get(f"/v1/devices/{LAMP}/latest", token).json() == expected
    assert client.get("/v1/latest?kind=streetlight&area=tam-ky", token).json()["items"] == [expected]
    assert client.get("/v1/latest?kind=wifi-ap", token).json()["items"] == []
    only_status = client.get("/v1/devices/TK-L-0002/latest", token).json()
    assert (only_status["reading"], only_status["status"]["online"]) == (None, False)


def test_telemetry_is_the_range_asked_for(client: Client, city: City, token: str) -> None:
    minutes = range(-1, 61)
    rows = [{"measured_at": NOON_MS + m * 60_000, "power_w": float(m), "dim_pct": 50.0} for m in minutes]
    city.telemetry.write(lamp_readings(*rows, {"measured_at": NOON_MS + 1, "power_w": float("nan")}))

    whole = client.get(f"/v1/devices/{LAMP}/telemetry?{RANGE}&fields=power_w", token).json()
    assert len(whole["readings"]) == 61
    assert not whole["truncated"]
    assert [reading["values"] for reading in whole["readings"][:3]] == [
        {"power_w": 0.0},
        {},
        {"power_w": 1.0},
    ]
    assert whole["fields"][0]["unit"] == "W"

    part = client.get(f"/v1/devices/{LAMP}/telemetry?{RANGE}&limit=5", token).json()
    assert (len(part["readings"]), part["truncated"]) == (5, True)
    assert part["readings"][0]["values"] == {"power_w": 0.0, "dim_pct": 50.0}


@pytest.mark.parametrize(
    ("query", "field", "sentence"),
    [
        ("to=2026-11-22T13:00:00Z", "from", "Field required"),
        ("from=2026-11-22T12:00:00&to=2026-11-22T13:00:00Z", "from", "must say its offset"),
        ("from=2026-11-22T12:00:00+07:00&to=2026-11-22T13:00:00Z", "from", "%2B"),
        ("from=2026&to=2026-11-22T13:00:00Z", "from", "RFC 3339"),
        ("from=2026-13-22T12:00:00Z&to=2026-11-22T13:00:00Z", "from", "month"),
        ("from=2026-11-22T13:00:00Z&to=2026-11-22T13:00:00Z", "to", "later than from"),
        (f"{RANGE}&fields=power_w,mood", "fields", "does not report 'mood'; it reports cmd_on"),
        (f"{RANGE}&limit=10001", "limit", "10000"),
    ],
)
def test_range_that_makes_no_sense_is_refused(
    client: Client, token: str, query: str, field: str, sentence: str
) -> None:
    answer = client.get(f"/v1/devices/{LAMP}/telemetry?{query}", token)
    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert sentence in answer.json()["detail"]


def test_kinds_are_described_in_both_languages(client: Client, token: str) -> None:
    shown = {kind["id"]: kind for kind in client.get("/v1/kinds", token).json()}
    assert list(shown) == list(kinds())
    power = next(field for field in shown["streetlight"]["fields"] if field["name"] == "power_w")
    assert (power["label"]["vi"], power["unit"], power["high"]) == ("Công suất", "W", 2000.0)


def test_dead_letters_are_shown_counted_and_their_reading_audited(client: Client, city: City) -> None:
    admin = city.tokens[Role.ADMIN]
    city.detection.commit(outcome(dead_letters=letters((1, "schema", b"{}"), (1, "not_json", b"\xff"))))

    items = client.get("/v1/dead-letters", admin).json()["items"]
    assert [(i["reason"], i["payload"], i["encoding"]) for i in items] == [
        ("not_json", "ff", "hex"), ("schema", "{}", "utf-8"),
    ]  # fmt: skip
    assert client.get("/v1/dead-letters?reason=schema", admin).json()["items"] == items[1:]
    counts = client.get("/v1/dead-letters/counts", admin).json()
    assert counts == {"total": 2, "by_reason": {"not_json": 1, "schema": 1}}
    assert len(city.audited("dead-letters.read")) == 2
