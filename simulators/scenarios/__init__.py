"""Scenarios as YAML, read by `simulators.scenario`."""
