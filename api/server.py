"""Serving the application: a uvicorn server that stops promptly although streams are open."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from api.live import LiveChanges

__all__ = ["ApiServer"]

_GRACE_S = 2


class ApiServer(uvicorn.Server):
    """A server for one application. `run()` it in a thread, or await `serve()`; `should_exit = True` ends it.

    It logs through `logging` and installs neither a logging configuration nor signal handlers: who runs the
    event loop decides when to stop. Port 0 takes any free port.
    """

    def __init__(self, app: FastAPI, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._live: LiveChanges = app.state.live

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield

    @property
    def port(self) -> int:
        """The port it listens on, once `started`."""
        address: tuple[str, int] = self.servers[0].sockets[0].getsockname()
        return address[1]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, end every stream, and wait for the other requests, 2 s at most."""
        # Uvicorn tells the application only after the last connection has closed, and streams never close.
        self._live.close()
        await super().shutdown(sockets)
