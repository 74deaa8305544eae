"""What protects every answer and request: headers that browsers obey, and bodies that stay small."""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.languages import preferred
from api.problems import Problem, ProblemKind, problem_response

__all__ = ["BodyLimit", "SecurityHeaders"]

_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
)
_TRANSPORT = "max-age=31536000; includeSubDomains"
_MOST_BYTES = 1_048_576
_FILES = "/import"
"""Paths that end so take files, and limit them themselves once they know who sends."""


class SecurityHeaders:
    """Adds the headers that an answer does not have yet; only the client itself may keep an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "private, no-cache")
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", _TRANSPORT)
            await send(message)

        await self._app(scope, receive, guarded)


class BodyLimit:
    """Refuses a body of more than 1 MiB, by what it says of itself or when it goes on beyond."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["path"].endswith(_FILES):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        said = headers.get("content-length", "")
        if said.isdecimal() and int(said) > _MOST_BYTES:
            problem = Problem(ProblemKind.TOO_LARGE, _TOO_LARGE, field="body")
            answer = problem_response(problem, preferred(headers.get("accept-language", "")))
            await answer(scope, receive, send)
            return
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > _MOST_BYTES:
                raise HTTPException(ProblemKind.TOO_LARGE.value.status, _TOO_LARGE)
            return message

        await self._app(scope, limited, send)


_TOO_LARGE = f"a request has at most {_MOST_BYTES} bytes"
