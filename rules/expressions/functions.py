"""Every function that rules may use, with what it gives: the table of the documentation."""

from collections.abc import Iterator

from rules.expressions.scope import CONTEXT_FUNCTIONS

__all__ = ["function_table"]

_PLAIN = {
    "abs(x)": "a number without its sign",
    "has(m.x)": "the value, or what one of these functions gives, is known",
}
_TABLES = {
    "table('name', key, …)": "the value of a dated table that holds for the keys at the moment; see Tables",
}
_WINDOWS = {
    "avg(m.x, '10m')": "the average of the device's own last ten minutes, this reading included",
    "count(m.x, '10m')": "how many of those readings have the value; of a bool, in how many it is true",
    "max(m.x, '10m')": "the greatest of them",
    "min(m.x, '10m')": "the least of them",
    "rate(m.x, '10m')": "how much a counter rose in a second; one that falls has begun anew",
    "usual(m.x)": "the average of the same local hour of the seven days before; of `rate(…)` and such too",
    "vehicles.seen('30m')": "vehicles that passed the camera, up to ten seconds ago",
    "vehicles.unread('30m')": "those of them whose plate could not be read",
}
_RELATIONS = {
    "children.share(condition)": "share of the devices fed by this one for which a condition of theirs holds",
    "children.silent('circuit')": "share that is silent, of the worst circuit with at least three devices",
    "children.sum(m.x, d.y)": "sum over the devices fed by this one; the registry's value where unknown",
    "parent('powered_by').x": "a value of the device that feeds this one",
    "siblings.share(condition)": "share of the others fed by the same for which a condition holds",
}


def function_table() -> str:
    """The functions as a Markdown table."""
    rows = "".join(f"| `{name}` | {about} |\n" for name, about in _rows())
    return f"| function | gives |\n| --- | --- |\n{rows}"


def _rows() -> Iterator[tuple[str, str]]:
    yield from _PLAIN.items()
    yield from ((f"{name}()", function.about) for name, function in CONTEXT_FUNCTIONS.items())
    yield from _TABLES.items()
    yield from _WINDOWS.items()
    yield from _RELATIONS.items()
