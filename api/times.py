"""Times at the edge: RFC 3339 text outside, epoch milliseconds inside."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from devices.batch import to_ms

__all__ = ["Moment", "QueryMoment", "moment", "moment_or_none"]

_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?(?P<offset>[Zz]|(?P<sign>[+\- ])\d{2}:\d{2})?"
)
_EPOCH = datetime.fromtimestamp(0, UTC)
_EARLIEST_MS = -2_208_988_800_000  # 1900: what is further away, zones and calendars cannot tell
_LATEST_MS = 7_258_118_400_000  # 2200
_EXAMPLE = "2026-11-22T12:00:00.123Z"


def moment(at_ms: int) -> str:
    """Epoch milliseconds as RFC 3339 in UTC, to the millisecond: `2026-11-22T12:00:00.123Z`."""
    # Float seconds would lose the last millisecond of far dates.
    at = _EPOCH + timedelta(milliseconds=at_ms)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def moment_or_none(at_ms: int | None) -> str | None:
    """The same, None staying None."""
    return None if at_ms is None else moment(at_ms)


def _epoch_ms(value: object) -> int:
    """Milliseconds of an RFC 3339 time with an offset.

    Raises:
        ValueError: it is none, or has no offset.
    """
    match = _RFC3339.fullmatch(value) if isinstance(value, str) else None
    if match is None or not isinstance(value, str):
        raise ValueError(f"must be a time as in RFC 3339, such as {_EXAMPLE}, got {value!r}")
    if match["offset"] is None:
        raise ValueError(f"must say its offset, such as Z or +07:00, got {value!r}")
    if match["sign"] == " ":
        raise ValueError(f"must have its plus sign written %2B in a URL, got {value!r}")
    try:
        at_ms = to_ms(datetime.fromisoformat(value.upper()).astimezone(UTC))
    except OverflowError:
        at_ms = None
    if at_ms is None or not _EARLIEST_MS <= at_ms < _LATEST_MS:
        raise ValueError(f"must be a time from 1900 to 2199, got {value!r}")
    return at_ms


Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=[_EXAMPLE])]
"""A time in an answer: RFC 3339, UTC, milliseconds."""

QueryMoment = Annotated[
    int,
    BeforeValidator(_epoch_ms),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": [_EXAMPLE]}),
]
"""A time in a request: RFC 3339 with an offset; epoch milliseconds once it is in."""
