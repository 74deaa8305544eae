"""Answers that the client has already: an ETag on every read, and 304 where it is sent back."""

import hashlib
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["ConditionalReads"]

_DIGEST_BYTES = 8
_LARGEST_BYTES = 8 * 1_048_576


class ConditionalReads:
    """Gives answers to GET that come in one piece an ETag over what they say.

    A record that has a version says both: `"3-5f2a…"`. If-Match takes the version from it; what does not
    change the version, such as an incident that a fault joined, still changes the ETag.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        wanted = Headers(scope=scope).get("if-none-match", "")
        start: Message | None = None

        async def conditional(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if start is not None:
                begun, start = start, None
                if _is_whole(begun, message):
                    body = message.get("body", b"")
                    if _is_known(_tagged(begun, body), wanted):
                        begun, message = _not_modified(begun), {"type": "http.response.body", "body": b""}
                await send(begun)
            await send(message)

        await self._app(scope, receive, conditional)


def _is_whole(start: Message, message: Message) -> bool:
    is_ok = start["status"] == HTTPStatus.OK
    return is_ok and not message.get("more_body") and len(message.get("body", b"")) <= _LARGEST_BYTES


def _tagged(start: Message, body: bytes) -> str:
    """The ETag of an answer, which it then has."""
    headers = MutableHeaders(scope=start)
    digest = hashlib.blake2b(body, digest_size=_DIGEST_BYTES).hexdigest()
    version = headers.get("etag", "").strip('"')
    headers["ETag"] = f'"{version}-{digest}"' if version else f'W/"{digest}"'
    return headers["ETag"]


def _is_known(etag: str, wanted: str) -> bool:
    """Whether If-None-Match names an ETag; by weak comparison, as RFC 9110 has it."""
    known = {one.strip().removeprefix("W/") for one in wanted.split(",")}
    return etag.removeprefix("W/") in known


def _not_modified(start: Message) -> Message:
    headers = MutableHeaders(scope=start)
    for name in ("content-length", "content-type"):
        del headers[name]
    return {**start, "status": int(HTTPStatus.NOT_MODIFIED), "headers": headers.raw}
