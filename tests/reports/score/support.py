"""A small world to score: short ways to say what was wrong and what was raised."""

from typing import Any

from reports.score.catalogue import RuleBook
from reports.score.raised import RaisedFault, Reports, SuspectedViolation
from reports.score.truth import Injection, Truth

__all__ = ["BOOK", "MINUTE_MS", "START_MS", "injection", "raised", "reports", "suspected", "truth"]

START_MS = 1_780_000_000_000
MINUTE_MS = 60_000
BOOK = RuleBook(
    known=frozenset({"lamp.out", "any.silent", "camera.speeding"}),
    of_events=frozenset({"camera.speeding"}),
    reactions_ms={
        ("lamp.out", "streetlight"): 6 * MINUTE_MS,
        ("any.silent", "streetlight"): 5 * MINUTE_MS,
        ("camera.speeding", "traffic-camera"): 0,
    },
)


def injection(device: str = "L-1", from_min: float = 10, to_min: float = 60, **more: Any) -> Injection:
    """A lamp that is out from one minute of the run to another, observable at once."""
    from_ms = START_MS + round(from_min * MINUTE_MS)
    values: dict[str, Any] = {
        "fault": "lamp_out",
        "kind": "streetlight",
        "rules": ("lamp.out",),
        "observable_from_ms": from_ms,
    } | more
    return Injection(device=device, from_ms=from_ms, to_ms=START_MS + round(to_min * MINUTE_MS), **values)


def raised(device: str = "L-1", at_min: float = 15, *, rule: str = "lamp.out", **more: Any) -> RaisedFault:
    """A fault raised at a minute of the run, detected five seconds later."""
    at_ms = START_MS + round(at_min * MINUTE_MS)
    values: dict[str, Any] = {
        "kind": "streetlight",
        "since_ms": at_ms,
        "detected_at_ms": at_ms + 5_000,
    } | more
    return RaisedFault(id=f"{rule}|{device}|{at_ms}", rule=rule, device=device, raised_at_ms=at_ms, **values)


def suspected(at_min: float, device: str = "T-1", rule: str = "camera.speeding") -> SuspectedViolation:
    """A suspected violation that occurred at a minute of the run."""
    at_ms = START_MS + round(at_min * MINUTE_MS)
    return SuspectedViolation(
        id=f"{rule}|{device}|{at_ms}",
        rule=rule,
        device=device,
        kind="traffic-camera",
        occurred_at_ms=at_ms,
        detected_at_ms=at_ms + 2_000,
    )


def truth(*injections: Injection, hours: float = 3, devices: int = 1_000) -> Truth:
    """A run of some hours."""
    return Truth(
        city="tam-ky",
        scenario="test",
        seed=1,
        devices=devices,
        from_ms=START_MS,
        to_ms=START_MS + round(hours * 60 * MINUTE_MS),
        injections=injections,
    )


def reports(*faults: RaisedFault, violations: tuple[SuspectedViolation, ...] = ()) -> Reports:
    """What was raised."""
    return Reports(faults=faults, violations=violations)
