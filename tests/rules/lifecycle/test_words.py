"""Every step and state has words in both languages, and the page has them all."""

from pathlib import Path

from rules.lifecycle.item import WorkState
from rules.lifecycle.transition import Transition
from rules.lifecycle.words import TRANSITION_WORDS, WORK_WORDS, words_table

PAGE = Path(__file__).parents[3] / "docs" / "life-of-a-fault.md"


def test_every_step_and_state_has_words_in_both_languages() -> None:
    assert set(TRANSITION_WORDS) == set(Transition)
    assert set(WORK_WORDS) == set(WorkState)
    for label in (*TRANSITION_WORDS.values(), *WORK_WORDS.values()):
        assert label.vi
        assert label.en
        assert label.vi != label.en


def test_page_holds_the_words() -> None:
    assert PAGE.read_text(encoding="utf-8").endswith(words_table())
