"""Notification joined to the rest: the plan that the settings name, its leader jobs, and the crews' desk."""

from collections.abc import Callable
from dataclasses import dataclass

from app.errors import StartError
from app.leader import LeaderJob
from app.report_job import ReportJob, report_trigger
from app.settings import ServiceSettings
from devices.cities import City
from devices.clock import Clock, SystemClock
from devices.entities.crews import ENTITY as CREWS
from devices.entities.shifts import ENTITY as SHIFTS
from devices.registry import Registry
from notify.configuration import NotifyPlan, read_plan
from notify.deciding import Deciding, LinkTerms
from notify.delivery import Delivery, page_link
from notify.desk import CrewDesk
from notify.errors import NotifyConfigError
from notify.links import LinkKey
from notify.operations_incidents import OperationsIncidents
from notify.people import People
from reports.operations_report import ReportKind
from store.operations.database import OperationsDatabase
from store.operations.entities import EntityRepository
from store.operations.links import LinkRepository
from store.operations.outbox import Outbox

__all__ = ["Notifying", "crew_desk", "notify_jobs", "read_notifying", "report_job"]

_HOUR_MS = 3_600_000


@dataclass(frozen=True, kw_only=True)
class Notifying:
    """Who is told how, the key that signs links, and the address under which phones reach this service."""

    plan: NotifyPlan
    key: LinkKey
    public_url: str


def read_notifying(settings: ServiceSettings) -> Notifying | None:
    """What the settings say of notification; None where nobody is to be told.

    Raises:
        StartError: it is not whole, or a file of it breaks rules.
    """
    if settings.notify_file is None:
        return None
    if settings.public_url is None:
        raise StartError(
            "IOC_NOTIFY_FILE wants IOC_PUBLIC_URL too: the address under which phones reach this service"
        )
    try:
        key = LinkKey(_link_key(settings).encode())
        return Notifying(
            plan=read_plan(settings.notify_file, SystemClock()),
            key=key,
            public_url=settings.public_url,
        )
    except NotifyConfigError as error:
        raise StartError(f"IOC_NOTIFY_FILE: {error}") from error
    except ValueError as error:
        raise StartError(f"IOC_LINK_KEY: {error}") from error


def notify_jobs(
    settings: ServiceSettings, operations: OperationsDatabase, registry: Callable[[], Registry], city: City
) -> list[LeaderJob]:
    """The jobs that decide whom to tell and deliver it; none where nobody is to be told.

    Raises:
        StartError: as `read_notifying`.
    """
    notifying = read_notifying(settings)
    if notifying is None:
        return []
    entities = EntityRepository(operations)
    deciding = Deciding(
        operations,
        OperationsIncidents(operations, registry),
        notifying.plan,
        lambda: People(tuple(entities.load(CREWS)), tuple(entities.load(SHIFTS)), city.zone),
        LinkTerms(key=notifying.key, valid_ms=settings.link_days * 24 * _HOUR_MS),
        SystemClock(),
    )
    delivery = Delivery(
        Outbox(operations),
        notifying.plan,
        page_link(notifying.key, notifying.public_url),
        real_clock=SystemClock(),
    )
    return [deciding, delivery]


def report_job(settings: ServiceSettings, operations: OperationsDatabase, city: City) -> ReportJob:
    """The job that makes reports at their times, in the folder `reports` of the data directory.

    Raises:
        StartError: a time is none, or as `read_notifying`.
    """
    notifying = read_notifying(settings)
    times = {ReportKind.DIGEST: settings.report_digest, ReportKind.WEEKLY: settings.report_weekly}
    triggers = {}
    for kind, crontab in times.items():
        if crontab:
            try:
                triggers[kind] = report_trigger(crontab, city)
            except ValueError as error:
                raise StartError(
                    f"IOC_REPORT_{kind.upper()} is a crontab line such as '0 7 * * mon', got"
                    f" {crontab!r}: {error}"
                ) from error
    plan = notifying.plan if notifying is not None else None
    return ReportJob(operations, settings.data_dir / "reports", city, triggers, plan)


def crew_desk(
    settings: ServiceSettings,
    operations: OperationsDatabase,
    registry: Callable[[], Registry],
    city: City,
    clock: Clock,
) -> CrewDesk | None:
    """Where links lead to; None where none are sent.

    Raises:
        StartError: as `read_notifying`.
    """
    notifying = read_notifying(settings)
    if notifying is None:
        return None
    return CrewDesk(
        LinkRepository(operations),
        OperationsIncidents(operations, registry),
        notifying.key,
        zone=city.zone.key,
        closed_ms=settings.link_closed_hours * _HOUR_MS,
        clock=clock,
        real_clock=SystemClock(),
    )


def _link_key(settings: ServiceSettings) -> str:
    """The key, from its file where one is named.

    Raises:
        StartError: there is none, or its file cannot be read.
    """
    file = settings.link_key_file
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise StartError(f"IOC_LINK_KEY_FILE={str(file)!r} cannot be read ({error})") from error
    if settings.link_key is None:
        raise StartError(
            "IOC_NOTIFY_FILE wants IOC_LINK_KEY_FILE too: a file with the key that signs crews' links, made"
            " by openssl rand -hex 32"
        )
    return settings.link_key.get_secret_value()
