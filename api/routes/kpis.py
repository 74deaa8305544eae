"""Key figures: availability, times to acknowledge and restore, energy, incidents per operator and hour."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query

from api.auth import Caller, Scope, needs
from api.models.kpis import KpiGroup, KpisView, KpiView
from api.problems import Problem, ProblemKind
from api.services import ApiServices, Services
from api.times import QueryMoment
from devices.entities.crews import ENTITY as CREWS
from devices.kinds.lighting_cabinet import KIND as CABINET
from devices.registry import Device, Life
from reports.availability import availability
from reports.kpis import Period, figures_of
from store.operations.report_rows import ReportedIncident
from store.windows import Aggregate, WindowQuery

__all__ = ["router"]

router = APIRouter(prefix="/v1/kpis", tags=["reports"])

_LONGEST_MS = 366 * 86_400_000
_ENERGY = "energy_kwh"
_T = TypeVar("_T", Device, ReportedIncident)


@router.get("")
def get_kpis(
    *,
    services: Services,
    caller: Annotated[Caller, needs(Scope.FAULTS_READ, within=True)],
    from_: Annotated[QueryMoment, Query(alias="from")],
    to: QueryMoment,
    by: Annotated[KpiGroup, Query(description="What the figures are told apart by")] = KpiGroup.CITY,
    operators: Annotated[int, Query(ge=1, le=1000, description="How many people watch at a time")] = 1,
) -> KpisView:
    """The figures of a period: what each means stands beside it."""
    if not from_ < to <= from_ + _LONGEST_MS:
        raise Problem(ProblemKind.INVALID, "to must be later than from, by 366 days at most", field="to")
    period = Period(from_ms=from_, to_ms=to)
    incidents = [
        one
        for one in services.operations.incident_reports.between(from_, to)
        if caller.sees(one.area, one.kind)
    ]
    devices = [
        device
        for device in services.registry().values()
        if device.life is Life.IN_SERVICE and caller.sees(device.area, device.kind)
    ]
    if by is KpiGroup.CONTRACTOR:
        return KpisView.over(period, by, _of_contractors(services, incidents, period, operators))
    outages = services.operations.outages.between(from_, to, caller.reach)
    energy = _energy(services, devices, period)
    grouped = _grouped(devices, by)
    reported = _grouped(incidents, by)
    groups = [
        KpiView.of(
            group,
            figures_of(reported.get(group, ()), period),
            devices=len(members := grouped.get(group, ())),
            availability=availability(outages, [device.id for device in members], period),
            energy_kwh=_sum(energy, members),
            operators=operators,
        )
        for group in sorted({*grouped, *reported} | ({"city"} if by is KpiGroup.CITY else set()))
    ]
    return KpisView.over(period, by, groups)


def _grouped(records: Sequence[_T], by: KpiGroup) -> Mapping[str, list[_T]]:
    groups: defaultdict[str, list[_T]] = defaultdict(list)
    for record in records:
        groups["city" if by is KpiGroup.CITY else getattr(record, by.value)].append(record)
    return groups


def _of_contractors(
    services: ApiServices, incidents: Sequence[ReportedIncident], period: Period, operators: int
) -> list[KpiView]:
    """The figures by the contractor whose crew an incident was assigned to."""
    now = datetime.fromtimestamp(services.clock.now_ms() / 1000, UTC)
    crews = services.registrar.entities(CREWS)
    in_force = [crew for crew in crews if CREWS.is_in_force(crew, now, services.zone)]
    contractor = {crew.id: crew.contractor or "" for crew in in_force}
    groups: defaultdict[str, list[ReportedIncident]] = defaultdict(list)
    for incident in incidents:
        groups[contractor.get(incident.crew or "", "")].append(incident)
    return [
        KpiView.of(
            group,
            figures_of(groups[group], period),
            devices=None,
            availability=None,
            energy_kwh=None,
            operators=operators,
        )
        for group in sorted(groups)
    ]


def _energy(services: ApiServices, devices: Sequence[Device], period: Period) -> Mapping[str, float]:
    """What each cabinet's meter counted in the period; one that runs backwards was changed: left out."""
    cabinets = [device.id for device in devices if device.kind == CABINET.id]
    if not cabinets:
        return {}
    first, last = (_meters(services, cabinets, period, edge) for edge in (Aggregate.FIRST, Aggregate.LAST))
    counted = {device: last[device] - first[device] for device in first.keys() & last.keys()}
    return {device: kwh for device, kwh in counted.items() if kwh >= 0}


def _meters(
    services: ApiServices, cabinets: Sequence[str], period: Period, edge: Aggregate
) -> Mapping[str, float]:
    query = WindowQuery(
        kind=CABINET.id, fields=[_ENERGY], aggregate=edge, from_ms=period.from_ms, to_ms=period.to_ms,
        devices=cabinets, zone=services.zone.key,
    )  # fmt: skip
    rows = services.telemetry.windows(query).select("device", _ENERGY).rows()
    return {device: kwh for device, kwh in rows if kwh is not None}


def _sum(energy: Mapping[str, float], members: Sequence[Device]) -> float | None:
    counted = [energy[device.id] for device in members if device.id in energy]
    return sum(counted) if counted else None
