"""A city's readings, as the engine and the other contestants get them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import polars as pl

from devices.batch import ReadingBatch, reading_frame
from devices.cities import City, load_city
from devices.decoders.native import NativeDecoder
from devices.messages import RawMessage, Reading
from devices.plans import Programme
from devices.registry import Registry
from devices.stream import Content, Entry, Mark
from rules.expressions.expression import Expression
from rules.expressions.syntax import Binary, Call, Choice, In, Literal, Lookup, Name, Node, Unary, walk
from rules.loading import load_rules
from rules.rule import Lasting
from simulators.city import build_city
from simulators.scenario import Scenario
from simulators.simulation import Simulation

__all__ = ["Load", "as_rule_engine", "asked_conditions", "rows_of", "simulated"]

_START_MS = 1_795_000_200_000  # an evening
_STEP_MS = 15_000


@dataclass(frozen=True)
class Load:
    """Readings in the order of a journal, and the city that they are of."""

    city: City
    registry: Registry
    programmes: Sequence[Programme]
    entries: Sequence[Entry]

    @property
    def readings(self) -> int:
        """How many there are."""
        return sum(batch.frame.height for batch in self.batches())

    def batches(self) -> Iterator[ReadingBatch]:
        """Those entries that are readings."""
        return (entry.content for entry in self.entries if isinstance(entry.content, ReadingBatch))


def simulated(devices: int, minutes: int) -> Load:
    """What a simulated city says, every fifteen seconds of it an entry for each kind."""
    place = load_city("tam-ky")
    city = build_city(place, devices, 1)
    registry = Registry(city.devices)
    simulation = Simulation(city, Scenario(id="quiet"), seed=1, start_ms=_START_MS)
    decoder = NativeDecoder()
    contents: list[Content] = []
    messages = sorted(simulation.advance(_START_MS + minutes * 60_000), key=lambda message: message.at_ms)
    for step, together in groupby(messages, key=lambda message: message.at_ms // _STEP_MS):
        received_ms = (step + 1) * _STEP_MS
        readings: dict[str, list[Reading]] = {}
        for message in together:
            for record in decoder.decode(RawMessage(message.topic, message.payload), registry):
                if isinstance(record, Reading):
                    readings.setdefault(record.device.kind, []).append(record)
        frames = {kind: reading_frame(kind, found, received_ms) for kind, found in readings.items()}
        contents += [ReadingBatch(kind, frame) for kind, frame in frames.items()]
        contents.append(Mark(received_ms, caught_up=True))
    entries = [Entry(number, content) for number, content in enumerate(contents, 1)]
    return Load(place, registry, [*city.programmes, *city.lighting], entries)


def asked_conditions(kind: str) -> list[Expression]:
    """The conditions of a kind's rules that need nothing but a reading, the one before and the registry."""
    patterns = (rule.patterns.get(kind) for rule in load_rules())
    found = [pattern.when for pattern in patterns if isinstance(pattern, Lasting)]
    return [expression for expression in found if _is_plain(expression.tree)]


def _is_plain(tree: Node) -> bool:
    nodes = [node for node, _ in walk(tree)]
    is_alone = all(not isinstance(node, Call) or node.function in ("abs", "has") for node in nodes)
    # The others have no tables either.
    return is_alone and not any(isinstance(node, Lookup) for node in nodes)


def as_rule_engine(node: Node) -> str:  # noqa: PLR0911 - one return for each sort of node
    """A condition in the grammar of the library rule-engine."""
    match node:
        case Literal():
            return str(node.value).lower() if isinstance(node.value, bool) else repr(node.value)
        case Name():
            return node.text
        case Unary():
            word = "not " if node.operator == "!" else node.operator
            return f"({word}{as_rule_engine(node.operand)})"
        case Binary():
            word = {"&&": "and", "||": "or"}.get(node.operator, node.operator)
            return f"({as_rule_engine(node.left)} {word} {as_rule_engine(node.right)})"
        case Choice():
            parts = map(as_rule_engine, (node.condition, node.yes, node.no))
            return "({} ? {} : {})".format(*parts)
        case In():
            options = ", ".join(map(as_rule_engine, node.options))
            return f"({as_rule_engine(node.operand)} in [{options}])"
        case Call():
            argument = as_rule_engine(node.arguments[0])
            return f"({argument} != null)" if node.function == "has" else f"$abs({argument})"
        case _:
            raise LookupError(f"rule-engine cannot say {node!r}")


def rows_of(load: Load, kind: str, most: int) -> list[dict[str, dict[str, Any]]]:
    """Readings of a kind as the others want them: the reading, the registry's values, the reading before."""
    frames = [batch.frame for batch in load.batches() if batch.kind == kind]
    found: list[dict[str, dict[str, Any]]] = []
    before: dict[str, dict[str, Any]] = {}
    frame = pl.concat(frames).drop("measured_at", "received_at").tail(most) if frames else pl.DataFrame()
    for row in frame.with_columns(pl.col(pl.Enum, pl.Categorical).cast(pl.String)).iter_rows(named=True):
        reading = {name: float(value) if type(value) is int else value for name, value in row.items()}
        device = load.registry[row["device"]]
        known = {
            name: float(value) if type(value) is int else value for name, value in device.attributes.items()
        }
        registry = known | {"interval_s": float(device.interval_s), "area": device.area}
        found.append({"m": reading, "d": registry, "prev": before.get(device.id, reading)})
        before[device.id] = reading
    return found
