"""The two languages that people are told in."""

from enum import StrEnum

from devices.description import Label

__all__ = ["Language", "in_language"]


class Language(StrEnum):
    """A language of the product, by its tag."""

    VI = "vi"
    EN = "en"


def in_language(label: Label, language: Language) -> str:
    """The text of a label."""
    return label.vi if language is Language.VI else label.en
