"""The reasons kept with each change: what the rule says, with values, readings, timers; plain JSON."""

from collections.abc import Mapping
from typing import Any

from rules.detection.machine import Evidence, PairState
from rules.detection.readiness import NO_SEQ
from rules.expressions.expression import Expression
from rules.expressions.rendering import render
from rules.expressions.scope import column_of
from rules.rule import Lasting, Rule, Silence

__all__ = ["why_cleared", "why_raised", "why_retired", "why_silent", "why_speaking", "why_suspected"]


def _rule(rule: Rule) -> dict[str, Any]:
    return {"rule": rule.id, "version": rule.version}


def _sample(evidence: Evidence, expression: Expression) -> dict[str, Any]:
    """A reading with the values that the expression used, under the names it uses."""
    used = {name.text: evidence.values.get(column_of(name)) for name in expression.names}
    return {"measured_at_ms": evidence.ts_ms, "seq": evidence.seq, "values": used}


def why_raised(rule: Rule, pattern: Lasting, state: PairState, watermark_ms: int) -> dict[str, Any]:
    """Why a condition became a fault; the values are those of the last reading that proved it."""
    return _rule(rule) | {
        "expression": pattern.when.text,
        "values": render(pattern.when.tree, state.evidence[-1].values),
        "samples": [_sample(evidence, pattern.when) for evidence in state.evidence],
        "timers": {
            "for_ms": pattern.for_ms,
            "held_ms": state.held_ms,
            "min_samples": pattern.min_samples,
            "samples": state.samples,
        },
        "missing": pattern.missing.value,
        "watermark_ms": watermark_ms,
    }


def why_cleared(rule: Rule, pattern: Lasting, evidence: Evidence, watermark_ms: int) -> dict[str, Any]:
    """Why a fault ended; the values are those of the reading that ended it."""
    ends = pattern.clear_when
    expression = ends or pattern.when
    values = render(expression.tree, evidence.values)
    return _rule(rule) | {
        "expression": ends.text if ends else f"!({pattern.when.text})",
        "values": values if ends else f"!({values})",
        "samples": [_sample(evidence, expression)],
        "timers": {"clear_for_ms": pattern.clear_for_ms},
        "missing": pattern.missing.value,
        "watermark_ms": watermark_ms,
    }


def why_silent(
    rule: Rule, pattern: Silence, last: Mapping[str, Any], received_up_to_ms: int
) -> dict[str, Any]:
    """Why a device counts as silent.

    `last` has `max_ts`, `last_seq` and `lag` of its last reading, and `expected`, the ms it may be silent.
    """
    silent_ms = received_up_to_ms - last["max_ts"]
    seq = None if last["last_seq"] == NO_SEQ else last["last_seq"]
    sample = {"measured_at_ms": last["max_ts"], "seq": seq, "values": {}}
    return _rule(rule) | {
        "expression": f"no reading for {pattern.tolerate:g} intervals and {pattern.jitter_ms / 1000:g} s",
        "values": f"{silent_ms / 1000:g} s since the last reading, {last['expected'] / 1000:g} s allowed",
        "samples": [sample],
        "timers": {"expected_ms": last["expected"], "usual_delay_ms": last["lag"]},
        "received_up_to_ms": received_up_to_ms,
    }


def why_speaking(rule: Rule, measured_at_ms: int) -> dict[str, Any]:
    """Why a device no longer counts as silent."""
    sample = {"measured_at_ms": measured_at_ms, "values": {}}
    return _rule(rule) | {"expression": "a reading came", "values": "", "samples": [sample]}


def why_retired(rule_id: str, reason: str) -> dict[str, Any]:
    """Why a fault ended although no reading said so."""
    return {"rule": rule_id, "expression": reason, "values": "", "samples": []}


def why_suspected(
    rule: Rule, expression: Expression, row: Mapping[str, Any], notes: Mapping[str, Any]
) -> dict[str, Any]:
    """Why a vehicle is suspected, with notes on the event's times."""
    used = {name.text: row.get(column_of(name)) for name in expression.names}
    sample = {"measured_at_ms": row["ts"], "event": row["id"], "vehicle": row["vehicle"], "values": used}
    return _rule(rule) | {
        "expression": expression.text,
        "values": render(expression.tree, row),
        "samples": [sample],
        **notes,
    }
