"""Whatever detection, people and time do in whatever order, the life of faults stays one that can be."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rules.lifecycle.deeds import (
    Acknowledge,
    Assign,
    Close,
    Comment,
    Deed,
    SetWork,
    Shelve,
    Unshelve,
    perform,
)
from rules.lifecycle.due import due
from rules.lifecycle.errors import DeedRefusedError
from rules.lifecycle.item import Step, WorkItem, WorkState
from tests.rules.lifecycle.support import HOUR_MS, MINUTE_MS, around, item

_DEEDS = st.one_of(
    st.builds(Acknowledge),
    st.builds(Assign, crew=st.sampled_from(["crew-1", "crew-2", None])),
    st.builds(Comment, comment=st.just("c")),
    st.builds(Unshelve),
    st.builds(SetWork, state=st.sampled_from(WorkState)),
    st.builds(Close, comment=st.just("c")),
    st.builds(
        Shelve,
        until_ms=st.integers(-MINUTE_MS, 9 * HOUR_MS),
        once=st.booleans(),
        comment=st.just("c"),
    ),
)


class Life(RuleBasedStateMachine):
    """One rule on one device: a fault after the other, each replayed from its history."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 0
        self.faults: list[WorkItem] = []
        self.steps: list[list[Step]] = []
        self.window: str | None = None

    @property
    def active(self) -> int | None:
        return next((n for n, one in enumerate(self.faults) if one.is_active), None)

    @rule()
    def detect(self) -> None:
        """Detection raises only what is not active; here as the engine's identity has it."""
        if self.active is None:
            self.faults.append(item(fault=f"f-{len(self.faults)}", raised_at_ms=self.now_ms))
            self.steps.append([])

    @rule()
    def clear(self) -> None:
        if self.active is not None:
            self.faults[self.active] = replace(self.faults[self.active], cleared_at_ms=self.now_ms)

    @rule(deed=_DEEDS, who=st.sampled_from(["anna", "binh"]), number=st.integers(0, 5))
    def do(self, deed: Deed, who: str, number: int) -> None:
        if number >= len(self.faults):
            return
        if isinstance(deed, Shelve):
            deed = replace(deed, until_ms=self.now_ms + deed.until_ms)
        before = self.faults[number]
        try:
            after, steps = perform(before, deed, who=who, at_ms=self.now_ms)
        except DeedRefusedError:
            return
        assert bool(steps) == (after != before) or isinstance(deed, Comment)
        assert perform(after, deed, who=who, at_ms=self.now_ms)[0] == after
        self._took(number, after, steps)

    @rule(minutes=st.sampled_from([0, 1, 9, 10, 60, 480, 3_000]))
    def wait(self, minutes: int) -> None:
        self.now_ms += minutes * MINUTE_MS
        self.settle()

    @rule(opens=st.booleans())
    def maintain(self, opens: bool) -> None:  # noqa: FBT001 - a case
        self.window = "mw-1" if opens else None

    @rule()
    def settle(self) -> None:
        for number, fault in enumerate(self.faults):
            here = around(self.now_ms, opened_in=self.window)
            after, steps = due(fault, here)
            assert due(after, here) == (after, []), "a pass that finds its own steps is not idempotent"
            assert bool(steps) == (after != fault), "a change without a step is lost history"
            self._took(number, after, steps)

    def _took(self, number: int, after: WorkItem, steps: list[Step]) -> None:
        self.faults[number] = after
        self.steps[number] += steps

    @invariant()
    def one_active_and_all_kept(self) -> None:
        active = [one for one in self.faults if one.is_active]
        cleared = [one for one in self.faults if not one.is_active]
        assert len(active) <= 1
        assert len(self.faults) == len(active) + len(cleared)

    @invariant()
    def work_and_flags_agree(self) -> None:
        for fault in self.faults:
            work = fault.work
            assert (work.resolved_by is None) == (work.resolved_at_ms is None)
            assert work.state is not WorkState.RESOLVED or work.resolved_by is not None
            assert work.state is not WorkState.VERIFIED or not fault.is_active
            assert not (work.is_closed and work.is_shelved)
            assert (fault.acknowledged_by is None) == (fault.acknowledged_at_ms is None)

    @invariant()
    def history_opens_and_closes_by_turns(self) -> None:
        pairs = (("shelved", "unshelved"), ("out_of_service", "back_in_service"))
        for fault, steps in zip(self.faults, self.steps, strict=True):
            words = [step.transition.value for step in steps]
            for begins, ends in pairs:
                told = [word for word in words if word in (begins, ends)]
                assert told[:1] in ([], [begins])
                assert not any(a == b == ends for a, b in pairwise(told))
            # Closing takes a fault from the shelf by itself.
            if not fault.work.is_shelved and "closed" not in words:
                assert words.count("unshelved") <= words.count("shelved")
            assert (fault.work.out_of_service is not None) == (
                words.count("out_of_service") > words.count("back_in_service")
            )


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
