"""The commented sample of a settings file, made from the settings themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from app.configuration import secret_settings
from app.settings import ServiceSettings

__all__ = ["sample"]

_HEAD = """\
# Settings of ioc-telemetry: ioc run --config FILE, or IOC_CONFIG=FILE. Made by: ioc config sample
#
# Every line stands at its default: take away the # before a key to change it. A variable of the environment,
# IOC_ and the key in capitals, wins over this file. Secrets do not stand here but in files of their own,
# which only the service's account can read. ioc config check FILE says what holds and connects to nothing.
"""


def sample() -> str:
    """The text of the file."""
    return "\n".join([_HEAD, *(line for name in ServiceSettings.model_fields for line in _lines(name))])


def _lines(name: str) -> Iterator[str]:
    field = ServiceSettings.model_fields[name]
    if name in secret_settings():
        return
    yield f"# {field.description}"
    default = field.get_default(call_default_factory=True)
    yield f'# Not set: {name} = "…"' if default is None else f"#{name} = {_toml(default)}"
    yield ""


def _toml(value: Any) -> str:
    """A default as TOML writes it, which for these types is as JSON does."""
    if isinstance(value, Path):
        return _toml(str(value))
    if isinstance(value, frozenset):
        return _toml(sorted(value))
    if isinstance(value, dict) and value:
        return f"{{ {', '.join(f'{name} = {_toml(member)}' for name, member in value.items())} }}"
    return msgspec.json.encode(value).decode()
