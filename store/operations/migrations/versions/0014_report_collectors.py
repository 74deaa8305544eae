"""Collectors, which are in no registry, are among the devices that dashboards read."""

from alembic import op

revision = "0014"
down_revision = "0013"
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

# Collectors speak and are in no registry.
_UNREGISTERED = """
SELECT l.device, l.kind, l.area, NULL, NULL, l.device, NULL, NULL, 'in-service', NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, to_timestamp(l.measured_at_ms / 1000.0), to_timestamp(l.received_at_ms / 1000.0),
    s.online,
    (SELECT count(*) FROM faults f WHERE f.device = l.device AND f.state = 'active'),
    CASE WHEN EXISTS (SELECT FROM faults f WHERE f.device = l.device AND f.state = 'active') THEN 'major'
        ELSE 'ok' END
FROM latest_state l
LEFT JOIN device_status s ON s.device = l.device
WHERE NOT EXISTS (SELECT FROM devices d WHERE d.id = l.device)
"""


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    # Its columns change their types, which no view can be told; its reader has the schema's default rights.
    op.execute("DROP VIEW report.devices")
    op.execute(f"CREATE VIEW report.devices AS {_DEVICES} UNION ALL {_UNREGISTERED}")
