"""What names and functions mean for one kind of device: their types, units and columns."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from devices.batch import TimeQuality
from devices.catalogue import kinds
from devices.description import Attribute, DeviceKind, Field, ValueType
from devices.durations import parse_duration_ms
from devices.quantities import Quantity
from rules.errors import ExpressionError
from rules.expressions.relations import RelationCall
from rules.expressions.syntax import Call, Literal, Name, Node

__all__ = [
    "CONTEXT_FUNCTIONS",
    "LOCAL_DAY",
    "ContextCall",
    "ContextFunction",
    "Subject",
    "Type",
    "column_of",
    "context_call",
    "has_lighting",
    "members",
    "related_kind",
    "sees_vehicles",
    "suggestion",
]


class Subject(StrEnum):
    """What an expression is about: a reading of a device, or an event with one of its vehicles."""

    READING = "reading"
    EVENT = "event"


@dataclass(frozen=True)
class Type:
    """What a value is. A number without quantity goes with every unit, as literals and products do."""

    value: ValueType
    quantity: Quantity | None = None
    choices: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether it can be compared by size."""
        return self.value in ("float", "int")

    def __str__(self) -> str:
        if not self.is_number:
            return self.value
        return (
            f"number in {self.quantity.symbol or self.quantity.name.lower()}" if self.quantity else "number"
        )


_TIME_QUALITY = Type("text", choices=tuple(TimeQuality))
_DEVICE = {"interval_s": Type("float", Quantity.DURATION), "area": Type("text"), "street": Type("text")}
_EVENT = {
    "lane": Type("int"),
    "direction": Type("text", choices=("forward", "reverse")),
    "signal": Type("text", choices=("red", "amber", "green", "off")),
    "red_elapsed_s": Type("float", Quantity.DURATION),
    "programme": Type("text"),
    "source": Type("text"),
    "phase": Type("text", choices=("started", "ended")),
    "result": Type("text"),
    "vehicle_class": Type("text"),
    "plate": Type("text"),
    "plate_confidence": Type("float"),
    "plate_colour": Type("text"),
    "colour": Type("text"),
    "speed_kmh": Type("float", Quantity.SPEED),
    # The speed without the meter's error and the limit that holds in the lane at the moment.
    "excess_kmh": Type("float", Quantity.SPEED),
    # Passing, or for the event `stopping` stopping, is forbidden to the vehicle in the lane at the moment.
    "forbidden": Type("bool"),
    "helmet": Type("bool"),
    "riders": Type("int"),
    "time_quality": _TIME_QUALITY,
}


def _type_of(described: Field | Attribute) -> Type:
    quantity = None if described.quantity is Quantity.CODE else described.quantity
    return Type(described.value, quantity, getattr(described, "choices", ()))


@cache
def members(kind_id: str, subject: Subject) -> Mapping[str, Mapping[str, Type]]:
    """The types of all names by root (`m`, `d`, `prev`, `e`) that an expression about a kind may use."""
    kind = kinds()[kind_id]
    device = _DEVICE | {attribute.name: _type_of(attribute) for attribute in kind.attributes}
    if subject is Subject.EVENT:
        return MappingProxyType({"e": _EVENT, "d": device})
    fields = {field.name: _type_of(field) for field in kind.fields} | {"time_quality": _TIME_QUALITY}
    return MappingProxyType({"m": fields, "d": device, "prev": fields})


def related_kind(call: RelationCall, kind_id: str) -> str | None:
    """The kind of the other devices that a function about a kind reads; None if there is none."""
    if call.function == "siblings.share":
        return kind_id
    if call.function == "parent":
        return kinds()[kind_id].powered_by_kind
    fed = [kind.id for kind in kinds().values() if kind.powered_by_kind == kind_id]
    return fed[0] if len(fed) == 1 else None


def column_of(name: Name) -> str:
    """The column of a name's values: fields stand under their own name, others under the whole text."""
    return name.member if name.root == "m" else name.text


@dataclass(frozen=True)
class ContextCall:
    """A function whose values are added to the frame, under `column`, before the evaluation."""

    function: str
    offset_ms: int = 0

    @property
    def column(self) -> str:
        """The column its values are expected in."""
        return f"{self.function}({self.offset_ms})"


def _needs_nothing(_kind: DeviceKind) -> bool:
    return True


def has_lighting(kind: DeviceKind) -> bool:
    """Whether devices of a kind follow lighting programmes."""
    return {"cmd_on", "dim_pct"} <= kind.by_name.keys()


def sees_vehicles(kind: DeviceKind) -> bool:
    """Whether devices of a kind tell of passages."""
    return "limit_kmh" in {attribute.name for attribute in kind.attributes}


def _has_programme(kind: DeviceKind) -> bool:
    return {"playing", "programme"} <= kind.by_name.keys() or has_lighting(kind)


def _has_calibration(kind: DeviceKind) -> bool:
    return {"calibrated_from", "calibrated_until"} <= {attribute.name for attribute in kind.attributes}


@dataclass(frozen=True)
class ContextFunction:
    """What a function of time, place or dated entities gives, and whether it suits a kind of device."""

    gives: Type
    about: str
    suits: Callable[[DeviceKind], bool] = _needs_nothing


_IS = Type("bool")
CONTEXT_FUNCTIONS = MappingProxyType(
    {
        "calibration.valid": ContextFunction(
            _IS, "the camera's calibration is known and holds at the moment", _has_calibration
        ),
        "local.day": ContextFunction(
            Type("float"), "the local day as a number: 20261122 is 22 November 2026"
        ),
        "local.time": ContextFunction(
            Type("float", Quantity.HOURS), "hours since the local midnight: 7.5 is half past seven"
        ),
        "local.weekday": ContextFunction(Type("float"), "the local day of the week, 1 (Monday) to 7"),
        "programme.dim_pct": ContextFunction(
            Type("float", Quantity.SHARE),
            "the level that the lighting programme asks of the lamp; unknown without a programme",
            has_lighting,
        ),
        "programme.expects": ContextFunction(
            _IS, "a broadcast is meant to play in the area, or the lamp is meant to burn", _has_programme
        ),
        "sun.elevation": ContextFunction(Type("float"), "degrees of the sun above the city's horizon"),
        "sun.is_up": ContextFunction(
            _IS, "between sunrise and sunset, each moved into the day by an offset such as '-15m'"
        ),
    }
)
"""Functions of time, place and dated entities."""

LOCAL_DAY = ContextCall("local.day")
"""What dated tables are looked up by."""


def context_call(call: Call) -> ContextCall:
    """The column that a context function needs.

    Raises:
        ExpressionError: the arguments are wrong.
    """
    allowed = 1 if call.function == "sun.is_up" else 0
    if len(call.arguments) > allowed:
        raise ExpressionError(f"{call.function}() takes at most {allowed} argument(s)", call.column)
    return ContextCall(call.function, _offset_ms(call.arguments[0]) if call.arguments else 0)


def _offset_ms(argument: Node) -> int:
    if not (isinstance(argument, Literal) and isinstance(argument.value, str)):
        raise ExpressionError("an offset is a literal text such as '-15m'", argument.column)
    try:
        return parse_duration_ms(argument.value, signed=True)
    except ValueError as error:
        raise ExpressionError(str(error), argument.column) from None


def suggestion(word: str, known: Iterable[str]) -> str:
    """What the writer may have meant, as the end of an error message."""
    listed = sorted(known)
    close = difflib.get_close_matches(word, listed, 1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(listed)}"
