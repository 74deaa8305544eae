"""Names of what dashboards may read of operations, for whoever writes questions."""

__all__ = ["REPORT_ROLE", "REPORT_SCHEMA", "REPORT_VIEWS"]

REPORT_SCHEMA = "report"
REPORT_ROLE = "ioc_report"
REPORT_VIEWS = ("dead_letters", "devices", "faults", "incidents", "kpis", "notifications", "violations")
