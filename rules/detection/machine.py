"""The life of one condition on one device, as a pure function from state and reading to state and change.

inactive ──true──▶ pending ──held long enough──▶ active ──clear──▶ clearing ──held──▶ inactive
             ◀──false──                            ◀──not clear──
"""

from dataclasses import dataclass
from enum import IntEnum

import msgspec
from msgspec import Struct

from rules.rule import Missing

__all__ = ["Evidence", "PairState", "Phase", "Sample", "Timing", "Transition", "step", "under_new_version"]

_EVIDENCE_KEPT = 10


class Phase(IntEnum):
    """Where a condition stands; the numbers are what the engine keeps in its columns."""

    INACTIVE = 0
    PENDING = 1
    ACTIVE = 2
    CLEARING = 3


class Transition(IntEnum):
    """What a reading changed about the fault, if anything."""

    NONE = 0
    RAISED = 1
    CLEARED = 2


class Evidence(Struct, frozen=True, array_like=True):
    """A reading that made the condition true: its time, its number and the values used, by column."""

    ts_ms: int
    seq: int | None
    values: dict[str, float | bool | str | None]


@dataclass(frozen=True, slots=True)
class Sample:
    """A reading as the machine sees it: whether the condition and its end hold; None is unknown.

    `after_gap` says that readings are missing before it, more than twice the device's interval.
    """

    evidence: Evidence
    truth: bool | None
    clear: bool | None
    after_gap: bool


@dataclass(frozen=True, slots=True)
class Timing:
    """What a rule demands, in milliseconds of event time and in readings."""

    for_ms: int
    min_samples: int
    clear_for_ms: int
    missing: Missing


class PairState(Struct, frozen=True, array_like=True):
    """A condition that is not simply inactive.

    `since_ms` is the first true reading. `held_ms` is the event time counted towards the end of the phase,
    up to `counted_to_ms`; `paused` says that nothing is known since then.
    """

    phase: Phase
    since_ms: int
    counted_to_ms: int
    held_ms: int = 0
    samples: int = 1
    paused: bool = False
    evidence: tuple[Evidence, ...] = ()


def step(state: PairState | None, sample: Sample, timing: Timing) -> tuple[PairState | None, Transition]:
    """The state after a reading, None being inactive, and what that changed about the fault."""
    if state is None:
        return _inactive(sample, timing)
    if state.phase is Phase.PENDING:
        return _pending(state, sample, timing)
    return _active(state, sample, timing)


def _inactive(sample: Sample, timing: Timing) -> tuple[PairState | None, Transition]:
    if not sample.truth:
        return None, Transition.NONE
    now = sample.evidence.ts_ms
    return _raised_if_due(
        PairState(Phase.PENDING, since_ms=now, counted_to_ms=now, evidence=(sample.evidence,)), timing
    )


def _pending(state: PairState, sample: Sample, timing: Timing) -> tuple[PairState | None, Transition]:
    if sample.after_gap:
        if timing.missing is not Missing.KEEP:
            return _inactive(sample, timing)
        state = msgspec.structs.replace(state, paused=True)
    if sample.truth is None and timing.missing is Missing.KEEP:
        return msgspec.structs.replace(state, paused=True), Transition.NONE
    if not sample.truth:
        return None, Transition.NONE
    counted = _counted(state, sample.evidence.ts_ms)
    # The first reading gives the fault its identity; of the rest the latest say most.
    kept = (state.evidence[0], *state.evidence[1:][2 - _EVIDENCE_KEPT :], sample.evidence)
    grown = msgspec.structs.replace(counted, samples=state.samples + 1, evidence=kept)
    return _raised_if_due(grown, timing)


def _raised_if_due(state: PairState, timing: Timing) -> tuple[PairState, Transition]:
    if state.held_ms < timing.for_ms or state.samples < timing.min_samples:
        return state, Transition.NONE
    return msgspec.structs.replace(state, phase=Phase.ACTIVE, paused=False), Transition.RAISED


def _active(state: PairState, sample: Sample, timing: Timing) -> tuple[PairState | None, Transition]:
    clear = sample.clear
    if clear is None and timing.missing is Missing.CLEAR:
        clear = True
    if clear is None and timing.missing is Missing.KEEP:
        return msgspec.structs.replace(state, paused=True), Transition.NONE
    if not clear:
        return _back(state), Transition.NONE
    if sample.after_gap and state.phase is Phase.CLEARING:
        keeps = timing.missing is Missing.KEEP
        state = msgspec.structs.replace(state, paused=True) if keeps else _back(state)
    now = sample.evidence.ts_ms
    if state.phase is Phase.CLEARING:
        state = _counted(state, now)
    else:
        state = msgspec.structs.replace(
            state, phase=Phase.CLEARING, counted_to_ms=now, held_ms=0, paused=False
        )
    if state.held_ms >= timing.clear_for_ms:
        return None, Transition.CLEARED
    return state, Transition.NONE


def under_new_version(state: PairState) -> PairState | None:
    """The state when the rule becomes another: a fault stays, what counted towards a change does not."""
    return None if state.phase is Phase.PENDING else _back(state)


def _back(state: PairState) -> PairState:
    """Active again, with the clearing forgotten."""
    return msgspec.structs.replace(state, phase=Phase.ACTIVE, held_ms=0, paused=False)


def _counted(state: PairState, now_ms: int) -> PairState:
    """The state with the time since the last counted reading added, unless nothing is known about it."""
    passed = 0 if state.paused else now_ms - state.counted_to_ms
    return msgspec.structs.replace(state, held_ms=state.held_ms + passed, counted_to_ms=now_ms, paused=False)
