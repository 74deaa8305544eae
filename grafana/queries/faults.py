"""Questions about faults and incidents, and how fast people answer them."""

from grafana.queries.devices import CHOSEN_DEVICE
from grafana.queries.operations import count_by_hour, mean_by_hour, one, rows, view
from grafana.spec import Query

__all__ = [
    "ACKNOWLEDGED_AND_RESTORED",
    "CAUSES",
    "LONGEST_OPEN",
    "MARKS",
    "MTTA",
    "MTTR",
    "NEWEST",
    "OF_DEVICE",
    "OPEN",
    "OPENED",
    "OPENED_AND_ENDED",
    "OPENED_BY_SEVERITY",
    "OPEN_BY_AGE",
    "OPEN_BY_CREW_AND_AGE",
    "OPEN_OF_DEVICE",
    "PLATFORM",
    "REPEATING",
    "UNACKNOWLEDGED",
    "open_of_kind",
    "raised",
]

_OPEN = "state = 'open'"
# The limits are those of the reports' ages.
_AGE = (
    "CASE WHEN now() - opened_at < '1 hour' THEN '1: < 1 h'"
    " WHEN now() - opened_at < '4 hours' THEN '2: 1-4 h'"
    " WHEN now() - opened_at < '1 day' THEN '3: 4-24 h' WHEN now() - opened_at < '7 days' THEN '4: 1-7 d'"
    " ELSE '5: > 7 d' END"
)

OPEN = one("count(*)", "incidents", _OPEN)
OPENED = one("count(*)", "incidents", "$__timeFilter(opened_at)")
MTTA = one("avg(acknowledging_s)", "incidents", "$__timeFilter(opened_at)")
MTTR = one("avg(restoring_s)", "incidents", "$__timeFilter(cleared_at)")
UNACKNOWLEDGED = one(
    "count(*) FILTER (WHERE acknowledged_at IS NULL)", "incidents", "$__timeFilter(opened_at)"
)
OPENED_BY_SEVERITY = count_by_hour("incidents", "opened_at", "severity")
ACKNOWLEDGED_AND_RESTORED = [
    mean_by_hour("avg(acknowledging_s)", "incidents", "opened_at", "MTTA", "acknowledging_s IS NOT NULL"),
    mean_by_hour("avg(restoring_s)", "incidents", "cleared_at", "MTTR"),
]
OPENED_AND_ENDED = [
    mean_by_hour("sum(opened)", "kpis", "hour", "opened"),
    mean_by_hour("sum(cleared)", "kpis", "hour", "cleared"),
]
CAUSES = rows(
    f"SELECT title_%LANG% AS what, count(*) AS incidents FROM {view('incidents')} WHERE {_OPEN}"
    " GROUP BY 1 ORDER BY 2 DESC LIMIT 15"
)
LONGEST_OPEN = rows(
    "SELECT number, title_%LANG% AS what, severity, device, area, devices, opened_at AS since, crew"
    f" FROM {view('incidents')} WHERE {_OPEN} ORDER BY opened_at LIMIT 100"
)
OPEN_BY_CREW_AND_AGE = rows(
    f"SELECT coalesce(crew, '') AS crew, {_AGE} AS age, count(*) AS incidents"
    f" FROM {view('incidents')} WHERE {_OPEN} GROUP BY 1, 2 ORDER BY 1, 2"
)
OPEN_BY_AGE = rows(
    f"SELECT {_AGE} AS age, count(*) AS incidents FROM {view('incidents')} WHERE {_OPEN}"
    " GROUP BY 1 ORDER BY 1"
)
REPEATING = rows(
    "SELECT f.device, d.kind, d.area, d.street, count(*) AS faults"
    f" FROM {view('faults')} f LEFT JOIN {view('devices')} d ON d.id = f.device"
    " WHERE $__timeFilter(f.raised_at) GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1 LIMIT 50"
)
NEWEST = rows(
    "SELECT number, title_%LANG% AS what, severity, device, area, since, cleared_at AS cleared, state, crew"
    f" FROM {view('faults')} WHERE $__timeFilter(raised_at) ORDER BY number DESC LIMIT 200"
)
PLATFORM = rows(
    "SELECT number, title_%LANG% AS what, severity, device, opened_at AS since, cleared_at AS cleared"
    f" FROM {view('incidents')} WHERE is_platform ORDER BY number DESC LIMIT 100"
)
OPEN_OF_DEVICE = one("count(*)", "faults", f"{CHOSEN_DEVICE} AND state = 'active'")
OF_DEVICE = rows(
    "SELECT number, title_%LANG% AS what, severity, state, since, cleared_at AS cleared, incident,"
    " crew, device"
    f" FROM {view('faults')} WHERE {CHOSEN_DEVICE} ORDER BY number DESC LIMIT 200"
)
MARKS = (
    "SELECT since AS time, coalesce(cleared_at, now()) AS timeend, title_%LANG% AS text,"
    f" concat_ws(',', severity, rule) AS tags FROM {view('faults')} WHERE {CHOSEN_DEVICE} AND"
    " since <= $__timeTo() AND coalesce(cleared_at, now()) >= $__timeFrom() ORDER BY since LIMIT 500"
)
"""A device's faults as marks on the time axis."""


def raised(where: str = "true") -> Query:
    """Faults raised each hour, by what they are."""
    return count_by_hour("faults", "raised_at", "title_%LANG%", where)


def open_of_kind(mine: str) -> Query:
    """How many faults of a kind have not ended."""
    return one("count(*)", "faults", f"{mine} AND state = 'active'")
