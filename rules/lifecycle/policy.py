"""How long the life cycle waits for telemetry, from the policy file beside this module."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

import msgspec
import yaml
from msgspec import Struct

from devices.catalogue import kinds
from devices.durations import parse_duration_ms
from rules.errors import RuleError

__all__ = ["Policy", "Wait", "load_policy"]


@dataclass(frozen=True)
class Wait:
    """A time to wait, in milliseconds, by kind of device."""

    default_ms: int
    by_kind_ms: Mapping[str, int]

    def of(self, kind: str) -> int:
        """The time for a kind, in milliseconds."""
        return self.by_kind_ms.get(kind, self.default_ms)


@dataclass(frozen=True)
class Policy:
    """`verify_within`: how long a reported repair waits for telemetry before it is open again.

    `close_grace`: how long a fault closed by hand may stay true before it opens again.
    """

    verify_within: Wait
    close_grace: Wait


class _WaitText(Struct, frozen=True, forbid_unknown_fields=True):
    default: str
    by_kind: dict[str, str] = {}


class _PolicyText(Struct, frozen=True, forbid_unknown_fields=True, rename={"api_version": "apiVersion"}):
    api_version: str
    verify_within: _WaitText
    close_grace: _WaitText


def load_policy(file: Traversable | None = None) -> Policy:
    """The policy in a file; the product's own unless another is named.

    Raises:
        RuleError: the file breaks its format, or names a kind that there is not.
    """
    source = files("rules.lifecycle").joinpath("policy.yaml") if file is None else file
    try:
        written = msgspec.convert(yaml.safe_load(source.read_text(encoding="utf-8")), _PolicyText)
        return Policy(_wait(written.verify_within), _wait(written.close_grace))
    except (yaml.YAMLError, ValueError) as error:
        # msgspec's own errors are ValueErrors too.
        raise RuleError(source.name, None, str(error)) from None


def _wait(written: _WaitText) -> Wait:
    unknown = sorted(set(written.by_kind) - set(kinds()))
    if unknown:
        raise ValueError(f"by_kind names kinds of device: {', '.join(kinds())}; got {unknown}")
    by_kind = {kind: parse_duration_ms(text) for kind, text in written.by_kind.items()}
    return Wait(parse_duration_ms(written.default), MappingProxyType(by_kind))
