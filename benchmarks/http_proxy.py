"""A TCP proxy in front of an HTTP server that can be told to misbehave as servers do."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from enum import Enum
from types import TracebackType
from typing import Any, Self

from benchmarks.demo_process import free_port

__all__ = ["Mood", "MoodyProxy"]

_HOST = "127.0.0.1"
_CHUNK = 65_536
_BODY = b'{"code":"unavailable","message":"the proof says so"}'
_UNAVAILABLE = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
)


class Mood(Enum):
    """What the proxy does with connections, also with those that are open already."""

    WORK = "passes everything on"
    REFUSE = "closes every connection"
    UNAVAILABLE = "answers 503"
    MUTE = "passes requests on and cuts the answers off"
    HANG = "accepts and never answers"


class MoodyProxy:
    """Listens on a port of its own, on a thread of its own; use it in a `with` statement."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self._target_port = target_port
        self._mood = Mood.WORK
        self.served_since_s: float | None = None
        """When the first connection came since it became what it is (monotonic)."""
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{_HOST}:{self.port}"

    def __enter__(self) -> Self:
        """Start to listen."""
        self._thread.start()
        self._on_loop(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._on_loop(self._close_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def become(self, mood: Mood) -> None:
        """Misbehave otherwise from now on; connections under way are cut."""
        self._mood = mood
        self._on_loop(self._close_all())
        self.served_since_s = None

    def _on_loop(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _listen(self) -> None:
        await asyncio.start_server(self._serve, _HOST, self.port)

    async def _close_all(self) -> None:
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serve: Callable[..., Coroutine[Any, Any, None]] = {
            Mood.WORK: self._pass,
            Mood.MUTE: self._pass,
            Mood.REFUSE: _nothing,
            Mood.UNAVAILABLE: _unavailable,
            Mood.HANG: _hang,
        }[self._mood]
        self._open.add(writer)
        self.served_since_s = self.served_since_s or time.monotonic()
        try:
            await serve(reader, writer)
        except OSError:
            pass  # one side has gone, and the other goes with it
        finally:
            self._open.discard(writer)
            writer.transport.abort() if serve is not _unavailable else writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection(_HOST, self._target_port)
        self._open.add(to_writer)
        try:
            await asyncio.gather(_carry(reader, to_writer), self._answer(to_reader, writer))
        finally:
            self._open.discard(to_writer)
            to_writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            if self._mood is Mood.MUTE:
                raise ConnectionAbortedError("the answer is lost")
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


async def _nothing(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """What a refusing proxy does."""


async def _unavailable(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read a whole request, answer 503."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"content-length:")[2].split(b"\r\n")[0].strip()
    await reader.readexactly(int(length or 0))
    writer.write(_UNAVAILABLE)
    await writer.drain()


async def _hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Read what comes, and say nothing until the other side gives up."""
    while await reader.read(_CHUNK):
        pass
