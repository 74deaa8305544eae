"""Faults of what has no telemetry: inferred when enough of what hangs on it shows signs of it together."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated

import msgspec
import yaml
from msgspec import Meta, Struct

from devices.catalogue import PASSIVE_KINDS, kinds
from devices.description import Label
from rules.dependency_text import DependencyText
from rules.errors import RuleError
from rules.faults import Severity
from rules.rule import Dependency

__all__ = ["Inference", "Over", "inferences"]

API_VERSION = "inferences/v1"
_FILE = "inferences.yaml"

_Share = Annotated[float, Meta(gt=0, le=1)]


class Over(StrEnum):
    """Which devices make a group.

    `powered_by` and `uplink`: all that hang on an asset that way, also through others. `circuit`: what one
    circuit of a cabinet powers, `circuit_end` its lamps from one on to the end. `kind`: all of one kind in
    the city.
    """

    POWERED_BY = "powered_by"
    UPLINK = "uplink"
    CIRCUIT = "circuit"
    CIRCUIT_END = "circuit_end"
    KIND = "kind"


class _Text(Struct, frozen=True, forbid_unknown_fields=True):
    vi: str
    en: str


class _Written(Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    version: Annotated[int, Meta(ge=1)]
    kind: str
    over: Over
    title: _Text
    severity: Severity
    signs: Annotated[list[str], Meta(min_length=1)]
    at_least: Annotated[int, Meta(ge=2)]
    share: _Share
    back_share: _Share
    common_share: _Share = 0.8
    depends_on: list[DependencyText] = []
    runbook: str = ""


@dataclass(frozen=True, kw_only=True)
class Inference:
    """When an asset counts as down: its group's devices show `signs`, that is faults of these rules.

    It is down when at least `at_least` of them and at least `share` of them began to within one interval, and
    back when fewer than `back_share` of them still do. Devices of one kind of which at least `common_share`
    hang on one asset have that in common, and it is no blindness.
    """

    id: str
    version: int
    kind: str
    over: Over
    title: Label
    severity: Severity
    signs: frozenset[str]
    at_least: int
    share: float
    back_share: float
    common_share: float
    depends_on: tuple[Dependency, ...] = ()
    runbook: str = ""


@cache
def inferences() -> Mapping[str, Inference]:
    """The product's inferences by id.

    Raises:
        RuleError: their file breaks the format.
    """
    text = files("rules.management").joinpath(_FILE).read_text(encoding="utf-8")
    return MappingProxyType({one.id: one for one in read_inferences(text)})


def read_inferences(text: str) -> list[Inference]:
    """The inferences in the text of a file.

    Raises:
        RuleError: it breaks the format.
    """
    document = yaml.safe_load(text)
    if not isinstance(document, dict) or document.get("apiVersion") != API_VERSION:
        raise RuleError(_FILE, None, f"the file must begin with 'apiVersion: {API_VERSION}'")
    found: dict[str, Inference] = {}
    for written in document.get("inferences", ()):
        name = str(written.get("id"))
        try:
            one = _inference(msgspec.convert(written, _Written))
        except ValueError as error:
            raise RuleError(_FILE, name, str(error)) from None
        if one.id in found:
            raise RuleError(_FILE, name, "the id is used twice; choose another")
        found[one.id] = one
    return list(found.values())


def _inference(written: _Written) -> Inference:
    if written.kind not in PASSIVE_KINDS | kinds().keys():
        raise ValueError(f"kind is a kind of device or passive asset, got {written.kind!r}")
    if written.back_share > written.share:
        raise ValueError(f"back_share may not be above share, got {written.back_share!r}")
    return Inference(
        id=written.id,
        version=written.version,
        kind=written.kind,
        over=written.over,
        title=Label(vi=written.title.vi, en=written.title.en),
        severity=written.severity,
        signs=frozenset(written.signs),
        at_least=written.at_least,
        share=written.share,
        back_share=written.back_share,
        common_share=written.common_share,
        depends_on=tuple(one.read() for one in written.depends_on),
        runbook=written.runbook,
    )
