"""Pages of a list: an opaque cursor, and the Link header that names the next page."""

import base64
import binascii
from typing import Annotated, Generic, TypeVar

from fastapi import Query, Request, Response

from api.models.common import Model
from api.problems import Problem, ProblemKind

__all__ = ["Cursor", "Limit", "PageView", "id_after", "link_next", "number_before"]

_T = TypeVar("_T")
_LARGEST = 2**63 - 1

Cursor = Annotated[
    str | None, Query(max_length=256, description="Where to go on: the `next` of the page before, as it is")
]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many items at most")]


class PageView(Model, Generic[_T]):
    """A part of a list."""

    items: list[_T]
    next: str | None
    """Send it as `cursor` to get what follows; null at the end."""


def id_after(cursor: str | None) -> str | None:
    """The id to continue after.

    Raises:
        Problem: no page ever ended with this cursor.
    """
    if cursor is None:
        return None
    try:
        return base64.urlsafe_b64decode(cursor.encode("ascii") + b"==").decode()
    except (ValueError, binascii.Error):
        raise _no_cursor(cursor) from None


def number_before(cursor: str | None) -> int | None:
    """The number to continue before.

    Raises:
        Problem: no page ever ended with this cursor.
    """
    text = id_after(cursor)
    if text is None or cursor is None:
        return None
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= number <= _LARGEST:
        raise _no_cursor(cursor)
    return number


def link_next(request: Request, response: Response, key: int | str | None) -> str | None:
    """The cursor of the next page, which the answer's Link header names as well; None at the end."""
    if key is None:
        return None
    cursor = base64.urlsafe_b64encode(str(key).encode()).decode().rstrip("=")
    following = request.url.include_query_params(cursor=cursor)
    response.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return cursor


def _no_cursor(cursor: str) -> Problem:
    detail = f"cursor must be the `next` of a page of this list, got {cursor!r}"
    return Problem(ProblemKind.INVALID, detail, field="cursor")
