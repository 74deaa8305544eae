"""Settings from one TOML file and the environment, and where each value came from. Nothing is connected.

A key of the file is a setting's name; in the environment it is `IOC_` and the name in capitals, which wins.
Secrets do not stand in the file: it names the files that hold them.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsError
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from app.errors import StartError
from app.settings import ServiceSettings

__all__ = [
    "CONFIG_VARIABLE",
    "Origin",
    "Setting",
    "explained",
    "load_settings",
    "secret_settings",
    "unknown_variables",
]

CONFIG_VARIABLE = "IOC_CONFIG"
_PREFIX = "IOC_"
_OTHER_VARIABLES = frozenset({"CONFIG", "API_URL", "API_KEY", "SERVERS_DIR"})
_FOR_TESTS = "TEST_"
_MASK = "***"


class Origin(StrEnum):
    """Where a value came from."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting as it holds. `value` is fit to be shown: secrets are masked, unset is empty."""

    name: str
    value: str
    origin: Origin


def load_settings(file: Path | None = None, **given: Any) -> ServiceSettings:
    """The settings: what is given beats the environment, which beats the file, which beats the defaults.

    Without a file, the one that IOC_CONFIG names, if any. What is given as None is not given.

    Raises:
        StartError: the file cannot be read, or a setting cannot be used; it names the key or the variable.
    """
    source = _file_of(file)
    in_file = {} if source is None else _read(source)
    stronger = {name: value for name, value in given.items() if value is not None}
    kept = {name: value for name, value in in_file.items() if not _is_in_environment(name)}
    try:
        return ServiceSettings(**kept | stronger)
    except ValidationError as error:
        raise StartError("; ".join(_problems(error, set(kept) - set(stronger), source))) from None
    except SettingsError as error:
        raise StartError(f"the environment: {error}; lists and tables are written as JSON there") from None


def explained(settings: ServiceSettings, file: Path | None = None) -> list[Setting]:
    """Every setting with its value and where it came from, in the order of the sample.

    Raises:
        StartError: the file cannot be read.
    """
    source = _file_of(file)
    in_file = {} if source is None else _read(source)

    def origin(name: str) -> Origin:
        if _is_in_environment(name):
            return Origin.ENVIRONMENT
        return Origin.FILE if name in in_file else Origin.DEFAULT

    return [
        Setting(name=name, value=_shown(name, getattr(settings, name)), origin=origin(name))
        for name in ServiceSettings.model_fields
    ]


def unknown_variables() -> list[str]:
    """What is wrong with variables of the environment that begin like ours: a slip there goes unseen."""
    names = [name.upper() for name in os.environ if name.upper().startswith(_PREFIX)]
    suffixes = (name.removeprefix(_PREFIX) for name in sorted(names))
    return [
        f"{_PREFIX}{suffix} is no setting and has no effect; the nearest is"
        f" {_PREFIX}{_nearest(suffix.lower()).upper()}"
        for suffix in suffixes
        if suffix not in _OTHER_VARIABLES
        and not suffix.startswith(_FOR_TESTS)
        and suffix.lower() not in ServiceSettings.model_fields
    ]


def secret_settings() -> frozenset[str]:
    """The settings that are secrets themselves: those that a file can hold instead."""
    names = ServiceSettings.model_fields
    return frozenset(name for name in names if f"{name}_file" in names)


def _file_of(file: Path | None) -> Path | None:
    named = os.environ.get(CONFIG_VARIABLE)
    return file or (Path(named) if named else None)


def _read(file: Path) -> Mapping[str, Any]:
    """The settings of a file.

    Raises:
        StartError: it is no TOML file, has a key that is no setting, or has a secret in it.
    """
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise StartError(f"the settings file {str(file)!r} cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartError(f"the settings file {str(file)!r} is no TOML: {error}") from error
    problems = [problem for name, value in values.items() for problem in _refusals(name, value)]
    if problems:
        raise StartError(f"{file}: {'; '.join(problems)}")
    return values


def _refusals(name: str, value: Any) -> Iterator[str]:
    if name not in ServiceSettings.model_fields:
        yield f"{name!r} is no setting; the nearest is {_nearest(name)!r}"
    elif name in secret_settings():
        yield f"{name!r} is a secret, which this file may not hold: name a file in {f'{name}_file'!r}"
    elif name == "operations_url" and _has_password(value):
        yield f"{name!r} has a password in it, which this file may not hold: use 'operations_password_file'"


def _has_password(value: Any) -> bool:
    try:
        return make_url(str(value)).password is not None
    except ArgumentError:
        return False


def _nearest(name: str) -> str:
    known = list(ServiceSettings.model_fields)
    return difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]


def _is_in_environment(name: str) -> bool:
    return any(variable.upper() == f"{_PREFIX}{name}".upper() for variable in os.environ)


def _problems(error: ValidationError, from_file: set[str], file: Path | None) -> Iterator[str]:
    for problem in error.errors():
        name = ".".join(map(str, problem["loc"]))
        where = f"{file}: {name} =" if name.split(".")[0] in from_file else f"{_PREFIX}{name.upper()}="
        value = _MASK if name in secret_settings() else repr(problem["input"])
        yield f"{where}{' ' if where.endswith(' =') else ''}{value}: {problem['msg']}"


def _shown(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "operations_url" and isinstance(value, SecretStr):
        try:
            return make_url(value.get_secret_value()).render_as_string(hide_password=True)
        except ArgumentError:
            return _MASK
    if name in secret_settings() or isinstance(value, SecretStr):
        return _MASK
    if isinstance(value, frozenset):
        return " ".join(sorted(value))
    return str(value)
