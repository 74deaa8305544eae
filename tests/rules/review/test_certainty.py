"""The figure that orders the queue."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.review.case import REASON_WORDS, STATE_WORDS, RejectionReason, ViolationState
from rules.review.certainty import Certainty, certainty_of


def certainty(**others: Any) -> Certainty:
    values: dict[str, Any] = {
        "type_": "speeding", "plate": "92A-123.45", "confidence": 0.9, "is_corrected": False,
        "measured": {"excess_kmh": 20.0}, "pictures": 2,
    }  # fmt: skip
    return certainty_of(**(values | others))


@pytest.mark.parametrize(
    ("others", "per_mille"),
    [
        ({}, 900),
        ({"is_corrected": True}, 1000),
        ({"confidence": None}, 500),
        ({"plate": None}, 100),
        ({"plate": "92B11234"}, 720),
        ({"plate": "???"}, 450),
        ({"measured": {"excess_kmh": 5.0}}, 562),
        ({"measured": {"red_elapsed_s": 1.0}}, 675),
        ({"measured": {}}, 900),
        ({"pictures": 0}, 360),
        ({"type_": "red_light", "pictures": 2}, 720),
    ],
)
def test_certainty_is_the_product_of_its_factors(others: dict[str, Any], per_mille: int) -> None:
    assert certainty(**others).per_mille == per_mille


@given(
    st.none() | st.text(max_size=20),
    st.none() | st.floats(allow_nan=False),
    st.dictionaries(st.sampled_from(["excess_kmh", "red_elapsed_s"]), st.floats(allow_nan=False) | st.text()),
    st.integers(0, 20),
)
def test_certainty_is_a_share_whatever_a_camera_says(
    plate: str | None, confidence: float | None, measured: dict[str, Any], pictures: int
) -> None:
    found = certainty(plate=plate, confidence=confidence, measured=measured, pictures=pictures)
    assert 0 <= found.per_mille <= 1000


def test_every_state_and_reason_has_words() -> None:
    assert set(STATE_WORDS) == set(ViolationState)
    assert set(REASON_WORDS) == set(RejectionReason)
