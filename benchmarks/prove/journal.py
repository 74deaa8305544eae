"""The journal under Hypothesis, much longer than in the tests: crashes, torn writes, flipped bits."""

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from benchmarks.journal_machine import DamagedJournalMachine

_EXAMPLES = 1_500
_STEPS = 40


def prove(scale: float, folder: Path) -> dict[str, Any]:  # noqa: ARG001 - every proof is handed one
    """Damage journals in many ways; how many.

    Raises:
        AssertionError: one held what was never written, lost what was synced, or did not add up.
    """
    examples = max(1, round(_EXAMPLES * scale))
    run_state_machine_as_test(
        DamagedJournalMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=_STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    return {"journals": examples, "steps": _STEPS}
