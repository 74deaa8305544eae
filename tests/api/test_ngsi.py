"""Entities as the standard has them, with our values in the models' names and units."""

import json

import pytest

from api.roles import Role
from tests.api.support import City, Client
from tests.store.operations.support import LAMP, lamp_readings, outcome, raised

NOON_MS = 1_795_348_800_000
URN = f"urn:ngsi-ld:Streetlight:{LAMP}"
BASE = "/ngsi-ld/v1"


@pytest.fixture
def token(city: City) -> str:
    reading = lamp_readings(
        {
            "measured_at": NOON_MS,
            "received_at": NOON_MS,
            "power_w": 58.5,
            "dim_pct": 80.0,
            "power_state": "on",
        }
    )
    city.detection.commit(outcome(raised(), latest=[reading]))
    return city.tokens[Role.INTEGRATOR]


def test_streetlight_is_normalised(client: Client, token: str) -> None:
    answer = client.get(f"{BASE}/entities/{URN}", token)
    entity = answer.json()
    assert entity["type"] == "Streetlight"
    assert entity["location"] == {
        "type": "GeoProperty",
        "value": {"type": "Point", "coordinates": [0.0, 0.0]},
    }
    assert entity["powerConsumption"] == {
        "type": "Property", "value": 58.5, "unitCode": "WTT", "observedAt": "2026-11-22T12:00:00.000Z",
    }  # fmt: skip
    assert (entity["powerState"]["value"], entity["illuminanceLevel"]["value"]) == ("on", 0.8)
    assert "@context" not in entity
    assert 'rel="http://www.w3.org/ns/json-ld#context"' in answer.headers["link"]


def test_context_is_in_the_body_where_json_ld_is_asked_for(client: Client, token: str) -> None:
    answer = client.get(f"{BASE}/entities/{URN}", token, headers={"Accept": "application/ld+json"})
    assert answer.headers["content-type"].startswith("application/ld+json")
    assert answer.json()["@context"][-1].startswith("https://uri.etsi.org/ngsi-ld/")
    assert "link" not in answer.headers


def test_key_values_are_plain_and_attributes_picked(client: Client, token: str) -> None:
    asked = f"{BASE}/entities/{URN}?options=keyValues&attrs=powerState,dateLastValueReported,location"
    assert client.get(asked, token).json() == {
        "id": URN,
        "type": "Streetlight",
        "location": {"type": "Point", "coordinates": [0.0, 0.0]},
        "powerState": "on",
        "dateLastValueReported": "2026-11-22T12:00:00.000Z",
    }


def test_active_fault_is_an_alert_about_its_device(client: Client, token: str) -> None:
    listed = client.get(f"{BASE}/entities?type=Alert&count=true", token)
    [alert] = listed.json()
    assert listed.headers["ngsild-results-count"] == "1"
    assert alert["alertSource"] == {"type": "Relationship", "object": URN}
    assert alert["status"]["value"] == "open"
    assert client.get(f"{BASE}/entities/{alert['id']}", token).json() == alert


def test_list_pages_over_types(client: Client, token: str) -> None:
    asked = f"{BASE}/entities?type=Streetlight,Alert,AccessPoint&options=keyValues&attrs=name&limit=2&offset="
    found = [
        entity["type"] for offset in (0, 2, 4) for entity in client.get(asked + str(offset), token).json()
    ]
    assert found == ["AccessPoint", "Streetlight", "Streetlight", "Alert"]


@pytest.mark.parametrize(
    ("geometry", "coordinates", "georel", "count"),
    [
        ("Point", [0, 0], "near;maxDistance==10", 2),
        ("Point", [1, 1], "near;maxDistance==10", 0),
        ("Polygon", [[[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]], "within", 2),
        ("Polygon", [[[5, 5], [6, 5], [6, 6], [5, 5]]], "within", 0),
    ],
)
def test_geo_query_finds_what_stands_there(
    client: Client, token: str, geometry: str, coordinates: object, georel: str, count: int
) -> None:
    asked = f"{BASE}/entities?type=Streetlight&georel={georel}&geometry={geometry}&coordinates="
    assert len(client.get(asked + json.dumps(coordinates), token).json()) == count


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("type=Dragon", "type"),
        ("type=Streetlight&georel=within", "georel"),
        ("type=Streetlight&georel=within&geometry=Point&coordinates=[0,0]", "geometry"),
        ("type=Streetlight&georel=within&geometry=Polygon&coordinates=[[0,0]]", "coordinates"),
        ("type=Streetlight&georel=near;maxDistance==5&geometry=Point&coordinates=[0,NaN]", "coordinates"),
        ("type=Streetlight&georel=near;maxDistance==5&geometry=Point&coordinates={}", "coordinates"),
        (f"type=Alert&georel=near;maxDistance==5&geometry=Point&coordinates=[0,1{'0' * 400}]", "coordinates"),
    ],
)
def test_question_that_makes_no_sense_is_refused(client: Client, token: str, query: str, field: str) -> None:
    answer = client.get(f"{BASE}/entities?{query}", token)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize("urn", ["x", "urn:ngsi-ld:Dragon:1", "urn:ngsi-ld:AccessPoint:TK-L-0001", f"{URN}9"])
def test_entity_that_is_not_there_is_not_found(client: Client, token: str, urn: str) -> None:
    assert client.get(f"{BASE}/entities/{urn}", token).status_code == 404
