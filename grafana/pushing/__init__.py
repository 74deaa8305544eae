"""Pushing to a running Grafana: what differs, and what is done about it."""
