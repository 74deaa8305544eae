"""Views for reports and dashboards, on PostgreSQL alone: what they show has no personal data.

Names of people, plates, vendors' identities, pictures, notes and payloads are in none of them.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_DEVICES = """
SELECT d.id, d.kind, d.area, d.area_name, d.street, d.name, d.latitude, d.longitude, d.life,
    d.powered_by, d.circuit, d.phase, d.uplink, d.interval_s, d.people_served,
    (d.attributes->>'rated_w')::double precision AS rated_w,
    to_timestamp(l.measured_at_ms / 1000.0) AS measured_at,
    to_timestamp(l.received_at_ms / 1000.0) AS received_at,
    s.online,
    coalesce(f.open_faults, 0) AS open_faults,
    CASE WHEN d.life <> 'in-service' THEN 'not-in-service'
        WHEN f.is_silent THEN 'silent'
        WHEN f.worst = 1 THEN 'critical'
        WHEN f.worst = 2 THEN 'major'
        WHEN f.worst IS NOT NULL THEN 'minor'
        WHEN l.device IS NULL THEN 'never-seen'
        ELSE 'ok' END AS state
FROM devices d
LEFT JOIN latest_state l ON l.device = d.id
LEFT JOIN device_status s ON s.device = d.id
LEFT JOIN (
    SELECT device, count(*) AS open_faults, bool_or(rule = 'any.silent') AS is_silent,
        min(CASE severity WHEN 'critical' THEN 1 WHEN 'major' THEN 2 ELSE 3 END) AS worst
    FROM faults WHERE state = 'active' GROUP BY device
) f ON f.device = d.id
"""

_FAULTS = """
SELECT f.number, f.id, f.rule, f.title_vi, f.title_en, f.device, f.kind, f.area, f.severity, f.state,
    to_timestamp(f.since_ms / 1000.0) AS since,
    to_timestamp(f.raised_at_ms / 1000.0) AS raised_at,
    to_timestamp(f.acknowledged_at_ms / 1000.0) AS acknowledged_at,
    to_timestamp(f.cleared_at_ms / 1000.0) AS cleared_at,
    coalesce(w.state, 'new') AS work_state, w.assignee AS crew, w.out_of_service AS maintenance_window,
    s.hold, i.number AS incident
FROM faults f
LEFT JOIN fault_work w ON w.fault = f.id
LEFT JOIN fault_standings s ON s.fault = f.id
LEFT JOIN incidents i ON i.id = s.incident
"""

_INCIDENTS = """
SELECT i.number, i.id, i.rule, i.title_vi, i.title_en, i.device, i.kind, i.area, i.severity, i.state,
    to_timestamp(i.since_ms / 1000.0) AS since,
    to_timestamp(i.opened_at_ms / 1000.0) AS opened_at,
    to_timestamp(i.cleared_at_ms / 1000.0) AS cleared_at,
    to_timestamp(f.acknowledged_at_ms / 1000.0) AS acknowledged_at,
    greatest(f.acknowledged_at_ms - i.opened_at_ms, 0) / 1000.0 AS acknowledging_s,
    (i.cleared_at_ms - i.opened_at_ms) / 1000.0 AS restoring_s,
    i.faults, i.devices, i.people, w.assignee AS crew,
    i.kind = 'collector' OR i.area = 'ioc' AS is_platform
FROM incidents i
JOIN faults f ON f.id = i.cause
LEFT JOIN fault_work w ON w.fault = f.id
WHERE i.state <> 'merged'
"""

_VIOLATIONS = """
SELECT number, type, title_vi, title_en, device, kind, area, state, lane, vehicle_class,
    to_timestamp(occurred_at_ms / 1000.0) AS occurred_at,
    to_timestamp(detected_at_ms / 1000.0) AS detected_at,
    (measured->>'speed_kmh')::double precision AS speed_kmh,
    (measured->>'limit_kmh')::double precision AS limit_kmh
FROM violations
"""

_KPIS = """
SELECT hour, area, sum(opened)::bigint AS opened, sum(cleared)::bigint AS cleared,
    sum(acknowledged)::bigint AS acknowledged,
    sum(acknowledging_s) / nullif(sum(acknowledged), 0) AS mtta_s,
    sum(restoring_s) / nullif(sum(cleared), 0) AS mttr_s
FROM (
    SELECT date_trunc('hour', opened_at) AS hour, area, 1 AS opened, 0 AS cleared,
        (acknowledged_at IS NOT NULL)::int AS acknowledged, acknowledging_s, 0 AS restoring_s
    FROM report.incidents
    UNION ALL
    SELECT date_trunc('hour', cleared_at), area, 0, 1, 0, 0, restoring_s
    FROM report.incidents WHERE cleared_at IS NOT NULL
) parts
GROUP BY hour, area
"""

_DEAD_LETTERS = """
SELECT date_trunc('minute', to_timestamp(received_at_ms / 1000.0)) AS minute, reason, count(*) AS letters
FROM dead_letters GROUP BY 1, 2
"""

_NOTIFICATIONS = """
SELECT route, channel, reason, state, attempts, to_timestamp(created_at_ms / 1000.0) AS created_at
FROM notify_outbox
"""

_VIEWS = {
    "devices": _DEVICES,
    "faults": _FAULTS,
    "incidents": _INCIDENTS,
    "violations": _VIOLATIONS,
    "kpis": _KPIS,
    "dead_letters": _DEAD_LETTERS,
    "notifications": _NOTIFICATIONS,
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("CREATE SCHEMA IF NOT EXISTS report")
    for name, question in _VIEWS.items():
        op.execute(f"CREATE OR REPLACE VIEW report.{name} AS {question}")
