"""History: what a device reported, summed up over windows of time."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from polars import selectors

from api.auth import Caller, Scope, needs
from api.models.common import DeviceRef
from api.models.history import WindowsView, WindowView
from api.parameters import DeviceId
from api.problems import Problem, ProblemKind
from api.seen import known_device
from api.services import Services
from api.times import QueryMoment, moment
from devices.catalogue import kinds
from store.rollups.planning import used
from store.windows import Aggregate, WindowQuery

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["devices"])

_MS_A_SECOND = 1_000
_LONGEST_S = 366 * 86_400


@router.get("/devices/{device}/telemetry/windows")
def get_windows(  # noqa: PLR0913 - each is a part of the question
    *,
    device: DeviceId,
    services: Services,
    caller: Annotated[Caller, needs(Scope.TELEMETRY_READ, within=True)],
    measured_from: Annotated[QueryMoment, Query(alias="from", description="Measured then or later")],
    measured_to: Annotated[QueryMoment, Query(alias="to", description="Measured before")],
    field: Annotated[str, Query(max_length=64, description="Name of a field")],
    aggregate: Annotated[Aggregate, Query(description="What is made of the values")] = Aggregate.MEAN,
    every_s: Annotated[int, Query(ge=1, le=_LONGEST_S, description="Length of a window, in seconds")] = 3600,
    fill_gaps: Annotated[bool, Query(description="A row for a window without values too")] = False,
) -> WindowsView:
    """A field of a device over windows that begin at multiples of their length in the city's local time.

    `resolution` says what answered: `raw` readings, or rollups by minute (`1m`) or hour (`1h`), which say the
    same where the windows are whole ones of them. Percentiles come from readings alone.
    """
    known = known_device(device, services, caller)
    if known.kind not in kinds():
        raise Problem(ProblemKind.NOT_FOUND, f"{device!r} is a {known.kind}, which has no telemetry")
    query = _query(
        kind=known.kind, fields=[field], aggregate=aggregate, from_ms=measured_from, to_ms=measured_to,
        every_ms=every_s * _MS_A_SECOND, devices=[device], fill_gaps=fill_gaps, zone=services.zone.key,
    )  # fmt: skip
    segments = services.telemetry.plan(query)
    rows = services.telemetry.windows(query).with_columns(selectors.float().fill_nan(None))
    return WindowsView(
        device=DeviceRef.of(known.id, known.kind, known.area, services.registry()),
        field=field,
        aggregate=aggregate,
        every_s=every_s,
        resolution=used(segments),
        windows=[
            WindowView(start=moment(start_ms), value=value)
            for start_ms, value in rows.select(rows["window"].dt.epoch("ms"), field).rows()
        ],
    )


def _query(**asked: Any) -> WindowQuery:
    """The question.

    Raises:
        Problem: it makes no sense.
    """
    try:
        return WindowQuery(**asked)
    except (LookupError, ValueError) as error:
        raise Problem(ProblemKind.INVALID, str(error.args[0])) from error
