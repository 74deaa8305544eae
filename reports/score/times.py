"""Moments as scores write them."""

from datetime import UTC, datetime, timedelta

__all__ = ["rfc3339"]

_EPOCH = datetime.fromtimestamp(0, UTC)


def rfc3339(at_ms: int) -> str:
    """Epoch milliseconds as RFC 3339 in UTC, to the millisecond."""
    at = _EPOCH + timedelta(milliseconds=at_ms)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
