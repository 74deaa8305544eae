"""Dashboards and alerting as code, and pushing them to a Grafana."""
