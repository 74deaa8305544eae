"""Serving the API from the service's own event loop."""

import asyncio
import socket

from fastapi import FastAPI

from api.server import ApiServer
from app.errors import StartError

__all__ = ["HttpServer"]


class HttpServer:
    """An HTTP server on one address.

    Raises:
        StartError: the port is in use or may not be bound.
    """

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        self.url = f"http://{host}:{port}"
        self._socket = _bind(host, port)
        self._server = ApiServer(app)
        self._task: asyncio.Task[None] | None = None

    @property
    def task(self) -> asyncio.Task[None] | None:
        """What answers requests, from `start` to `stop`; it ends by itself only when something is wrong."""
        return self._task

    async def start(self) -> None:
        """Return when requests are answered.

        Raises:
            StartError: the application could not be started.
        """
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="http")
        while not self._server.started:
            if self._task.done():
                raise StartError("the HTTP server ended at once; the log says why")
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Finish requests under way, for at most two seconds, and release the port. Idempotent."""
        task, self._task = self._task, None
        self._server.should_exit = True
        if task is not None:
            # How it ended, if it did so by itself, was said by whoever watched it.
            await asyncio.wait({task})
        self._socket.close()


def _bind(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise StartError(
            f"port {port} on {host} cannot be used ({error.strerror}); stop what listens there,"
            " or give another --http-port"
        ) from error
    return listening
