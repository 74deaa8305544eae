"""What tells whether the service works, and the way to its documentation. No key is needed for any of it."""

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.models.service import CheckView, HealthView, ReadyView
from api.problems import Problem, ProblemKind
from api.services import Services

__all__ = ["router"]

router = APIRouter(tags=["service"])


@router.get("/", include_in_schema=False)
def start() -> RedirectResponse:
    """The documentation."""
    return RedirectResponse("/docs")


@router.get("/healthz")
def healthz(services: Services) -> HealthView:
    """The process lives and answers. It says nothing about the parts it needs: see `/readyz`."""
    return HealthView(status="alive", version=services.version)


@router.get("/readyz")
def readyz(services: Services) -> ReadyView:
    """Every part works; otherwise a problem that names those that do not."""
    checks = {name: CheckView(ok=check.ok, detail=check.detail) for name, check in services.health().items()}
    failing = sorted(name for name, check in checks.items() if not check.ok)
    if failing:
        detail = "; ".join(f"{name}: {checks[name].detail}" for name in failing)
        shown = {name: check.model_dump() for name, check in checks.items()}
        raise Problem(ProblemKind.NOT_READY, detail, failing=failing, checks=shown)
    return ReadyView(status="ready", checks=checks)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(services: Services) -> Response:
    """Figures about the service in Prometheus' text format. They hold no personal data."""
    return Response(generate_latest(services.metrics), headers={"Content-Type": CONTENT_TYPE_LATEST})
