"""The version of a fault on the wire: ETag out, If-Match in."""

import re
from typing import Annotated

from fastapi import Header, Path

from api.problems import Problem, ProblemKind
from store.operations.records import FaultRecord

__all__ = ["FaultId", "IfMatch", "etag", "expected_version"]

_ETAG = re.compile(r'"(\d{1,9})(-[0-9a-f]{1,32})?"')

FaultId = Annotated[str, Path(max_length=36, pattern="^[0-9a-f-]+$", description="Id of the fault")]
IfMatch = Annotated[str | None, Header(max_length=64, description="The ETag that was read")]


def etag(record: FaultRecord) -> str:
    """The fault's version as its ETag."""
    return f'"{record.version}"'


def expected_version(if_match: str | None) -> int | None:
    """The version that an If-Match header insists on; None for any.

    Raises:
        Problem: it is no ETag of a fault, so it cannot match.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        detail = f'If-Match must be the ETag of a fault, such as "3", or *, got {if_match!r}'
        raise Problem(ProblemKind.VERSION, detail, field="If-Match")
    return int(match[1])
