"""Rules: what the service works with, and loading them anew."""

from typing import Annotated, Any

from fastapi import APIRouter

from api.auth import Caller, Scope, needs
from api.models.rules import RulesChangeView, RuleView
from api.problems import Problem, ProblemKind
from api.services import Services
from rules.errors import RulesError
from store.operations.rule_reloads import reload_rules

__all__ = ["router"]

router = APIRouter(prefix="/v1/rules", tags=["rules"])

_WRONG: dict[int | str, dict[str, Any]] = {422: {"description": "A rule is wrong; the old ones stay"}}


@router.get("", dependencies=[needs(Scope.FAULTS_READ)])
def list_rules(services: Services) -> list[RuleView]:
    """The rules that hold now, by id."""
    return [RuleView.of(rule) for rule in services.rules.rules]


@router.post("/reload", responses=_WRONG)
def reload(services: Services, caller: Annotated[Caller, needs(Scope.RULES_RELOAD)]) -> RulesChangeView:
    """Load the rules anew: all of them or none. States and timers of unchanged rules go on."""
    audit = services.operations.audit
    try:
        change = reload_rules(services.rules, audit, caller.name, services.clock.now_ms())
    except RulesError as error:
        raise Problem(ProblemKind.INVALID, str(error)) from error
    return RulesChangeView.of(change)
