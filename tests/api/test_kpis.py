"""Key figures add up over groups, and say nothing of what the caller may not see."""

from datetime import timedelta

import polars as pl
import pytest

from api.roles import Role
from api.times import moment
from rules.faults import Severity
from store.windows import Aggregate, WindowQuery
from tests.api.support import City, Client
from tests.store.operations.support import outcome, raised

ALL = "from=1970-01-01T00:00:00Z&to=1970-01-01T01:00:00Z"


@pytest.fixture(autouse=True)
def meters(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cabinet's meter that counts 4 kWh in whatever time is asked about."""

    def windows(query: WindowQuery) -> pl.DataFrame:
        counted = {Aggregate.FIRST: 10.0, Aggregate.LAST: 14.0}[query.aggregate]
        return pl.DataFrame({"device": ["TK-C-01"], "energy_kwh": [counted]})

    monkeypatch.setattr(city.telemetry, "windows", windows)


def test_figures_by_ward(client: Client, city: City) -> None:
    city.detection.commit(outcome(raised(severity=Severity.CRITICAL)))
    shown = client.get(f"/v1/kpis?{ALL}&by=area", city.tokens[Role.VIEWER]).json()
    figures = {group["group"]: group for group in shown["groups"]}
    assert set(figures) == {"tam-ky", "ban-thach"}
    assert figures["ban-thach"]["availability_ratio"] == 1
    assert figures["tam-ky"]["availability_ratio"] < 1
    assert (figures["tam-ky"]["devices"], figures["tam-ky"]["energy_kwh"]) == (4, 4.0)
    assert (shown["from_"], shown["by"]) == ("1970-01-01T00:00:00.000Z", "area")


@pytest.mark.parametrize("by", ["city", "kind", "contractor"])
def test_figures_of_a_quiet_city(client: Client, city: City, by: str) -> None:
    shown = client.get(f"/v1/kpis?{ALL}&by={by}", city.tokens[Role.VIEWER]).json()
    assert all(group["opened"] == 0 and group["mtta_s"] is None for group in shown["groups"])


def test_period_that_ends_before_it_begins_is_refused(client: Client, city: City) -> None:
    begin_ms = int(timedelta(hours=1).total_seconds()) * 1_000
    query = f"from={moment(begin_ms)}&to={moment(0)}"
    answer = client.get(f"/v1/kpis?{query}", city.tokens[Role.VIEWER])
    assert (answer.status_code, answer.json()["field"]) == (422, "to")
