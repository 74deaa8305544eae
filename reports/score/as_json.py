"""A score for scripts. The names are part of what `ioc score --json` promises."""

from typing import Any

from reports.score.figures import Figures, Score, TypeScore
from reports.score.times import rfc3339

__all__ = ["as_json"]


def as_json(score: Score) -> dict[str, Any]:
    """The score as plain data; shares are 0 to 1, delays seconds, absent figures null."""
    return {
        "precision": score.faults.precision,
        "recall": score.faults.recall,
        "median_delay_s": score.faults.median_delay_s,
        "p95_delay_s": score.faults.p95_delay_s,
        "incidents_per_operator_hour": score.incidents_per_operator_hour,
        "recall_of_covered": score.covered.recall,
        "injected": score.faults.injected,
        "left_out": score.faults.left_out,
        "observable": score.faults.observable,
        "found": score.faults.found,
        "missed": score.faults.missed,
        "false": score.faults.false,
        "repeats": score.faults.repeats,
        "symptoms": score.symptoms,
        "suppressed": score.suppressed,
        "incidents": score.incidents,
        "incidents_by_hour": list(score.incidents_by_hour),
        "operators": score.operators,
        "hours": round(score.hours, 3),
        "types_beyond_bound": [row.fault for row in score.types if row.is_within_bound is False],
        "violations": _figures(score.violations),
        "types": {row.fault: _row(row) for row in score.types},
        "city": score.city,
        "scenario": score.scenario,
        "seed": score.seed,
        "devices": score.devices,
        "from": rfc3339(score.from_ms),
        "to": rfc3339(score.to_ms),
        "run": dict(score.run),
        "missed_injections": [
            {
                "fault": one.fault,
                "device": one.device,
                "rules": list(one.rules),
                "from": rfc3339(one.from_ms),
                "to": rfc3339(one.to_ms),
                "observable_from": rfc3339(one.observable_from_ms),
                "detail": one.detail,
            }
            for one in score.missed
        ],
        "false_reports": [
            {
                "id": one.id,
                "rule": one.rule,
                "device": one.device,
                "at": rfc3339(one.at_ms),
                "look_alike": one.look_alike or None,
            }
            for one in score.false
        ],
    }


def _row(row: TypeScore) -> dict[str, Any]:
    if not row.real:
        return {"real": False, "injected": row.figures.injected, "false": row.figures.false}
    return {
        "real": True,
        "violation": row.violation,
        "covered": row.covered,
        **_figures(row.figures),
        "bound_s": row.bound_s,
        "within_bound": row.is_within_bound,
    }


def _figures(figures: Figures) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "injected": figures.injected,
        "left_out": figures.left_out,
        "observable": figures.observable,
        "found": figures.found,
        "missed": figures.missed,
        "false": figures.false,
        "repeats": figures.repeats,
        "precision": figures.precision,
        "recall": figures.recall,
        "median_delay_s": figures.median_delay_s,
        "p95_delay_s": figures.p95_delay_s,
    }
    if figures.events is not None:
        plain |= {
            "events": figures.events,
            "events_found": figures.events_found,
            "event_recall": figures.event_recall,
        }
    return plain
