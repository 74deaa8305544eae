"""Rules: what the service works with, and loading them anew."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from api.auth import Caller, Scope, needs
from api.models.rules import RulesChangeView, RuleView, WhyNotView
from api.problems import Problem, ProblemKind
from api.services import Services
from api.times import QueryMoment
from devices.catalogue import kinds
from rules.errors import RulesError
from rules.expressions.windows import USUAL, USUAL_DAYS
from rules.rule import Pattern, Silence
from rules.why_not import why_not
from store.operations.rule_reloads import reload_rules
from store.telemetry import RangeQuery

__all__ = ["router"]

router = APIRouter(prefix="/v1/rules", tags=["rules"])

_DAY_MS = 86_400_000
_LOOKED_BACK_MS = _DAY_MS
_USUAL_BACK_MS = (USUAL_DAYS + 1) * _DAY_MS
_MOST_READINGS = 100_000
_WRONG: dict[int | str, dict[str, Any]] = {422: {"description": "A rule is wrong; the old ones stay"}}


@router.get("", dependencies=[needs(Scope.FAULTS_READ, within=True)])
def list_rules(services: Services) -> list[RuleView]:
    """The rules that hold now, by id."""
    return [RuleView.of(rule) for rule in services.rules.rules]


@router.get("/{rule}/why-not", dependencies=[needs(Scope.TELEMETRY_READ)])
def get_why_not(
    rule: Annotated[str, Path(max_length=64, description="Id of the rule")],
    services: Services,
    device: Annotated[str, Query(max_length=64, description="Id of the device")],
    at: Annotated[QueryMoment, Query(description="The moment asked about")],
) -> WhyNotView:
    """Why a rule has found a fault of a device at a moment, or none: which term fails, with the values.

    From the readings of the day before (of eight days for a rule that asks what is usual), by the rules,
    registry and programmes of now.
    """
    asked = next((one for one in services.rules.rules if one.id == rule), None)
    known = services.registry().get(device)
    if asked is None or known is None:
        what = f"rule {rule!r}" if asked is None else f"device {device!r}"
        raise Problem(ProblemKind.NOT_FOUND, f"there is no {what}")
    if services.new_engine is None:
        raise Problem(ProblemKind.NOT_READY, "this process has no rules engine to ask; ask one that detects")
    if known.kind not in asked.patterns:
        raise Problem(ProblemKind.INVALID, f"the rule {rule!r} does not watch a {known.kind}", field="device")
    try:
        query = RangeQuery(
            kind=known.kind,
            devices=[device],
            from_ms=at - _looked_back_ms(asked.patterns[known.kind]),
            to_ms=at + 1,
            fields=kinds()[known.kind].field_names,
            limit=_MOST_READINGS,
        )
        found = why_not(services.new_engine([asked]), asked, known, services.telemetry.range(query), at)
    except LookupError as error:
        raise Problem(ProblemKind.INVALID, str(error), field="rule") from error
    return WhyNotView.of(asked, device, found)


def _looked_back_ms(pattern: Pattern) -> int:
    """How much of a device's past a pattern is judged by."""
    expressions = () if isinstance(pattern, Silence) else pattern.expressions
    asks_usual = any(call.function == USUAL for one in expressions for call in one.windows)
    return _USUAL_BACK_MS if asks_usual else _LOOKED_BACK_MS


@router.post("/reload", responses=_WRONG)
def reload(services: Services, caller: Annotated[Caller, needs(Scope.RULES_RELOAD)]) -> RulesChangeView:
    """Load the rules anew: all of them or none. States and timers of unchanged rules go on."""
    audit = services.operations.audit
    try:
        change = reload_rules(services.rules, audit, caller.name, services.clock.now_ms())
    except RulesError as error:
        raise Problem(ProblemKind.INVALID, str(error)) from error
    return RulesChangeView.of(change)
