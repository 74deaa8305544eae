"""What people ask to be done to faults, one or many, and what came of it."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from api.auth import Scope
from api.models.common import Model, ProblemDocument
from api.models.faults import FaultView
from api.parameters import DEVICE_PATTERN
from api.times import QueryMoment
from rules.lifecycle.deeds import (
    SHELVED_AT_MOST_MS,
    Acknowledge,
    Assign,
    Close,
    Comment,
    Deed,
    SetWork,
    Shelve,
    Unshelve,
)  # fmt: skip
from rules.lifecycle.item import WorkState

__all__ = [
    "AcknowledgeRequest", "AssignRequest", "BulkAnswer", "BulkItemView", "BulkRequest", "CloseRequest",
    "CommentRequest", "DeedRequest", "ShelveRequest", "UnshelveRequest", "WorkRequest", "scope_of",
]  # fmt: skip

_MOST_FAULTS = 1_000

Words = Annotated[str, Field(min_length=1, max_length=2000)]
"""What the person says; kept in the fault's history for ever."""


class AcknowledgeRequest(Model):
    """Taking note of a fault."""

    do: Literal["acknowledge"] = "acknowledge"
    comment: Words | None = Field(default=None, examples=["Crew is on its way"])

    def deed(self, _now_ms: int) -> Deed:
        """What is to be done."""
        return Acknowledge(comment=self.comment)


class AssignRequest(Model):
    """Giving a fault to a crew; null takes it back."""

    do: Literal["assign"] = "assign"
    crew: Annotated[str, Field(pattern=DEVICE_PATTERN, examples=["crew-1"])] | None
    comment: Words | None = None

    def deed(self, _now_ms: int) -> Deed:
        """What is to be done."""
        return Assign(crew=self.crew, comment=self.comment)


class CommentRequest(Model):
    """Saying something about a fault."""

    do: Literal["comment"] = "comment"
    comment: Words

    def deed(self, _now_ms: int) -> Deed:
        """What is to be done."""
        return Comment(comment=self.comment)


class ShelveRequest(Model):
    """Putting an active fault aside for at most 8 hours.

    `once` ends when the fault clears, or at `until`, at the latest after 8 hours. `timed` ends at `until` and
    holds for the same rule on the same device, however often the fault returns.
    """

    do: Literal["shelve"] = "shelve"
    mode: Literal["once", "timed"] = "once"
    until: QueryMoment | None = None
    comment: Words

    @model_validator(mode="after")
    def _timed_has_a_time(self) -> "ShelveRequest":
        if self.mode == "timed" and self.until is None:
            raise ValueError("a timed shelving needs until")
        return self

    def deed(self, now_ms: int) -> Deed:
        """What is to be done."""
        until_ms = now_ms + SHELVED_AT_MOST_MS if self.until is None else self.until
        return Shelve(until_ms=until_ms, once=self.mode == "once", comment=self.comment)


class UnshelveRequest(Model):
    """Taking a fault back from the shelf."""

    do: Literal["unshelve"] = "unshelve"
    comment: Words | None = None

    def deed(self, _now_ms: int) -> Deed:
        """What is to be done."""
        return Unshelve(comment=self.comment)


class WorkRequest(Model):
    """Reporting how far the work is; `resolved` is then verified by telemetry, or the fault opens again."""

    do: Literal["work"] = "work"
    state: Literal["open", "in_progress", "resolved"]
    comment: Words | None = None

    def deed(self, _now_ms: int) -> Deed:
        """What is to be done."""
        return SetWork(state=WorkState(self.state), comment=self.comment)


class CloseRequest(Model):
    """Closing a fault by hand; it opens again by itself if its condition still holds."""

    do: Literal["close"] = "close"
    comment: Words

    def deed(self, _now_ms: int) -> Deed:
        """What is to be done."""
        return Close(comment=self.comment)


DeedRequest = (
    AcknowledgeRequest
    | AssignRequest
    | CommentRequest
    | ShelveRequest
    | UnshelveRequest
    | WorkRequest
    | CloseRequest
)

_SCOPES: Mapping[str, Scope] = {
    "acknowledge": Scope.FAULTS_ACKNOWLEDGE,
    "comment": Scope.FAULTS_WORK,
    "work": Scope.FAULTS_WORK,
    "assign": Scope.FAULTS_MANAGE,
    "shelve": Scope.FAULTS_MANAGE,
    "unshelve": Scope.FAULTS_MANAGE,
    "close": Scope.FAULTS_MANAGE,
}


def scope_of(request: DeedRequest) -> Scope:
    """What a caller must be allowed to do for it."""
    return _SCOPES[request.do]


class BulkItem(Model):
    """A fault, and the version that was read; null for any."""

    id: Annotated[str, Field(max_length=36, pattern="^[0-9a-f-]+$")]
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class BulkRequest(Model):
    """One deed to be done to many faults."""

    deed: Annotated[DeedRequest, Field(discriminator="do")]
    faults: Annotated[list[BulkItem], Field(min_length=1, max_length=_MOST_FAULTS)]


class BulkItemView(Model):
    """What came of one fault: the fault, or the problem that this request alone would have got."""

    id: str
    status: int
    fault: FaultView | None = None
    problem: ProblemDocument | None = None


class BulkAnswer(Model):
    """What came of each fault, in the order of the request."""

    done: int
    refused: int
    items: list[BulkItemView]
