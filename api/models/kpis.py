"""Key figures as the API shows them."""

from enum import StrEnum

from api.models.common import Model
from api.times import Moment, moment
from reports.kpis import Figures, Period

__all__ = ["KpiGroup", "KpiView", "KpisView"]

_MS_A_SECOND = 1_000
_MS_AN_HOUR = 3_600_000


class KpiGroup(StrEnum):
    """By what figures are told apart."""

    CITY = "city"
    AREA = "area"
    KIND = "kind"
    CONTRACTOR = "contractor"


class KpiView(Model):
    """The figures of one group."""

    group: str
    """Slug of a ward, a kind, a contractor (empty where no crew has it), or `city`."""
    devices: int | None
    """Devices in service; null for a contractor, who has none."""
    opened: int
    """Incidents opened in the period."""
    cleared: int
    """Incidents that ended in it."""
    open: int
    """Still open at its end."""
    unacknowledged: int
    """Of those opened, how many nobody acknowledged: `mtta_s` says nothing of them."""
    mtta_s: float | None
    """Mean time from opening to acknowledgement."""
    mttr_s: float | None
    """Mean time from opening to the end that telemetry showed."""
    availability_ratio: float | None
    """Share of the devices' time without a critical or major fault."""
    energy_kwh: float | None
    """What the cabinets' meters counted; null where none did."""
    incidents_per_operator_hour: float

    @classmethod
    def of(
        cls,
        group: str,
        figures: Figures,
        *,
        devices: int | None,
        availability: float | None,
        energy_kwh: float | None,
        operators: int,
    ) -> "KpiView":
        """The figures of a group."""
        hours = (figures.period.to_ms - figures.period.from_ms) / _MS_AN_HOUR
        return cls(
            group=group,
            devices=devices,
            opened=figures.opened,
            cleared=figures.cleared,
            open=figures.open,
            unacknowledged=figures.unacknowledged,
            mtta_s=_seconds(figures.mtta_ms),
            mttr_s=_seconds(figures.mttr_ms),
            availability_ratio=availability,
            energy_kwh=energy_kwh,
            incidents_per_operator_hour=figures.opened / hours / operators,
        )


class KpisView(Model):
    """The figures of a period."""

    from_: Moment
    to: Moment
    by: KpiGroup
    groups: list[KpiView]

    @classmethod
    def over(cls, period: Period, by: KpiGroup, groups: list[KpiView]) -> "KpisView":
        """The figures of the groups of a period."""
        return cls(from_=moment(period.from_ms), to=moment(period.to_ms), by=by, groups=groups)


def _seconds(mean_ms: float | None) -> float | None:
    return None if mean_ms is None else mean_ms / _MS_A_SECOND
