"""Spans of local time that come again on some weekdays."""

from collections.abc import Container
from datetime import date, datetime, time, timedelta

__all__ = ["span_of"]


def span_of(local: datetime, weekdays: Container[int], starts: time, ends: time) -> date | None:
    """The day on which the span that holds a local moment began; None where none holds it.

    `weekdays` are of the start, Monday is 0; `starts` is inside, `ends` outside; a span that ends before it
    starts, or at the same time, ends the day after.
    """
    overnight = ends <= starts
    begun, ended = local.time() >= starts, local.time() >= ends
    if not (begun or not ended if overnight else begun and not ended):
        return None
    day = local.date() if begun else local.date() - timedelta(days=1)
    return day if day.weekday() in weekdays else None
