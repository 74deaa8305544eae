"""Questions about suspected violations; their view has no plate."""

from grafana.queries.operations import count_by_hour, mean_by_hour, one, rows, view

__all__ = ["BY_PLACE", "BY_VEHICLE", "EACH_HOUR", "MEAN_SPEED", "OLDEST_AGE", "OVER_LIMIT", "TO_REVIEW"]

_SUSPECTED = "state IN ('suspected', 'escalated')"
_OVER = "floor((speed_kmh - limit_kmh) / 5)"

TO_REVIEW = one("count(*)", "violations", _SUSPECTED)
OLDEST_AGE = one("extract(epoch FROM now() - min(occurred_at))", "violations", _SUSPECTED)
EACH_HOUR = count_by_hour("violations", "occurred_at", "title_%LANG%")
MEAN_SPEED = mean_by_hour("avg(speed_kmh)", "violations", "occurred_at", "km/h", "speed_kmh IS NOT NULL")
BY_PLACE = rows(
    "SELECT v.device, d.street, v.title_%LANG% AS type, count(*) AS violations"
    f" FROM {view('violations')} v LEFT JOIN {view('devices')} d ON d.id = v.device"
    " WHERE $__timeFilter(v.occurred_at) GROUP BY 1, 2, 3 ORDER BY 4 DESC LIMIT 100"
)
OVER_LIMIT = rows(
    f"SELECT concat(5 * {_OVER}, ' km/h +') AS over, count(*) AS violations FROM {view('violations')}"
    " WHERE speed_kmh IS NOT NULL AND limit_kmh IS NOT NULL AND $__timeFilter(occurred_at)"
    f" GROUP BY {_OVER} ORDER BY {_OVER}"
)
BY_VEHICLE = rows(
    f"SELECT coalesce(vehicle_class, '?') AS vehicle, count(*) AS violations FROM {view('violations')}"
    " WHERE $__timeFilter(occurred_at) GROUP BY 1 ORDER BY 2 DESC"
)
