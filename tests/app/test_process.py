"""A process notices when a part of it ends by itself, its HTTP server too."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from api.live import LiveChanges
from api.server import ApiServer
from app.brokers import free_port
from app.http_server import HttpServer
from app.process import Process, run_until
from app.service import ServiceFailedError

pytestmark = pytest.mark.anyio


class _NoChanges:
    """A feed in which nothing happens."""

    def after(self, _stream_seq: int, _limit: int) -> tuple[()]:
        """Nothing."""
        return ()

    def last(self) -> int:
        """No number."""
        return 0


async def _idle(stop: asyncio.Event) -> None:
    await stop.wait()


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    app = FastAPI()
    app.state.live = LiveChanges(_NoChanges())
    made = Process(HttpServer(app, "127.0.0.1", free_port()), {"idle": _idle})
    yield made
    await made.stop()


async def _answers(process: Process) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{process.http.url}/")).status_code


async def test_process_whose_http_server_dies_ends_with_the_reason(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies = False

    async def on_tick(_server: ApiServer, _counter: int) -> bool:
        if dies:
            raise RuntimeError("out of file descriptors")
        return False

    monkeypatch.setattr(ApiServer, "on_tick", on_tick)
    told: list[int] = []
    running = asyncio.create_task(run_until(asyncio.Event(), process, lambda: told.append(1)))
    while not told:
        await asyncio.sleep(0)
    assert await _answers(process) == 404
    dies = True
    with pytest.raises(ServiceFailedError, match="http ended by itself") as ended:
        await asyncio.wait_for(running, 60)
    assert str(ended.value.__cause__) == "out of file descriptors"


async def test_process_that_is_told_to_stop_ends_without_a_word(process: Process) -> None:
    stop = asyncio.Event()
    await asyncio.wait_for(run_until(stop, process, stop.set), 60)
    await process.stop()
    process.check()
