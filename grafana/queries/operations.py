"""SQL over the views of `store.operations.report_names`. Grafana puts the time for its `$__` macros.

Texts that people wrote in two languages stand in columns ending `_vi` and `_en`: `%LANG%` is the board's.
"""

from grafana.names import Source
from grafana.spec import Query
from store.operations.report_names import REPORT_SCHEMA

__all__ = ["KIND", "count_by_hour", "mean_by_hour", "one", "rows", "view"]

KIND = "AND kind = '{kind}'"


def view(name: str) -> str:
    """A view with its schema."""
    return f"{REPORT_SCHEMA}.{name}"


def one(expression: str, name: str, where: str = "true") -> Query:
    """One figure over the rows of a view."""
    return Query(
        source=Source.OPERATIONS,
        text=f"SELECT {expression} AS value FROM {view(name)} WHERE {where}",
        is_table=True,
    )


def rows(text: str) -> Query:
    """Rows as they are."""
    return Query(source=Source.OPERATIONS, text=text, is_table=True)


def count_by_hour(name: str, at: str, by: str, where: str = "true") -> Query:
    """How many rows of a view each hour has, by a column; a line for each of its values."""
    return Query(
        source=Source.OPERATIONS,
        text=f"SELECT date_trunc('hour', {at}) AS time, {by} AS metric, count(*) AS value FROM {view(name)}"
        f" WHERE $__timeFilter({at}) AND {where} GROUP BY 1, 2 ORDER BY 1, 2",
    )


def mean_by_hour(expression: str, name: str, at: str, metric: str, where: str = "true") -> Query:
    """A figure over the rows of each hour."""
    return Query(
        source=Source.OPERATIONS,
        text=f"SELECT date_trunc('hour', {at}) AS time, '{metric}' AS metric, {expression} AS value"
        f" FROM {view(name)} WHERE $__timeFilter({at}) AND {where} GROUP BY 1 ORDER BY 1",
    )
