"""Errors as RFC 9457 problem documents, with titles in Vietnamese or English."""

from collections.abc import Callable, Mapping
from enum import Enum
from http import HTTPStatus
from typing import Any, NamedTuple

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.key_set import KeySetUnavailableError
from api.languages import Language, preferred
from rules.lifecycle.errors import AlreadyAcknowledgedError, DeedRefusedError
from rules.review.errors import ReviewRefusedError
from store.operations.errors import (
    NoSuchRecordError,
    NotWholeError,
    OperationsUnavailableError,
    RegisteringRefusedError,
    VersionConflictError,
)  # fmt: skip
from store.telemetry import TelemetryUnavailableError

__all__ = [
    "PROBLEM_MEDIA_TYPE", "Problem", "ProblemKind", "handle_problems", "problem_document", "problem_of",
    "problem_response",
]  # fmt: skip

PROBLEM_MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER_S = "5"
_MOST_LINES = 1_000

_log = structlog.get_logger(__name__)


class _Kind(NamedTuple):
    slug: str
    status: HTTPStatus
    vi: str
    en: str


class ProblemKind(Enum):
    """What can go wrong. The slug ends the stable `type`: urn:ioc:problem:{slug}."""

    INVALID = _Kind(
        "invalid-request", HTTPStatus.UNPROCESSABLE_ENTITY, "Yêu cầu không hợp lệ", "Invalid request"
    )
    UNAUTHENTICATED = _Kind("unauthenticated", HTTPStatus.UNAUTHORIZED, "Chưa xác thực", "Not authenticated")
    FORBIDDEN = _Kind("forbidden", HTTPStatus.FORBIDDEN, "Không có quyền", "Not allowed")
    NOT_FOUND = _Kind("not-found", HTTPStatus.NOT_FOUND, "Không tìm thấy", "Not found")
    METHOD = _Kind(
        "method-not-allowed",
        HTTPStatus.METHOD_NOT_ALLOWED,
        "Phương thức không được phép",
        "Method not allowed",
    )
    ACKNOWLEDGED = _Kind(
        "already-acknowledged",
        HTTPStatus.CONFLICT,
        "Sự cố đã có người tiếp nhận",
        "Fault already acknowledged",
    )
    REFUSED = _Kind(
        "not-possible-now",
        HTTPStatus.CONFLICT,
        "Trạng thái hiện tại của sự cố không cho phép",
        "The fault's state does not allow it",
    )
    VERSION = _Kind(
        "version-conflict",
        HTTPStatus.PRECONDITION_FAILED,
        "Dữ liệu đã có bản mới hơn",
        "The record has changed",
    )
    REVIEW_REFUSED = _Kind(
        "review-refused",
        HTTPStatus.CONFLICT,
        "Trạng thái hiện tại của hồ sơ nghi vấn không cho phép",
        "The violation's state does not allow it",
    )
    VERSION_WANTED = _Kind(
        "version-wanted",
        HTTPStatus.PRECONDITION_REQUIRED,
        "Thiếu phiên bản dữ liệu đã đọc",
        "The version that was read is wanted",
    )
    NOT_WHOLE = _Kind(
        "not-whole",
        HTTPStatus.CONFLICT,
        "Chỉ còn giữ một phần bản tin, không thể phát lại",
        "Only a part of the message was kept, it cannot be replayed",
    )
    UNAVAILABLE = _Kind(
        "unavailable", HTTPStatus.SERVICE_UNAVAILABLE, "Dịch vụ tạm thời gián đoạn", "Temporarily unavailable"
    )
    NOT_READY = _Kind("not-ready", HTTPStatus.SERVICE_UNAVAILABLE, "Dịch vụ chưa sẵn sàng", "Not ready")
    TOO_LARGE = _Kind(
        "too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Yêu cầu quá lớn", "Request too large"
    )
    TOO_MANY = _Kind(
        "too-many-requests", HTTPStatus.TOO_MANY_REQUESTS, "Quá nhiều yêu cầu", "Too many requests"
    )
    INTERNAL = _Kind("internal", HTTPStatus.INTERNAL_SERVER_ERROR, "Lỗi hệ thống", "Internal error")

    @property
    def type(self) -> str:
        """The stable identifier that programs compare."""
        return f"urn:ioc:problem:{self.value.slug}"

    def title(self, language: Language) -> str:
        """What went wrong in general, for people."""
        return self.value.vi if language is Language.VI else self.value.en


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it a problem
    """A request that cannot be answered.

    Attributes:
        kind: what went wrong in general.
        detail: what went wrong here, in English, for the person who writes the client.
        field: the parameter or member at fault, where one is.
        headers: headers of the answer.
        members: further members of the document.
    """

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.field = field
        self.headers = dict(headers or {})
        self.members = members


def problem_document(problem: Problem, language: Language) -> dict[str, Any]:
    """The problem as a document."""
    document: dict[str, Any] = {
        "type": problem.kind.type,
        "title": problem.kind.title(language),
        "status": int(problem.kind.value.status),
        "detail": problem.detail,
    }
    if problem.field is not None:
        document["field"] = problem.field
    return document | problem.members


def problem_response(problem: Problem, language: Language) -> JSONResponse:
    """The problem as an answer."""
    headers = problem.headers | {"Content-Language": language.value, "Vary": "Accept-Language"}
    content = problem_document(problem, language)
    return JSONResponse(content, problem.kind.value.status, headers, media_type=PROBLEM_MEDIA_TYPE)


def handle_problems(app: FastAPI) -> None:
    """Make every error of the application answer with a problem document."""

    async def answer(request: Request, error: Exception) -> JSONResponse:
        return problem_response(problem_of(error), preferred(request.headers.get("accept-language", "")))

    handled: tuple[type[Exception], ...] = (Problem, *_OF_ERROR)
    for error in handled:
        app.add_exception_handler(error, answer)


def problem_of(error: Exception) -> Problem:
    """What a foreseen error is to whoever asked."""
    if isinstance(error, Problem):
        return error
    # Handlers are found by base class too: the framework raises HTTPException's subclasses.
    return next(_OF_ERROR[base](error) for base in type(error).__mro__ if base in _OF_ERROR)


def _unavailable(error: Exception) -> Problem:
    # What the store said stays in our log: it may name files and hosts.
    _log.warning("a store does not answer", reason=str(error))
    detail = "the store does not answer now; try again later"
    return Problem(ProblemKind.UNAVAILABLE, detail, headers={"Retry-After": _RETRY_AFTER_S})


def _invalid(error: RequestValidationError) -> Problem:
    """One problem for all that is wrong with a request; `field` is the first thing at fault."""
    errors = [{"field": _field(found), "detail": _sentence(found)} for found in error.errors()]
    first = errors[0]
    return Problem(
        ProblemKind.INVALID, f"{first['field']}: {first['detail']}", field=first["field"], errors=errors
    )


def _refused(error: RegisteringRefusedError) -> Problem:
    """One problem for all bad lines of an import or an adoption."""
    first, shown = error.problems[0], error.problems[:_MOST_LINES]
    lines = [vars(problem) for problem in shown]
    return Problem(ProblemKind.INVALID, str(error), field=first.column or None, problems=lines)


def _sentence(found: Mapping[str, Any]) -> str:
    return str(found["msg"]).removeprefix("Value error, ")


def _field(found: Mapping[str, Any]) -> str:
    """`("query", "limit")` is `limit`; what stands in a body keeps its path."""
    location = found["loc"] if found["type"] != "json_invalid" else ("body",)
    parts = [str(part) for part in location[1:]] or [str(part) for part in location]
    return ".".join(parts)


def _http(error: HTTPException) -> Problem:
    kinds = {
        int(kind.value.status): kind
        for kind in (ProblemKind.NOT_FOUND, ProblemKind.METHOD, ProblemKind.TOO_LARGE)
    }
    kind = kinds.get(error.status_code, ProblemKind.INVALID)
    details = {
        ProblemKind.NOT_FOUND: "nothing is served at this path; /docs lists what is",
        ProblemKind.METHOD: "this path does not support the method; the Allow header names those it does",
    }
    return Problem(kind, details.get(kind, str(error.detail)), headers=error.headers)


_OF_ERROR: Mapping[type[Exception], Callable[[Any], Problem]] = {
    HTTPException: _http,
    RequestValidationError: _invalid,
    NoSuchRecordError: lambda error: Problem(ProblemKind.NOT_FOUND, str(error)),
    VersionConflictError: lambda error: Problem(ProblemKind.VERSION, str(error), field="If-Match"),
    RegisteringRefusedError: _refused,
    AlreadyAcknowledgedError: lambda error: Problem(ProblemKind.ACKNOWLEDGED, str(error)),
    ReviewRefusedError: lambda error: Problem(ProblemKind.REVIEW_REFUSED, str(error), reason=error.reason),
    DeedRefusedError: lambda error: Problem(ProblemKind.REFUSED, str(error), reason=error.reason),
    NotWholeError: lambda error: Problem(ProblemKind.NOT_WHOLE, str(error)),
    KeySetUnavailableError: _unavailable,
    OperationsUnavailableError: _unavailable,
    TelemetryUnavailableError: _unavailable,
}
"""How each foreseen error becomes a problem."""
