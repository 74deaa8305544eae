"""Real servers to deliver to: a mail server, and a web hook that keeps what it takes by key."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from aiosmtpd.controller import Controller

from app.brokers import free_port
from notify.webhook_channel import signature


class Mails:
    """Takes every mail."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        self.taken.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[tuple[Mails, int]]:
    """A mail server on a free port, and what it took."""
    mails = Mails()
    port = free_port()
    controller = Controller(mails, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield mails, port
    finally:
        controller.stop()


class Hook:
    """Takes what is rightly signed, once by key; `answers` are given first, before anything is taken.

    `on_taken` is called when something was taken and its sender does not know it yet.
    """

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self.taken: dict[str, dict[str, Any]] = {}
        self.came: list[str] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.on_taken: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def take(self, headers: Any, body: bytes) -> tuple[int, dict[str, str]]:
        key, at_s = headers["webhook-id"], int(headers["webhook-timestamp"])
        with self._lock:
            if signature(self.secret, key, at_s, body) != headers["webhook-signature"]:
                return 401, {}
            if self.answers:
                return self.answers.pop(0)
            self.came.append(key)
            self.taken.setdefault(key, msgspec.json.decode(body))
            self.on_taken()
        return 204, {}


@contextmanager
def hook_server(hook: Hook, port: int = 0) -> Iterator[int]:
    """The hook on a port of 127.0.0.1, a free one by default."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, headers = hook.take(self.headers, body)
            self.send_response(status)
            for name, value in (headers | {"content-length": "0"}).items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            serving.join()
