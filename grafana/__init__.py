"""Dashboards and alerting as code. Empty until its first dashboard; its place and layer are fixed."""
