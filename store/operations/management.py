"""What a management step reads, and what it decided written down in one transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, false, func, insert, or_, select, true

from devices.description import Label
from rules.faults import Severity
from rules.flap import flapping_rule
from rules.management.incident import Incident, IncidentChange, IncidentState, IncidentStep
from rules.management.replay import Spell
from rules.management.situation import ActiveFault, Decisions, Situation
from rules.management.standing import Hold, Standing
from store.operations.changes import Step, append_changes
from store.operations.counters import Counter, allocate
from store.operations.database import OperationsDatabase
from store.operations.detection_changes import write_changes
from store.operations.dialects import bulk_upsert, upsert
from store.operations.incident_records import IncidentRecord, incident_from_row, incident_to_row
from store.operations.incident_tables import fault_standings, incident_history, incidents
from store.operations.paging import in_chunks
from store.operations.records import FaultState, Transition, to_body
from store.operations.tables import fault_history, fault_work, faults

__all__ = ["ManagementTables", "standing_from_row"]

_PLAIN = ("id", "rule", "device", "kind", "area", "since_ms", "detected_at_ms")


class ManagementTables:
    """Management's view of the operations store. Only the leader commits."""

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def situation(self, explained: Collection[str]) -> Situation:
        """All active faults, live standings and incidents, of one moment.

        Only faults of the rules in `explained` come with their explanation.

        Raises:
            OperationsUnavailableError: the database does not answer.
        """
        with self._database.read() as connection:
            return Situation(
                active=_flapping_hidden(_faults(connection, explained, faults.c.state == FaultState.ACTIVE)),
                standings=_standings(connection),
                incidents=_live_incidents(connection),
            )

    def spells(self, explained: Collection[str]) -> list[Spell]:
        """Every fault there ever was, with when its end was noticed.

        Raises:
            OperationsUnavailableError: the database does not answer.
        """
        ended = select(fault_history.c.fault, func.min(fault_history.c.at_ms).label("at_ms"))
        ended = ended.where(fault_history.c.transition == Transition.CLEARED).group_by(fault_history.c.fault)
        with self._database.read() as connection:
            ends = {row.fault: row.at_ms for row in connection.execute(ended)}
            found = _faults(connection, explained, true())
        return [Spell(fault=one, ended_at_ms=ends.get(one.id)) for one in found.values()]

    def commit(self, decisions: Decisions, now_ms: int) -> None:
        """Write everything or nothing; the changes of incidents are in the feed, in their order.

        Raises:
            OperationsUnavailableError: nothing was written.
        """
        if decisions.is_empty:
            return
        with self._database.write() as connection:
            # Taken first, as the order of the counters asks.
            numbered = _numbered_incidents(connection, decisions.incidents)
            write_changes(connection, [*decisions.raised, *decisions.cleared])
            bulk_upsert(
                connection,
                fault_standings,
                [_standing_row(one) for one in decisions.standings],
                key=["fault"],
            )
            _write_incidents(connection, decisions.incidents, numbered, now_ms)


def _faults(
    connection: Connection, explained: Collection[str], wanted: ColumnElement[bool]
) -> Mapping[str, ActiveFault]:
    columns = (*(faults.c[name] for name in _PLAIN), faults.c.title_vi, faults.c.title_en, faults.c.severity)
    whys = select(faults.c.id, faults.c.why).where(wanted, faults.c.rule.in_(sorted(explained)))
    why: dict[str, Mapping[str, Any]] = {row.id: row.why for row in connection.execute(whys)}
    hiding = (fault_work.c.out_of_service, fault_work.c.shelved_until_ms, fault_work.c.closed_at_ms)
    hidden = or_(*(column.is_not(None) for column in hiding))
    query = select(*columns, func.coalesce(hidden, false()).label("is_hidden"))
    with_work = faults.outerjoin(fault_work, fault_work.c.fault == faults.c.id)
    rows = connection.execute(query.select_from(with_work).where(wanted)).mappings()
    return {row["id"]: _fault(row, why.get(row["id"], {})) for row in rows}


def _flapping_hidden(active: Mapping[str, ActiveFault]) -> Mapping[str, ActiveFault]:
    """The active faults; while one comes and goes, its flapping is what people hear of."""
    standing = {(one.rule, one.device) for one in active.values()}
    return {
        fault: replace(one, is_hidden=True) if (flapping_rule(one.rule), one.device) in standing else one
        for fault, one in active.items()
    }


def _fault(row: RowMapping, why: Mapping[str, Any]) -> ActiveFault:
    plain = {name: row[name] for name in (*_PLAIN, "is_hidden")}
    title = Label(vi=row["title_vi"], en=row["title_en"])
    return ActiveFault(**plain, title=title, severity=Severity(row["severity"]), why=why)


def _standings(connection: Connection) -> Mapping[str, Standing]:
    rows = connection.execute(select(fault_standings).where(fault_standings.c.is_live == true())).mappings()
    return {row["fault"]: standing_from_row(row) for row in rows}


def standing_from_row(row: RowMapping) -> Standing:
    """The standing in a row; columns it does not have are left out."""
    plain = {one.name: row[one.name] for one in fields(Standing) if one.name not in ("hold", "reason")}
    reason = None if row["reason_vi"] is None else Label(vi=row["reason_vi"], en=row["reason_en"])
    return Standing(**plain, hold=Hold(row["hold"]), reason=reason)


def _standing_row(standing: Standing) -> dict[str, Any]:
    row = {one.name: getattr(standing, one.name) for one in fields(Standing)}
    reason: Label | None = row.pop("reason")
    return row | {
        "reason_vi": reason.vi if reason is not None else None,
        "reason_en": reason.en if reason is not None else None,
    }


def _live_incidents(connection: Connection) -> Mapping[str, Incident]:
    query = (
        select(incidents)
        .join(fault_standings, fault_standings.c.fault == incidents.c.cause)
        .where(fault_standings.c.is_live == true(), incidents.c.state != IncidentState.CLEARED)
    )
    found = (incident_from_row(row) for row in connection.execute(query).mappings())
    return {one.id: _incident(one) for one in found}


def _incident(record: IncidentRecord) -> Incident:
    return Incident(**{one.name: getattr(record, one.name) for one in fields(Incident)})


def _numbered_incidents(connection: Connection, steps: Sequence[IncidentStep]) -> list[IncidentRecord]:
    """The incident of each step with its number, one of its own if it is new, and its version."""
    numbers, versions = _known(connection, list(dict.fromkeys(one.incident.id for one in steps)))
    new = dict.fromkeys(one.incident.id for one in steps if one.incident.id not in numbers)
    numbers |= dict(zip(new, allocate(connection, Counter.INCIDENT, len(new)), strict=True))
    records: list[IncidentRecord] = []
    for step in steps:
        own = step.incident.id
        versions[own] = versions.get(own, 0) + 1
        plain = {one.name: getattr(step.incident, one.name) for one in fields(Incident)}
        records.append(IncidentRecord(**plain, number=numbers[own], version=versions[own]))
    return records


def _known(connection: Connection, ids: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """The numbers and versions of the incidents that exist."""
    numbers: dict[str, int] = {}
    versions: dict[str, int] = {}
    for chunk in in_chunks(ids):
        query = select(incidents.c.id, incidents.c.number, incidents.c.version)
        for row in connection.execute(query.where(incidents.c.id.in_(chunk))):
            numbers[row.id], versions[row.id] = row.number, row.version
    return numbers, versions


def _write_incidents(
    connection: Connection, steps: Sequence[IncidentStep], records: Sequence[IncidentRecord], now_ms: int
) -> None:
    changes = [Step(one, step.change, now_ms) for one, step in zip(records, steps, strict=True)]
    written = append_changes(connection, changes)
    last = {one.id: one for one in written}
    if not steps:
        return
    # Not in bulk: a column of lists is no array of values.
    overwriting = upsert(connection, incidents, key=["number"])
    connection.execute(overwriting, [incident_to_row(one) for one in last.values()])
    rows = [
        _history_row(one, step.change, step.detail, now_ms) for one, step in zip(written, steps, strict=True)
    ]
    connection.execute(insert(incident_history), rows)


def _history_row(
    record: IncidentRecord, change: IncidentChange, detail: Mapping[str, Any], at_ms: int
) -> dict[str, Any]:
    return {
        "revision": record.revision,
        "incident": record.id,
        "at_ms": at_ms,
        "change": change,
        "detail": dict(detail),
        "body": to_body(record),
    }
