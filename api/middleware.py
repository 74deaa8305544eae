"""What happens around every request: it is counted, and an error that nobody foresaw still has an answer."""

import time
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from sse_starlette.sse import SendTimeoutError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.languages import preferred
from api.problems import Problem, ProblemKind, problem_response

__all__ = ["LastResort", "RequestFigures", "RequestMetrics"]

_log = structlog.get_logger(__name__)


class RequestFigures:
    """Counts answers, and measures how long they take to begin, by method and route.

    The route is its template, such as `/v1/faults/{fault}`: paths themselves are without end.

    Raises:
        ValueError: the registry has these figures already, from another application.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers = Counter(
            "ioc_api_requests", "Answers given", ["method", "route", "status"], registry=registry
        )
        self._durations = Histogram(
            "ioc_api_response_start_seconds", "Until an answer began", ["method", "route"], registry=registry
        )

    def observe(self, scope: Scope, status: int, took_s: float) -> None:
        """Note an answer that began after `took_s` seconds."""
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if route != "unmatched" else "any"
        self._answers.labels(method, route, status).inc()
        self._durations.labels(method, route).observe(took_s)


class RequestMetrics:
    """Notes every answer of the application inside."""

    def __init__(self, app: ASGIApp, figures: RequestFigures) -> None:
        self._app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._figures.observe(scope, message["status"], time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, observed)


class LastResort:
    """Turns an unforeseen error into a problem document without a traceback, and logs it with one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except SendTimeoutError:
            _log.warning("stream cut off: its reader takes nothing", path=_route(scope))
        except Exception:  # noqa: BLE001 - this is where the unforeseen ends
            # The route, not the path: some paths have a secret in them.
            _log.exception("request failed", method=scope["method"], path=_route(scope))
            if not has_begun:
                await _internal_problem(scope)(scope, receive, send)


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "unmatched"))


def _internal_problem(scope: Scope) -> Any:
    headers = {name.lower(): value for name, value in scope["headers"]}
    language = preferred(headers.get(b"accept-language", b"").decode("latin-1"))
    return problem_response(
        Problem(ProblemKind.INTERNAL, "the service failed; its log has the reason"), language
    )
