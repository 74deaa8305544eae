"""Incidents over the API: listed, with their faults, history and reasons in both languages, and live."""

import pytest

from api.auth import Role
from rules.faults import FaultRaised
from rules.management.dependencies import Dependencies
from rules.management.step import step
from rules.management.topology import Topology
from store.operations.management import ManagementTables
from tests.api.support import City, Client
from tests.rules.management.support import dependencies, small_city
from tests.store.operations.support import outcome, raised

_START_MS = 1_795_348_000_000
_LATER_MS = _START_MS + 1_200_000
LAMPS = [f"C-1-L-{number:02}" for number in range(1, 13)]


def _manage(city: City, now_ms: int) -> None:
    known: Dependencies = dependencies()
    tables = ManagementTables(city.database)
    topology = Topology(city.registry, known.inferences.values())
    tables.commit(step(tables.situation(known.named_parts), known, topology, now_ms), now_ms)


@pytest.fixture
def cause(city: City) -> FaultRaised:
    """The cause of an open incident, under which twelve lamps are silent."""
    city.registry = small_city()
    fault = raised("C-1", rule="cabinet.supply_lost", kind="lighting-cabinet", since_ms=_START_MS)
    lamps = [raised(lamp, rule="any.silent", since_ms=_START_MS) for lamp in LAMPS]
    city.detection.commit(outcome(fault, *lamps))
    _manage(city, _LATER_MS)
    return fault


def test_incident_names_its_cause_extent_and_reason(client: Client, city: City, cause: FaultRaised) -> None:
    token = city.tokens[Role.VIEWER]

    [listed] = client.get("/v1/incidents?state=open&device=C-1", token).json()["items"]
    answer = client.get(f"/v1/incidents/{listed['id']}", token)

    assert answer.json() == listed == {
        "id": listed["id"],
        "number": 1,
        "title": {"vi": "Đèn không sáng", "en": "Lamp out"},
        "why": {
            "vi": "Đèn không sáng: C-1; 12 sự cố kéo theo, 13 thiết bị",
            "en": "Lamp out: C-1; 12 more faults follow from it, 13 devices",
        },
        "rule": "cabinet.supply_lost",
        "cause": cause.id,
        "device": {"id": "C-1", "kind": "lighting-cabinet", "area": "tam-ky", "name": ""},
        "severity": "minor",
        "state": "open",
        "since": "2026-11-22T11:46:40.000Z",
        "opened_at": "2026-11-22T12:06:40.000Z",
        "cleared_at": None,
        "merged_into": None,
        "faults": 13,
        "devices": 13,
        "streets": ["Phan Bội Châu"],
        "people": 120,
        "version": 1,
    }  # fmt: skip


def test_faults_of_an_incident_say_what_holds_them(client: Client, city: City, cause: FaultRaised) -> None:
    token = city.tokens[Role.VIEWER]
    incident = client.get("/v1/incidents", token).json()["items"][0]["id"]

    faults = client.get(f"/v1/incidents/{incident}/faults?limit=20", token).json()["items"]
    suppressed = client.get("/v1/faults?hold=suppressed", token).json()["items"]
    filtered = client.get(f"/v1/faults?incident={incident}&hold=free", token).json()["items"]

    assert len(faults) == 13
    assert len(suppressed) == 12
    assert [one["id"] for one in filtered] == [cause.id]
    assert suppressed[0]["management"] == {
        "hold": "suppressed",
        "until": None,
        "suppressed_by": cause.id,
        "reason": {
            "vi": "Do sự cố “Đèn không sáng” ở C-1",
            "en": "Caused by “Lamp out” at C-1",
        },
        "incident": incident,
    }


def test_why_of_a_suppressed_fault_names_the_chain_of_its_causes(
    client: Client, city: City, cause: FaultRaised
) -> None:
    token = city.tokens[Role.VIEWER]
    lamp = client.get(f"/v1/faults?device={LAMPS[0]}", token).json()["items"][0]["id"]

    why = client.get(f"/v1/faults/{lamp}/why", token).json()

    [link] = why["causes"]
    assert (link["fault"], link["device"]) == (cause.id, "C-1")
    assert link["reason"]["vi"] == "Do sự cố “Đèn không sáng” ở C-1"
    assert client.get(f"/v1/faults/{cause.id}/why", token).json()["causes"] == []


@pytest.mark.usefixtures("cause")
def test_history_tells_the_steps_of_an_incident(client: Client, city: City) -> None:
    token = city.tokens[Role.VIEWER]
    incident = client.get("/v1/incidents", token).json()["items"][0]["id"]

    [step_] = client.get(f"/v1/incidents/{incident}/history", token).json()

    assert (step_["change"], step_["at"], step_["devices"]) == ("opened", "2026-11-22T12:06:40.000Z", 13)


@pytest.mark.parametrize("path", ["", "/faults", "/history"])
def test_incident_that_does_not_exist_is_not_found(client: Client, city: City, path: str) -> None:
    answer = client.get(f"/v1/incidents/5d8f37c0-0000-5000-8000-000000000000{path}", city.tokens[Role.VIEWER])

    assert answer.status_code == 404
