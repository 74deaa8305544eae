"""What a group is told: examples, and what holds whatever happens."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from notify.grouping import Due, Group, Reason, hear, new_group, plan
from notify.routes import Escalation, Timing
from rules.faults import Severity
from tests.notify.support import incident

MINUTE_MS = 60_000
TIMING = Timing(wait_ms=MINUTE_MS, interval_ms=10 * MINUTE_MS, repeat_ms=240 * MINUTE_MS)
ESCALATED = replace(
    TIMING,
    escalations=(
        Escalation(after_ms=30 * MINUTE_MS, channels=("chief",)),
        Escalation(after_ms=60 * MINUTE_MS, channels=("director",)),
    ),
)


class Told:
    """A group in time: tell it what happens, and it keeps what it told."""

    def __init__(self, timing: Timing = TIMING) -> None:
        self.timing = timing
        self.group: Group | None = None
        self.at_ms = 0
        self.dues: list[tuple[int, Due]] = []

    def hears(self, id_: str, **others: object) -> None:
        group = self.group or new_group("lighting|tam-ky", "lighting", "tam-ky", self.at_ms)
        group = hear(group, incident(id_, **others), self.at_ms)
        self.group = group if group.members else None

    def until(self, minute: int) -> list[tuple[Reason, tuple[str, ...]]]:
        """Look every minute up to one; what was told meanwhile."""
        before = len(self.dues)
        while self.at_ms < minute * MINUTE_MS:
            self.at_ms += MINUTE_MS
            if self.group is not None:
                self.group, dues = plan(self.group, self.timing, self.at_ms)
                self.dues += [(self.at_ms, due) for due in dues]
        return [(due.reason, due.incidents) for _, due in self.dues[before:]]


def test_what_comes_within_the_wait_is_told_together() -> None:
    told = Told()
    told.hears("a")
    told.hears("b")
    assert told.until(5) == [(Reason.FIRST, ("a", "b"))]
    assert told.dues[0][0] == MINUTE_MS


def test_what_ends_within_the_wait_is_never_told() -> None:
    told = Told()
    told.hears("a")
    told.hears("a", cleared_at_ms=1)
    assert told.until(500) == []
    assert told.group is None


def test_changes_wait_for_the_interval_and_come_together() -> None:
    told = Told()
    told.hears("a")
    told.until(2)
    told.hears("b")
    told.hears("c")
    assert told.until(10) == []
    assert told.until(11) == [(Reason.CHANGED, ("b", "c"))]


def test_end_of_everything_is_told_and_ends_the_group() -> None:
    told = Told()
    told.hears("a")
    told.until(2)
    told.hears("a", cleared_at_ms=1)
    assert told.until(12) == [(Reason.CLEARED, ("a",))]
    assert told.group is None


def test_incident_that_became_worse_is_told_again_and_a_better_one_is_not() -> None:
    told = Told()
    told.hears("a", severity=Severity.MINOR)
    told.until(2)
    told.hears("a", severity=Severity.WARNING)
    assert told.until(20) == []
    told.hears("a", severity=Severity.CRITICAL)
    assert told.until(21) == [(Reason.CHANGED, ("a",))]


def test_what_nobody_took_note_of_is_repeated() -> None:
    told = Told()
    told.hears("a")
    told.hears("b")
    told.until(2)
    told.hears("b", acknowledged_by="the crew")
    assert told.until(482) == [(Reason.REPEAT, ("a",)), (Reason.REPEAT, ("a",))]


def test_escalation_climbs_until_somebody_takes_note() -> None:
    told = Told(ESCALATED)
    told.hears("a")
    told.until(1)
    assert told.until(30) == [(Reason.ESCALATED, ("a",))]
    told.hears("a", acknowledged_by="the crew")
    assert told.until(100) == []
    assert [due.level for _, due in told.dues] == [0, 1]


def test_told_incident_that_was_put_aside_and_still_is_there_is_told_again() -> None:
    told = Told(ESCALATED)
    told.hears("a", acknowledged_by="anna")
    told.hears("a")
    told.until(5)
    told.hears("a", is_hidden=True, acknowledged_by="anna")
    assert told.until(500) == []
    told.hears("a", acknowledged_by="anna")
    assert told.until(505) == [(Reason.CHANGED, ("a",))]
    assert told.until(1_200) == []


def test_told_incident_that_ends_while_it_is_put_aside_is_told_to_be_over() -> None:
    told = Told()
    told.hears("a")
    told.until(5)
    told.hears("a", is_hidden=True)
    told.hears("a", is_hidden=True, cleared_at_ms=1)
    assert told.until(60) == [(Reason.CLEARED, ("a",))]
    assert told.group is None


def test_incident_put_aside_before_it_was_told_is_told_once_when_it_is_back() -> None:
    told = Told()
    told.hears("a", is_hidden=True)
    told.until(60)
    told.hears("a")
    assert told.until(65) == [(Reason.FIRST, ("a",))]


def test_incident_that_comes_back_is_escalated_anew() -> None:
    told = Told(ESCALATED)
    told.hears("a")
    told.until(31)
    told.hears("a", cleared_at_ms=1)
    told.hears("a")
    assert told.until(60) == []
    assert told.until(61) == [(Reason.ESCALATED, ("a",))]


HAPPENINGS = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from("abc"),
        st.booleans(),
        st.sampled_from(Severity),
        st.booleans(),
    ),
    max_size=25,
)


def played(happenings: list[tuple[int, str, bool, Severity, bool]]) -> tuple[Told, dict[str, bool]]:
    told, last, minute = Told(ESCALATED), {}, 0
    for wait, id_, is_open, severity, acknowledged in happenings:
        minute += wait
        told.until(minute)
        told.hears(
            id_,
            cleared_at_ms=None if is_open else 1,
            severity=severity,
            acknowledged_by="x" if acknowledged else None,
        )
        last[id_] = is_open
    told.until(minute + 11)
    return told, last


@given(HAPPENINGS)
def test_whatever_happens_people_end_up_knowing_what_is(
    happenings: list[tuple[int, str, bool, Severity, bool]],
) -> None:
    told, last = played(happenings)
    members = {m.incident: m for m in told.group.members} if told.group else {}
    assert {id_ for id_, is_open in last.items() if is_open} == set(members)
    assert all(m.told_open is True and not m.is_news for m in members.values())


@given(HAPPENINGS)
def test_whatever_happens_changes_keep_their_interval_and_numbers_are_used_once(
    happenings: list[tuple[int, str, bool, Severity, bool]],
) -> None:
    told, _ = played(happenings)
    at = [at_ms for at_ms, due in told.dues if due.reason in {Reason.CHANGED, Reason.CLEARED, Reason.REPEAT}]
    first = {at_ms for at_ms, due in told.dues if due.reason is Reason.FIRST}
    assert all(
        later - sooner >= TIMING.interval_ms
        for sooner, later in pairwise(at)
        if not first & set(range(sooner + 1, later))
    )
    assert all(due.incidents for _, due in told.dues)


@given(HAPPENINGS)
def test_whatever_happens_looking_twice_tells_once(
    happenings: list[tuple[int, str, bool, Severity, bool]],
) -> None:
    told, _ = played(happenings)
    if told.group is not None:
        assert plan(told.group, told.timing, told.at_ms)[1] == []
