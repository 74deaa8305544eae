"""Kinds of device: what they report, in which unit and range."""

from fastapi import APIRouter

from api.auth import Scope, needs
from api.models.devices import KindView
from devices.catalogue import kinds

__all__ = ["router"]

router = APIRouter(prefix="/v1/kinds", tags=["devices"])


@router.get("", dependencies=[needs(Scope.DEVICES_READ, within=True)])
def list_kinds() -> list[KindView]:
    """Every kind of device with telemetry, by id."""
    return [KindView.of(kind) for kind in kinds().values()]
