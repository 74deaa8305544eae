"""Traffic flow: counts, classes and speeds from stored passages, and how often somebody is suspected."""

from typing import Annotated

import polars as pl
from fastapi import APIRouter, Query

from api.auth import Scope, needs
from api.models.common import DeviceRef
from api.models.flow import FlowView, FlowWindow, HourView, ProfileView, RatesView, RateView
from api.parameters import AreaFilter, DeviceFilter
from api.problems import Problem, ProblemKind
from api.services import ApiServices, Services
from api.times import QueryMoment, moment
from reports.flow import flow, hour_profile, per_ten_thousand, vehicles_of

__all__ = ["router"]

router = APIRouter(prefix="/v1/flow", tags=["flow"])

_MS_A_SECOND = 1_000
_LONGEST_DAYS = 31
_LONGEST_MS = _LONGEST_DAYS * 86_400_000

_DAY_MS = 86_400_000

_From = Annotated[
    QueryMoment | None, Query(alias="from", description="Passed then or later; a day before the end")
]
_To = Annotated[
    QueryMoment | None, Query(alias="to", description="Passed before, at most 31 days later; now")
]


@router.get("", dependencies=[needs(Scope.TELEMETRY_READ)])
def get_flow(
    *,
    services: Services,
    passed_from: _From = None,
    passed_to: _To = None,
    device: DeviceFilter = None,
    area: AreaFilter = None,
    every_s: Annotated[int, Query(ge=60, le=86_400, description="Length of a window, in seconds")] = 300,
) -> FlowView:
    """Vehicles, classes, mean and 85th-percentile speed by camera, lane and window."""
    span = _span(services, passed_from, passed_to)
    vehicles = _vehicles(services, span, device, area)
    return FlowView(
        every_s=every_s,
        windows=[
            FlowWindow(device=_ref(services, row.pop("device")), start=moment(row.pop("start_ms")), **row)
            for row in flow(vehicles, every_s * _MS_A_SECOND)
        ],
    )


@router.get("/hours", dependencies=[needs(Scope.TELEMETRY_READ)])
def get_hours(
    *,
    services: Services,
    passed_from: _From = None,
    passed_to: _To = None,
    device: DeviceFilter = None,
    area: AreaFilter = None,
) -> ProfileView:
    """Vehicles by camera and local hour of the day, on average over the days with traffic."""
    span = _span(services, passed_from, passed_to)
    vehicles = _vehicles(services, span, device, area)
    rows = hour_profile(vehicles, services.zone).iter_rows(named=True)
    return ProfileView(hours=[HourView(device=_ref(services, row.pop("device")), **row) for row in rows])


@router.get("/rates", dependencies=[needs(Scope.VIOLATIONS_READ)])
def get_rates(
    *,
    services: Services,
    passed_from: _From = None,
    passed_to: _To = None,
    device: DeviceFilter = None,
    area: AreaFilter = None,
) -> RatesView:
    """Suspected violations per 10,000 vehicles, by camera and type."""
    span = _span(services, passed_from, passed_to)
    vehicles = _vehicles(services, span, device, area)
    passed = dict(vehicles.group_by("device").len().rows())
    registry = services.registry()
    counts = services.operations.violation_counts.by_device_and_type(*span)
    rates = []
    for (camera, kind), count in sorted(counts.items()):
        known = registry.get(camera)
        if device not in (None, camera) or (area is not None and (known is None or known.area != area)):
            continue
        rates.append(
            RateView(
                device=_ref(services, camera),
                type=kind,
                violations=count,
                vehicles=passed.get(camera, 0),
                per_ten_thousand=per_ten_thousand(count, passed.get(camera, 0)),
            )
        )
    return RatesView(rates=rates)


def _span(services: ApiServices, passed_from: int | None, passed_to: int | None) -> tuple[int, int]:
    """The time asked about; the last day where nothing is said.

    Raises:
        Problem: the time is none, or longer than one question may be about.
    """
    to_ms = services.clock.now_ms() if passed_to is None else passed_to
    from_ms = to_ms - _DAY_MS if passed_from is None else passed_from
    if not 0 < to_ms - from_ms <= _LONGEST_MS:
        detail = f"from must lie before to, and at most {_LONGEST_DAYS} days; ask for less"
        raise Problem(ProblemKind.INVALID, detail)
    return from_ms, to_ms


def _vehicles(
    services: ApiServices, span: tuple[int, int], device: str | None, area: str | None
) -> pl.DataFrame:
    """The vehicles that passed."""
    vehicles = vehicles_of(services.telemetry.export_events(*span))
    if device is not None:
        vehicles = vehicles.filter(pl.col("device") == device)
    return vehicles if area is None else vehicles.filter(pl.col("area") == area)


def _ref(services: ApiServices, device: str) -> DeviceRef:
    registry = services.registry()
    known = registry.get(device)
    kind, area = ("", "") if known is None else (known.kind, known.area)
    return DeviceRef.of(device, kind, area, registry)
