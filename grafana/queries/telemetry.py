"""InfluxQL over readings and events. Grafana puts the time for `$timeFilter` and the step for `$__interval`.

Measurements and names in them are the telemetry store's and the kinds' own.
"""

from collections.abc import Sequence

from devices.description import DeviceKind, Field, Label
from grafana.names import Source
from grafana.spec import Query
from store.line_protocol import EVENTS

__all__ = [
    "CHOSEN",
    "by_device",
    "events_over_time",
    "field_over_time",
    "fields_over_time",
    "grown",
    "grown_by_device",
    "latest",
    "one_device",
    "rate",
    "recent_events",
    "summed",
    "worst",
]

CHOSEN = ' AND "device" =~ /^${device:regex}$/'
"""Narrows a question to the board's device."""
_EVERY = "GROUP BY time($__interval)"
_MOST_DEVICES = 50


def field_over_time(
    table: str, field: str, alias: Label | None, *, function: str = "mean", where: str = ""
) -> Query:
    """A figure of one numeric field over time, over all devices together."""
    return _lines(
        f'SELECT {function}("{field}") FROM "{table}" WHERE $timeFilter{where} {_EVERY} fill(null)', alias
    )


def fields_over_time(table: str, fields: Sequence[Field], *, where: str = "") -> Query:
    """The means of numeric fields over time, a line for each that anything is known of, by its label."""

    def text(names: Sequence[str]) -> str:
        wanted = ", ".join(
            f'mean("{field.name}") AS "{name}"' for field, name in zip(fields, names, strict=True)
        )
        return f'SELECT {wanted} FROM "{table}" WHERE $timeFilter{where} {_EVERY} fill(null)'

    labels = Label(
        vi=text([field.label.vi for field in fields]), en=text([field.label.en for field in fields])
    )
    return Query(source=Source.TELEMETRY, text=labels, alias=Label(vi="$col", en="$col"))


def by_device(table: str, field: str, *, function: str = "mean") -> Query:
    """A figure of one field over time, a line for each device of some."""
    return _lines(
        f'SELECT {function}("{field}") FROM "{table}" WHERE $timeFilter'
        f' GROUP BY time($__interval), "device" fill(null) SLIMIT {_MOST_DEVICES}',
        Label(vi="$tag_device", en="$tag_device"),
    )


def summed(table: str, fields: Sequence[str], alias: Label | None, *, by_area: bool = False) -> Query:
    """The devices' means of each step, added up over the city or a ward; several fields are parts of one."""
    more = ', "area"' if by_area else ""
    mean = " + ".join(f'mean("{field}")' for field in fields)
    inner = (
        f'SELECT {mean} AS "one" FROM "{table}" WHERE $timeFilter'
        f' GROUP BY time($__interval), "device"{more} fill(none)'
    )
    return _lines(
        f'SELECT sum("one") FROM ({inner}) WHERE $timeFilter GROUP BY time($__interval){more} fill(null)',
        alias,
    )


def grown(table: str, field: str, alias: Label | None, *, factor: str = "") -> Query:
    """How much the devices' counters grew in each step, added up; a counter set back counts from there."""
    inner = (
        f'SELECT non_negative_difference(last("{field}")) AS "one" FROM "{table}" WHERE $timeFilter'
        ' GROUP BY time($__interval), "device" fill(none)'
    )
    return _lines(f'SELECT sum("one"){factor} FROM ({inner}) WHERE $timeFilter {_EVERY} fill(null)', alias)


def grown_by_device(table: str, field: str) -> Query:
    """How much each device's counter grew in the whole time, a row for each."""
    return _table(f'SELECT spread("{field}") FROM "{table}" WHERE $timeFilter GROUP BY "device" SLIMIT 1000')


def rate(table: str, field: str, alias: Label | None, *, where: str = "") -> Query:
    """How fast the devices' counters grow, by the second, added up."""
    inner = (
        f'SELECT non_negative_derivative(last("{field}"), 1s) AS "one" FROM "{table}"'
        f' WHERE $timeFilter{where} GROUP BY time($__interval), "device" fill(none)'
    )
    return _lines(f'SELECT sum("one") FROM ({inner}) WHERE $timeFilter {_EVERY} fill(null)', alias)


def worst(table: str, field: str, function: str) -> Query:
    """A figure of one field over the whole time, a row for each device."""
    return _table(
        f'SELECT {function}("{field}") FROM "{table}" WHERE $timeFilter GROUP BY "device" SLIMIT 1000'
    )


def latest(kind: DeviceKind, fields: tuple[Field, ...]) -> Query:
    """The newest value of each of these fields, a row for each chosen device."""
    columns = ", ".join(f'last("{field.name}") AS "{field.name}"' for field in fields)
    return _table(
        f'SELECT {columns} FROM "{kind.table}" WHERE $timeFilter{CHOSEN}'
        f' GROUP BY "device" SLIMIT {_MOST_DEVICES}'
    )


def one_device(function: str) -> Query:
    """The field and device that the board's variables hold, of the kind's measurement that they hold."""
    text = (
        f'SELECT {function}("${{field}}") FROM "${{measurement}}" WHERE $timeFilter'
        ' AND "device" =~ /^${device:regex}$/ GROUP BY time($__interval) fill(null)'
    )
    return _lines(text, Label(vi=f"{function} ${{field:text}}", en=f"{function} ${{field:text}}"))


def events_over_time(type_: str, alias: Label | None, *, where: str = "", by: str = "") -> Query:
    """How many events of a type there were in each step, by a tag where one is named."""
    group = f', "{by}"' if by else ""
    return _lines(
        f'SELECT count("id") FROM "{EVENTS}" WHERE $timeFilter AND "type" = \'{type_}\'{where}'
        f" GROUP BY time($__interval){group} fill(0)",
        Label(vi=f"$tag_{by}", en=f"$tag_{by}") if by else alias,
    )


def recent_events(type_: str, columns: tuple[str, ...]) -> Query:
    """The newest events of a type with some of their fields."""
    wanted = ", ".join(f'"{name}"' for name in columns)
    return _table(
        f'SELECT "device", {wanted} FROM "{EVENTS}" WHERE $timeFilter AND "type" = \'{type_}\''
        " ORDER BY time DESC LIMIT 100"
    )


def _lines(text: str, alias: Label | None) -> Query:
    return Query(source=Source.TELEMETRY, text=text, alias=alias)


def _table(text: str) -> Query:
    return Query(source=Source.TELEMETRY, text=text, is_table=True)
