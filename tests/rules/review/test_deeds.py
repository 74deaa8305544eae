"""What officers may do to a suspicion: one alone, two who must be two, and time."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.lifecycle.item import Step
from rules.review.case import Case, RejectionReason, Verdict, ViolationState
from rules.review.deeds import CorrectPlate, Decide, Escalate, Remark, ReviewDeed, expire, review
from rules.review.errors import ReviewRefusedError

CONFIRM = Decide(verdict=Verdict.CONFIRM)
REJECT = Decide(verdict=Verdict.REJECT, reason=RejectionReason.PICTURE_UNCLEAR)
Done = tuple[str, ReviewDeed]


def case(**others: Any) -> Case:
    values: dict[str, Any] = {
        "state": ViolationState.SUSPECTED,
        "occurred_at_ms": 1_000,
        "plate": "92A-123.45",
    }
    return Case(**(values | others))


def after(*done: Done, officers: int = 1) -> tuple[Case, list[Step]]:
    standing, steps = case(), list[Step]()
    for at_ms, (who, deed) in enumerate(done):
        standing, steps = review(standing, deed, who=who, at_ms=at_ms, officers=officers)
    return standing, steps


def words(steps: list[Step]) -> list[str]:
    return [step.transition.value for step in steps]


def test_one_officer_decides_where_one_is_enough() -> None:
    decided, steps = after(("anna", REJECT))
    assert (decided.state, decided.decided_by, decided.reason) == ("rejected", "anna", REJECT.reason)
    assert words(steps) == ["rejected"]


def test_repeated_decision_changes_nothing() -> None:
    assert after(("anna", CONFIRM), ("anna", CONFIRM))[1] == []


def test_first_of_two_officers_leaves_it_a_suspicion() -> None:
    standing, steps = after(("anna", CONFIRM), officers=2)
    assert standing.state is ViolationState.SUSPECTED
    assert words(steps) == ["first_opinion"]
    assert standing.opinion is not None
    assert standing.opinion.by == "anna"


@pytest.mark.parametrize("name", ["anna", "ANNA", " Anna "])
def test_second_officer_must_be_another_person(name: str) -> None:
    with pytest.raises(ReviewRefusedError, match="another person"):
        after(("anna", CONFIRM), (name, REJECT), officers=2)
    assert after(("anna", CONFIRM), (name, CONFIRM), officers=2)[0].state is ViolationState.SUSPECTED


def test_two_officers_who_agree_decide() -> None:
    decided, steps = after(("anna", CONFIRM), ("binh", CONFIRM), officers=2)
    assert (decided.state, decided.decided_by) == ("confirmed", "binh")
    assert steps[0].why == {"first_by": "anna"}


def test_two_officers_who_disagree_decide_nothing_and_a_third_one_does() -> None:
    standing, steps = after(("anna", CONFIRM), ("binh", REJECT), officers=2)
    assert (standing.state, words(steps)) == ("escalated", ["disputed"])
    for known in ("anna", "binh"):
        with pytest.raises(ReviewRefusedError, match=r"another|third"):
            after(("anna", CONFIRM), ("binh", REJECT), (known, CONFIRM), officers=2)
    assert after(("anna", CONFIRM), ("binh", REJECT), ("chi", REJECT), officers=2)[0].state == "rejected"


def test_who_escalates_does_not_decide() -> None:
    escalate = Escalate(comment="half hidden")
    with pytest.raises(ReviewRefusedError, match="another officer"):
        after(("anna", escalate), ("anna", CONFIRM))
    assert after(("anna", escalate), ("binh", CONFIRM))[0].state is ViolationState.CONFIRMED
    assert after(("anna", escalate), ("anna", escalate))[1] == []
    with pytest.raises(ReviewRefusedError, match="already"):
        after(("anna", escalate), ("binh", escalate))


@pytest.mark.parametrize(
    ("deed", "word"),
    [
        (Decide(verdict=Verdict.REJECT), "for a reason"),
        (Decide(verdict=Verdict.REJECT, reason=RejectionReason.OTHER), "wants a comment"),
        (Decide(verdict=Verdict.CONFIRM, reason=RejectionReason.OTHER), "takes a comment"),
    ],
)
def test_reason_is_for_rejecting(deed: Decide, word: str) -> None:
    with pytest.raises(ReviewRefusedError, match=word):
        after(("anna", deed))


@pytest.mark.parametrize("deed", [CONFIRM, REJECT, Escalate(comment="c"), CorrectPlate(plate="92A-123.46")])
def test_what_is_decided_stays_so(deed: ReviewDeed) -> None:
    with pytest.raises(ReviewRefusedError, match="confirmed already, by 'anna'"):
        after(("anna", CONFIRM), ("binh", deed))


def test_remark_is_possible_ever_after() -> None:
    assert words(after(("anna", CONFIRM), ("binh", Remark(comment="paid")))[1]) == ["commented"]


def test_corrected_plate_stands_beside_the_reading_and_voids_the_first_opinion() -> None:
    standing, steps = after(("anna", CONFIRM), ("binh", CorrectPlate(plate=" 92a-123.46 ")), officers=2)
    assert (standing.plate, standing.present_plate) == ("92A-123.45", "92A-123.46")
    assert standing.opinion is None
    assert steps[0].why == {"plate": "92A-123.46", "before": "92A-123.45"}
    assert after(("anna", CorrectPlate(plate="92A-123.45")))[1] == []


@pytest.mark.parametrize(("now_ms", "state"), [(1_100, "suspected"), (1_101, "expired")])
def test_suspicion_expires_after_its_time(now_ms: int, state: str) -> None:
    expired, steps = expire(case(), now_ms=now_ms, within_ms=100)
    assert expired.state == state
    assert words(steps) == ["expired"] * (state == "expired")


@pytest.mark.parametrize(
    "state", [state for state in ViolationState if state is not ViolationState.SUSPECTED]
)
def test_nothing_but_a_suspicion_expires(state: ViolationState) -> None:
    assert expire(case(state=state), now_ms=10**12, within_ms=1)[1] == []


PEOPLE = st.sampled_from(["anna", "binh", "chi"])
DEEDS = st.sampled_from(
    [CONFIRM, REJECT, Escalate(comment="c"), CorrectPlate(plate="92A-123.46"), Remark(comment="r")]
)


@given(st.lists(st.tuples(PEOPLE, DEEDS), max_size=12))
def test_with_two_officers_no_person_ever_decides_alone(done: list[Done]) -> None:
    standing, voices = case(), set[str]()
    for at_ms, (who, deed) in enumerate(done):
        try:
            standing, steps = review(standing, deed, who=who, at_ms=at_ms, officers=2)
        except ReviewRefusedError:
            continue
        if steps and isinstance(deed, Decide | Escalate):
            voices.add(who)
    if not standing.state.is_open:
        assert len(voices) >= 2
    assert standing.plate == "92A-123.45"
