"""Telemetry, operations and evidence at rest: ports, backends and migrations."""
