"""The two languages of the product."""

from enum import Enum

__all__ = ["Language", "preferred"]


class Language(Enum):
    """A language the product speaks, by its tag."""

    VI = "vi"
    EN = "en"


def preferred(accept_language: str) -> Language:
    """The language that an Accept-Language header likes best; English where it names neither."""
    best, best_weight = Language.EN, 0.0
    for part in accept_language.split(","):
        tag, _, parameters = part.strip().partition(";")
        weight = _weight(parameters)
        language = next((known for known in Language if known.value == tag.lower().partition("-")[0]), None)
        if language is not None and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
