"""Questions about devices as the registry has them, with their state and newest reading."""

import itertools

from devices.catalogue import kinds
from grafana.queries.operations import one, rows, view
from grafana.spec import Query

__all__ = [
    "AGE_OF_DEVICE",
    "CHOICE",
    "CHOICE_OF_FIELDS",
    "CHOSEN_DEVICE",
    "DEVICE",
    "MEAN_RATED_W",
    "MEASUREMENT_OF_CHOICE",
    "NEWEST_AGE",
    "RATED_BY_AREA",
    "by_state",
    "choice_of_kind",
    "kept_programme",
    "most_faulty",
    "on_map",
    "share_faulty",
    "share_ok",
]

_IN_SERVICE = "life = 'in-service'"
CHOSEN_DEVICE = "device = ${device:sqlstring}"
"""Narrows a question about faults to the board's device."""

CHOICE = (
    f"SELECT id FROM {view('devices')} WHERE measured_at IS NOT NULL ORDER BY open_faults DESC, id LIMIT 5000"
)
"""Devices to choose from: those with most faults first."""
MEASUREMENT_OF_CHOICE = (
    f"SELECT replace(kind, '-', '_') FROM {view('devices')} WHERE id = ${{device:sqlstring}}"
)
MEAN_RATED_W = (
    f"SELECT round(avg(rated_w)::numeric, 1)::text FROM {view('devices')} WHERE kind = 'streetlight'"
)
DEVICE = rows(
    "SELECT id AS device, kind, area, street, state, life, powered_by, circuit, phase, uplink,"
    f" measured_at AS measured FROM {view('devices')} WHERE id = ${{device:sqlstring}}"
)
AGE_OF_DEVICE = one("extract(epoch FROM now() - received_at)", "devices", "id = ${device:sqlstring}")
NEWEST_AGE = rows(f"SELECT extract(epoch FROM now() - max(received_at)) AS value FROM {view('devices')}")
RATED_BY_AREA = rows(
    f"SELECT area, sum(rated_w) AS rated FROM {view('devices')} WHERE kind = 'streetlight'"
    f" AND {_IN_SERVICE} GROUP BY area ORDER BY 2 DESC"
)


def choice_of_kind(mine: str) -> str:
    """Devices of a kind to choose from: those with most faults first."""
    return f"SELECT id FROM {view('devices')} WHERE {mine} ORDER BY open_faults DESC, id LIMIT 5000"


def by_state(where: str = "true") -> Query:
    """How many devices are in each state."""
    return rows(
        f"SELECT state, count(*) AS devices FROM {view('devices')} WHERE {where} GROUP BY 1 ORDER BY 2 DESC"
    )


def on_map(where: str) -> Query:
    """Devices with their places."""
    return rows(
        "SELECT id AS device, kind, area, street, state, open_faults AS faults, latitude, longitude"
        f" FROM {view('devices')} WHERE {where} AND latitude IS NOT NULL ORDER BY state, id LIMIT 20000"
    )


def share_ok(where: str = "true") -> Query:
    """Percent of the devices in service that have no open fault."""
    return _share("open_faults = 0", f"{where} AND {_IN_SERVICE}")


def share_faulty(where: str) -> Query:
    """Percent of the devices in service that have an open fault."""
    return _share("open_faults > 0", f"{where} AND {_IN_SERVICE}")


def kept_programme(mine: str) -> Query:
    """Percent of the speakers in service that had no fault off programme in the period."""
    fell = (
        f"SELECT device FROM {view('faults')}"
        " WHERE rule = 'speaker.off_programme' AND $__timeFilter(raised_at)"
    )
    return _share(f"id NOT IN ({fell})", f"{mine} AND {_IN_SERVICE}")


def most_faulty(mine: str) -> Query:
    """Devices of a kind by how many faults they had in the period."""
    return rows(
        "SELECT d.id AS device, d.area, d.street, d.state, d.measured_at AS measured,"
        " count(f.number) AS faults"
        f" FROM {view('devices')} d LEFT JOIN {view('faults')} f ON f.device = d.id AND"
        f" $__timeFilter(f.raised_at) WHERE d.{mine} GROUP BY 1, 2, 3, 4, 5 ORDER BY 6 DESC, 1 LIMIT 100"
    )


def _share(condition: str, where: str) -> Query:
    share = f"100.0 * count(*) FILTER (WHERE {condition}) / nullif(count(*), 0)"
    return one(share, "devices", where)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _choice_of_fields() -> str:
    places = itertools.count(1)
    values = ", ".join(
        f"({next(places)}, '{kind.table}', '{field.name}', {_literal(field.label.vi)},"
        f" {_literal(field.label.en)})"
        for kind in kinds().values()
        for field in kind.fields
        if field.value in {"float", "int"}
    )
    return (
        f"SELECT f.label_%LANG% || ' (' || f.name || ')' AS __text, f.name AS __value FROM (VALUES {values})"
        " AS f (place, measurement, name, label_vi, label_en) WHERE f.measurement = ${measurement:sqlstring}"
        " ORDER BY f.place"
    )


CHOICE_OF_FIELDS = _choice_of_fields()
"""The catalogue's numeric fields: the choice follows the chosen device's kind."""
