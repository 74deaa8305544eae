"""Every rule leads to a page that says what to do, in both languages and in one shape."""

import re
from pathlib import Path

import pytest

from rules.loading import load_rules
from rules.management.inference import inferences

_FOLDER = Path(__file__).parents[2] / "docs" / "runbooks"
_HEADINGS = {
    "en": ["What it means", "Look at", "Do", "Repaired when"],
    "vi": ["Ý nghĩa", "Cần xem", "Cần làm", "Coi là đã sửa khi"],
}
_PAGE_OF = {rule.id: rule.runbook for rule in load_rules()} | {
    one.id: one.runbook for one in inferences().values()
}
_PAGES = sorted(set(_PAGE_OF.values()))


@pytest.mark.parametrize("rule", sorted(_PAGE_OF))
def test_rule_names_a_page_that_names_it(rule: str) -> None:
    for language in _HEADINGS:
        page = _FOLDER / language / f"{_PAGE_OF[rule]}.md"
        assert page.is_file(), f"{rule} names the runbook {_PAGE_OF[rule]!r}; write {language}/{page.name}"
        assert f"`{rule}`" in page.read_text(encoding="utf-8").splitlines()[2]


@pytest.mark.parametrize("page", _PAGES)
@pytest.mark.parametrize("language", sorted(_HEADINGS))
def test_page_says_what_to_look_at_and_to_do_and_when_it_is_repaired(page: str, language: str) -> None:
    text = (_FOLDER / language / f"{page}.md").read_text(encoding="utf-8")
    assert re.findall("^## (.*)$", text, re.MULTILINE) == _HEADINGS[language]
    _, _, look, do, repaired = re.split("^## .*$", text, flags=re.MULTILINE)
    assert re.findall("^- .+", look, re.MULTILINE)
    assert re.findall(r"^\d\. .+", do, re.MULTILINE)
    assert len(repaired.strip()) > 20


@pytest.mark.parametrize("page", _PAGES)
def test_languages_say_the_same_number_of_things(page: str) -> None:
    texts = [(_FOLDER / language / f"{page}.md").read_text(encoding="utf-8") for language in _HEADINGS]
    first, second = (len(re.findall(r"^(?:- |\d\. )", text, re.MULTILINE)) for text in texts)
    assert first == second


def test_no_page_is_left_over() -> None:
    for language in _HEADINGS:
        assert sorted(page.stem for page in (_FOLDER / language).glob("*.md")) == _PAGES


def test_index_names_every_page_and_rule() -> None:
    index = (_FOLDER / "README.md").read_text(encoding="utf-8")
    assert [rule for rule in _PAGE_OF if f"`{rule}`" not in index] == []
    assert [page for page in _PAGES if f"(vi/{page}.md)" not in index or f"(en/{page}.md)" not in index] == []
