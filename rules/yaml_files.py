"""The YAML files of a catalogue, opened and checked for their version and shape."""

from importlib.resources.abc import Traversable
from typing import Any

import yaml

from rules.errors import RuleError

__all__ = ["read_yaml"]

_LOADER = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # the same in C, ten times as fast, where it was built in


def read_yaml(file: Traversable, api_version: str, member: str) -> list[Any]:
    """The list that a file of the catalogue keeps under `member`.

    Raises:
        RuleError: it cannot be read, is no YAML, or not of that version and shape.
    """
    try:
        document = yaml.load(file.read_text(encoding="utf-8"), _LOADER)  # noqa: S506 - it is a safe one
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(file.name, None, f"the file must be readable UTF-8: {error}") from None
    except yaml.YAMLError as error:
        raise RuleError(file.name, None, f"the file must be YAML: {error}") from None
    if not isinstance(document, dict) or document.get("apiVersion") != api_version:
        raise RuleError(file.name, None, f"the file must begin with 'apiVersion: {api_version}'")
    if set(document) != {"apiVersion", member} or not isinstance(document[member], list):
        raise RuleError(
            file.name, None, f"the file holds a list {member!r}, got {sorted(map(str, document))}"
        )
    listed: list[Any] = document[member]
    return listed
