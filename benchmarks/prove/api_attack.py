"""Proof: made-up requests to every operation of the OpenAPI document break no service and no promise.

500 requests to each operation at full size, as an administrator, by schemathesis: no server error, no status,
content type, header or body that the document does not promise, nothing valid refused and nothing invalid
taken. Streams are tested on their own.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from prometheus_client import CollectorRegistry
from schemathesis.checks import CHECKS

from api.application import create_app
from api.rate_limits import Limiter, Limits
from api.roles import Role
from api.services import ApiServices, OperationsViews
from devices.cities import load_city
from devices.clock import SystemClock
from devices.registry import Device, Registry
from rules.ruleset import LiveRules, installed_rules
from store.duckdb_store import DuckdbTelemetryStore
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.registrar import Registrar

__all__ = ["attack", "attacked", "prove"]

_EXAMPLES = 500
_ENDLESS = "/v1/stream"
# Ids that nobody has are well-formed: the API may and must refuse them with 404, and others' states with 409.
_UNFIT = frozenset({"ensure_resource_availability", "use_after_free", "object_level_authorization"})
_CHECKS = [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in _UNFIT]


def prove(scale: float, folder: Path) -> dict[str, Any]:
    """Attack every operation.

    Raises:
        AssertionError: the service failed, or broke a promise.
    """
    examples = max(int(_EXAMPLES * scale), 1)
    with attacked(folder) as (schema, token):
        failures = {name: problem for name, problem in attack(schema, token, examples) if problem}
        operations = schema.statistic.operations.total
    assert not failures, "\n\n".join(f"{name}: {problem}" for name, problem in failures.items())
    return {"operations": operations, "examples_each": examples, "failures": 0}


@contextmanager
def attacked(folder: Path) -> Iterator[tuple[Any, str]]:
    """The schema of a service of its own with a small city, and an administrator's key."""
    database = OperationsDatabase.open(sqlite_url(folder / "operations.db"))
    telemetry = DuckdbTelemetryStore(folder / "telemetry")
    try:
        app = create_app(_services(database, telemetry))
        views = OperationsViews.of(database)
        key = views.keys.create("attacker", Role.ADMIN, who="proof", at_ms=SystemClock().now_ms())
        schema = schemathesis.openapi.from_asgi("/openapi.json", app)
        yield schema.exclude(path=_ENDLESS), key.token
    finally:
        telemetry.close()
        database.close()


def attack(schema: Any, token: str, examples: int) -> Iterator[tuple[str, str]]:
    """Each operation, and what went wrong with it; empty for nothing."""
    for result in schema.get_all_operations():
        operation = result.ok()
        yield operation.label, _problem_of(operation, token, examples)


def _problem_of(operation: Any, token: str, examples: int) -> str:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def requests(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=_CHECKS)

    try:
        requests()
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - whatever breaks, breaks this operation
        return "\n".join(traceback.format_exception_only(error))
    return ""


def _services(database: OperationsDatabase, telemetry: DuckdbTelemetryStore) -> ApiServices:
    registry = Registry(
        [
            Device(id="cabinet-1", kind="lighting-cabinet", area="tam-ky"),
            Device(id="lamp-1", kind="streetlight", area="tam-ky", attributes={"rated_w": 60.0}),
            Device(id="camera-1", kind="traffic-camera", area="ban-thach"),
        ]
    )
    rules = LiveRules(lambda: installed_rules(None))
    _ = rules.rules
    return ApiServices(
        operations=OperationsViews.of(database),
        telemetry=telemetry,
        registry=lambda: registry,
        registrar=Registrar(database, lambda *_: None),
        zone=ZoneInfo(load_city("tam-ky").zone.key),
        health=dict,
        metrics=CollectorRegistry(),
        clock=SystemClock(),
        version="0",
        rules=rules,
        limits=Limits(known=Limiter(0, 1), unknown=Limiter(0, 1)),
    )
