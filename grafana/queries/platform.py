"""Questions about the platform itself: dead letters, notifications, what a collector says of itself."""

from devices.description import Label
from grafana.names import Source
from grafana.queries.operations import rows, view
from grafana.spec import Query

__all__ = ["COLLECTOR", "DEAD_LETTERS", "NOTIFICATIONS", "state_of", "watched"]

COLLECTOR = "collector"
DEAD_LETTERS = Query(
    source=Source.OPERATIONS,
    text="SELECT minute AS time, reason AS metric, letters AS value"
    f" FROM {view('dead_letters')} WHERE $__timeFilter(minute) ORDER BY 1, 2",
)
NOTIFICATIONS = rows(
    f"SELECT concat(channel, ' ', state) AS channel, count(*) AS notifications FROM {view('notifications')}"
    " WHERE $__timeFilter(created_at) GROUP BY 1 ORDER BY 2 DESC"
)


def state_of(field: str) -> Query:
    """A truth value of each collector over time."""
    text = (
        f'SELECT last("{field}") FROM "{COLLECTOR}" WHERE $timeFilter'
        ' GROUP BY time($__interval), "device" fill(none)'
    )
    return Query(source=Source.TELEMETRY, text=text, alias=Label(vi="$tag_device", en="$tag_device"))


def watched(function: str, field: str) -> str:
    """InfluxQL of one figure over all that collectors said of a field: what an alert rule looks at."""
    return f'SELECT {function}("{field}") FROM "{COLLECTOR}" WHERE $timeFilter'
