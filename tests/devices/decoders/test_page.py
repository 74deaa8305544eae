"""The page of formats (docs/decoders.md) says what the code does."""

import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest

from devices.decoders.codecs import BUILT_IN
from devices.decoders.loading import decoders
from devices.decoders.options import DecoderOptions
from devices.errors import Rejection

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/decoders.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## `([a-z0-9-]+)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
DECODERS = {decoder.name: decoder for decoder in decoders()}


def reasons_of(source: Path) -> set[str]:
    """The words that a module's `Ignored(…)` give as literals."""
    calls = (node for node in ast.walk(ast.parse(source.read_text("utf-8"))) if isinstance(node, ast.Call))
    named = [call.args for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Ignored"]
    return {
        argument.value
        for arguments in named
        for argument in arguments
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def test_page_has_a_section_for_every_format_and_no_other() -> None:
    assert SECTIONS.keys() == DECODERS.keys()


@pytest.mark.parametrize("name", sorted(DECODERS))
def test_section_names_exactly_the_filters_of_its_decoder(name: str) -> None:
    line = re.search(r"^Filters: (.*?)\n\n", SECTIONS[name], re.MULTILINE | re.DOTALL)
    assert line is not None
    assert re.findall(r"`([^`]+)`", line[1]) == list(DECODERS[name].filters)


@pytest.mark.parametrize("name", sorted(DECODERS.keys() - {"native"}))
def test_page_names_every_word_for_what_a_decoder_ignores(name: str) -> None:
    reasons = reasons_of(ROOT / f"devices/decoders/{name}.py")
    general = PAGE[PAGE.index("## Retained messages") :]
    assert {word for word in reasons if f"`{word}`" not in SECTIONS[name] + general} - {"removed"} == set()


def test_page_names_every_rule_that_input_can_break() -> None:
    table = PAGE[PAGE.index("## Rejected") :]
    assert re.findall(r"^\| `([a-z0-9_]+)` \|", table, re.MULTILINE) == [rule.value for rule in Rejection]


def test_page_names_every_option_and_codec() -> None:
    options = PAGE[PAGE.index("## Options") :]
    named = re.findall(r"^\| `IOC_([A-Z_]+)`", options, re.MULTILINE)
    assert named == [field.name.upper() for field in fields(DecoderOptions)]
    assert all(f"`{codec}`" in options for codec in BUILT_IN)
