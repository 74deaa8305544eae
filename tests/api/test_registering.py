"""Importing, exporting, adopting: over HTTP, with scopes, audited, and counting at once."""

import json
from typing import Any

import polars as pl
import pytest

from api.auth import Role
from devices.batch import DEAD_LETTER_SCHEMA, TIME
from tests.api.support import NOW_MS, City, Client
from tests.store.operations.support import outcome

CSV = {"Content-Type": "text/csv; charset=utf-8"}
LAMPS = "id,kind,area,rated_w\nTK-L-0001,streetlight,tam-ky,60\nTK-L-0003,streetlight,tam-ky,60\n"
LIMITS = (
    "id,device,lane,limit_kmh,document,valid_from,valid_to\n"
    "s,TK-T-001,1,50,Sign P.127,2026-01-01,2026-11-21\n"
    "s,TK-T-001,1,60,Sign P.127,2026-11-22,\n"
)


@pytest.fixture
def operator(city: City) -> str:
    return city.tokens[Role.OPERATOR]


def imported(client: Client, token: str, text: str, query: str = "") -> dict[str, Any]:
    answer = client.post(f"/v1/devices/import{query}", token, content=text.encode(), headers=CSV)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


def test_import_dry_run_changes_nothing_and_import_counts_at_once(
    client: Client, city: City, operator: str
) -> None:
    before = city.registry
    assert imported(client, operator, LAMPS, "?dry_run=true") == {
        "dry_run": True, "added": ["TK-L-0001", "TK-L-0003"], "changed": {}, "removed": [], "unchanged": 0,
        "problems": [],
    }  # fmt: skip
    assert city.registry is before
    imported(client, operator, LAMPS)
    assert client.get("/v1/devices/TK-L-0003", operator).json()["kind"] == "streetlight"
    assert city.audited("registry.import") == [("the operator", "registry")]


def test_bad_line_is_a_problem_with_its_line_column_and_value(client: Client, operator: str) -> None:
    bad = "id,kind,area,rated_w\nL1,streetlight,tam-ky,bright\nL2,streetlight,tam-ky,60\n"
    found = {"line": 2, "column": "rated_w", "rule": "must be a number", "value": "bright"}
    assert imported(client, operator, bad, "?dry_run=true")["problems"] == [found]
    answer = client.post("/v1/devices/import", operator, content=bad.encode(), headers=CSV)
    assert (answer.status_code, answer.json()["field"], answer.json()["problems"]) == (
        422,
        "rated_w",
        [found],
    )
    assert client.get("/v1/devices/L2", operator).status_code == 404


def test_geojson_is_exported_and_imported(client: Client, operator: str) -> None:
    imported(client, operator, LAMPS)
    answer = client.get("/v1/devices/export?format=geojson", operator)
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.json()["features"][0]["properties"] == {
        "id": "TK-L-0001", "kind": "streetlight", "area": "tam-ky", "interval_s": 60.0, "rated_w": 60.0,
        "nominal_v": 230.0,
    }  # fmt: skip
    again = client.post(
        "/v1/devices/import?replace=true",
        operator,
        content=answer.content,
        headers={"Content-Type": "application/geo+json"},
    )
    assert (again.json()["unchanged"], again.json()["changed"], again.json()["removed"]) == (2, {}, [])


def test_export_is_csv_that_changes_nothing(client: Client, operator: str) -> None:
    imported(client, operator, LAMPS)
    answer = client.get("/v1/devices/export", operator)
    assert answer.headers["content-disposition"] == 'attachment; filename="devices.csv"'
    assert imported(client, operator, answer.text, "?replace=true")["unchanged"] == 2


def test_content_type_that_is_no_table_is_refused(client: Client, operator: str) -> None:
    answer = client.post("/v1/devices/import", operator, content=b"x", headers={"Content-Type": "text/html"})
    assert (answer.status_code, answer.json()["field"]) == (422, "Content-Type")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/devices/import",
        "/v1/entities/crews/import",
        "/v1/pending-devices/1/adopt",
        "/v1/pending-devices/1/dismiss",
    ],
)
@pytest.mark.parametrize("role", [Role.VIEWER, Role.CREW, Role.OFFICER, Role.INTEGRATOR])
def test_only_operators_and_admins_change_what_is_registered(
    client: Client, city: City, path: str, role: Role
) -> None:
    options: dict[str, Any] = {"json": {}} if "pending" in path else {"content": b"id", "headers": CSV}
    assert client.post(path, city.tokens[role], **options).status_code == 403


def test_device_shows_its_names_codes_and_who_replaced_it(client: Client, operator: str) -> None:
    text = (
        "id,kind,area,area_name,area_legacy,area_codes,life,life_since,replaces,rated_w\n"
        "L1,streetlight,tam-ky,Phường Tam Kỳ,Phường An Mỹ,gso-2025:20341 gso-2024:20341,"
        "retired,2026-03-01,,60\n"
        "L2,streetlight,tam-ky,,,,,,L1,60\n"
    )
    imported(client, operator, text)
    device = client.get("/v1/devices/L1", operator).json()
    assert device["area_codes"] == ["gso-2025:20341", "gso-2024:20341"]
    assert (device["life"], device["life_since"], device["replaced_by"]) == ("retired", "2026-03-01", "L2")
    for searched in ("an mỹ", "2024:20341", "phường tam"):
        found = client.get("/v1/devices", operator, params={"text": searched}).json()["items"]
        assert [item["id"] for item in found] == ["L1"]


def test_entities_are_imported_and_listed_by_area_and_moment(client: Client, operator: str) -> None:
    imported(client, operator, "id,kind,area\nTK-T-001,traffic-camera,tam-ky\n")
    answer = client.post("/v1/entities/speed-limits/import", operator, content=LIMITS.encode(), headers=CSV)
    assert answer.json()["added"] == ["s from 2026-01-01", "s from 2026-11-22"]

    def limits(query: str) -> list[float]:
        items = client.get(f"/v1/entities/speed-limits?{query}", operator).json()["items"]
        return [item["values"]["limit_kmh"] for item in items]

    # Midnight of Tam Kỳ, not of Greenwich.
    assert limits("at=2026-11-21T23:59:59%2B07:00") == [50.0]
    assert limits("at=2026-11-21T17:00:00Z") == [60.0]
    assert (limits("area=tam-ky"), limits("area=ban-thach")) == ([50.0, 60.0], [])
    page = client.get("/v1/entities/speed-limits?limit=1", operator).json()
    following = client.get(f"/v1/entities/speed-limits?limit=1&cursor={page['next']}", operator).json()
    assert [item["valid_from"] for item in (*page["items"], *following["items"])] == [
        "2026-01-01",
        "2026-11-22",
    ]
    assert following["next"] is None
    exported = client.get("/v1/entities/speed-limits/export", operator).text
    assert exported.splitlines()[1].startswith("s,TK-T-001,1,50.0,")


def test_entity_for_all_areas_concerns_each(client: Client, operator: str) -> None:
    text = "id,area,source,level,valid_from\na,,x,central,2026-01-01\nb,ban-thach,y,commune,2026-01-01\n"
    client.post("/v1/entities/emergency-sources/import", operator, content=text.encode(), headers=CSV)
    items = client.get("/v1/entities/emergency-sources?area=tam-ky", operator).json()["items"]
    assert items == [
        {
            "id": "a",
            "valid_from": "2026-01-01",
            "valid_to": None,
            "values": {
                "id": "a", "area": "", "source": "x", "organisation": "", "level": "central",
                "valid_from": "2026-01-01", "valid_to": None,
            },
        }
    ]  # fmt: skip


def test_kinds_of_entity_are_listed_with_their_columns_and_others_are_not_found(
    client: Client, operator: str
) -> None:
    kinds = client.get("/v1/entities", operator).json()
    assert len(kinds) == 11
    assert {"name": "valid_from", "about": "first day", "required": True} in kinds[0]["columns"]
    answer = client.get("/v1/entities/toasters", operator)
    assert (answer.status_code, "known: broadcast-programmes" in answer.json()["detail"]) == (404, True)


@pytest.fixture
def pending(city: City) -> int:
    """A Tasmota lamp that nobody knows has spoken."""
    letter = {
        "reason": "unknown_device",
        "detail": "who is that",
        "topic": "tele/AABBCC/STATE",
        "payload": b'{"a":1}',
        "payload_bytes": 7,
        "received_at": NOW_MS,
        "identity": "tasmota:AABBCC",
        "entry": 1,
    }
    raw = dict(DEAD_LETTER_SCHEMA) | {"received_at": pl.Int64, "entry": pl.Int64}
    frame = pl.DataFrame([letter], schema=raw).cast({"received_at": TIME})
    city.detection.commit(outcome(dead_letters=frame))
    [device] = city.services().registrar.pending.list().items
    return device.row


def test_last_message_is_shown_only_to_those_who_may_read_dead_letters(
    client: Client, city: City, operator: str, pending: int
) -> None:
    shown = {
        "id": pending, "identity": "tasmota:AABBCC", "format": "tasmota", "guessed_kind": None,
        "topic": "tele/AABBCC/STATE", "count": 1, "first_seen": "2026-11-22T12:00:00.000Z",
        "last_seen": "2026-11-22T12:00:00.000Z", "dismissed_by": None, "dismissed_at": None, "sample": None,
    }  # fmt: skip
    assert client.get("/v1/pending-devices", operator).json() == {"items": [shown], "next": None}
    assert city.audited("pending.read") == []
    whole = client.get("/v1/pending-devices", city.tokens[Role.ADMIN]).json()["items"]
    sample = {"payload": '{"a":1}', "encoding": "utf-8", "payload_bytes": 7}
    assert whole == [shown | {"sample": sample}]
    assert city.audited("pending.read") == [("the admin", "pending-devices")]
    assert client.get("/v1/pending-devices", city.tokens[Role.VIEWER]).status_code == 403


def test_pending_device_is_adopted_by_one_call(
    client: Client, city: City, operator: str, pending: int
) -> None:
    path = f"/v1/pending-devices/{pending}/adopt"
    refused = client.post(path, operator, json={"id": "L1", "kind": "streetlight", "area": "tam-ky"})
    assert (refused.status_code, refused.json()["field"]) == (422, "rated_w")
    body = {"id": "L1", "kind": "streetlight", "area": "tam-ky", "rated_w": 60, "latitude": 15.5}
    device = client.post(path, operator, json=body).json()
    assert (device["vendor_ids"], device["latitude"]) == (["tasmota:AABBCC"], 15.5)
    assert city.registry.identified("tasmota:AABBCC") is not None
    assert client.get("/v1/pending-devices", operator).json()["items"] == []
    assert client.post(path, operator, json=body).status_code == 404
    assert city.audited("device.adopt") == [("the operator", "registry")]


def test_dismissed_device_is_listed_apart(client: Client, operator: str, pending: int) -> None:
    assert client.post(f"/v1/pending-devices/{pending}/dismiss", operator).status_code == 204
    assert client.get("/v1/pending-devices", operator).json()["items"] == []
    [dismissed] = client.get("/v1/pending-devices?dismissed=true", operator).json()["items"]
    assert dismissed["dismissed_by"] == "the operator"


def test_sample_that_is_no_text_is_shown_as_hex(client: Client, city: City, pending: int) -> None:
    with city.database.write() as connection:
        connection.exec_driver_sql("UPDATE pending_devices SET payload = x'ffd8ffe000'")
    [device] = client.get("/v1/pending-devices", city.tokens[Role.ADMIN]).json()["items"]
    assert (device["id"], device["sample"]["encoding"], device["sample"]["payload"]) == (
        pending, "hex", "ffd8ffe000",
    )  # fmt: skip


def test_adoption_of_nested_json_is_refused(client: Client, operator: str, pending: int) -> None:
    body = {"id": "L1", "kind": "feeder", "area": "tam-ky", "interval_s": {"a": 1}}
    answer = client.post(f"/v1/pending-devices/{pending}/adopt", operator, json=body)
    assert (answer.status_code, answer.json()["problems"][0]["value"]) == (422, json.dumps({"a": 1}))
