"""The web application, made of its services."""

import asyncio
import importlib
import pkgutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.middleware.gzip import GZipMiddleware

import api.routes
from api import documentation
from api.conditional import ConditionalReads
from api.live import LiveChanges
from api.middleware import LastResort, RequestFigures, RequestMetrics
from api.problems import handle_problems
from api.protection import BodyLimit, SecurityHeaders
from api.routes import service
from api.services import ApiServices

__all__ = ["create_app", "create_status_app"]

_SMALLEST_PACKED_BYTES = 1_024
_PACKING = 5  # of 9: most of the gain for a third of the time
_TITLE = "IOC telemetry"


class _Api(FastAPI):
    """FastAPI with our OpenAPI document."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if not self.openapi_schema:
            self.openapi_schema = documentation.openapi_document(self)
        return self.openapi_schema


def create_app(services: ApiServices) -> FastAPI:
    """The application over these services. It closes none of them; `api.server.ApiServer` serves it."""
    # FastAPI's own documentation pages load scripts from the internet.
    app = _Api(
        title=_TITLE,
        version=services.version,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    for router in _routers():
        app.include_router(router)
    app.include_router(documentation.router)
    return _completed(app, services)


def create_status_app(services: ApiServices) -> FastAPI:
    """What a process without the API answers: whether it lives and works, and its figures."""
    app = FastAPI(title=_TITLE, version=services.version, docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(service.router)
    return _completed(app, services)


def _completed(app: FastAPI, services: ApiServices) -> FastAPI:
    app.state.services = services
    app.state.live = LiveChanges(services.operations.stream)
    handle_problems(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(ConditionalReads)
    app.add_middleware(GZipMiddleware, minimum_size=_SMALLEST_PACKED_BYTES, compresslevel=_PACKING)
    app.add_middleware(LastResort)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestMetrics, figures=RequestFigures(services.metrics))
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    live: LiveChanges = app.state.live
    following = asyncio.create_task(live.run(), name="live changes")
    try:
        yield
    finally:
        live.close()
        await following


def _routers() -> list[APIRouter]:
    """The router of every module in `api/routes/`."""
    names = sorted(module.name for module in pkgutil.iter_modules(api.routes.__path__))
    return [importlib.import_module(f"api.routes.{name}").router for name in names]
