"""Health as the API shows it."""

from typing import Literal

from api.models.common import Model

__all__ = ["CheckView", "HealthView", "ReadyView"]


class HealthView(Model):
    """The process answers."""

    status: Literal["alive"]
    version: str


class CheckView(Model):
    """Whether one part of the service works, and why not."""

    ok: bool
    detail: str


class ReadyView(Model):
    """Every part works."""

    status: Literal["ready"]
    checks: dict[str, CheckView]
