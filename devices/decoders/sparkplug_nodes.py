"""What a Sparkplug B host remembers of each edge node: session, sequence, and what births defined."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from devices.decoders.sparkplug_payload import Metric

__all__ = ["Definition", "EdgeNode", "EdgeNodes"]

_NODES_KEPT = 5_000
_DEFINITIONS_KEPT = 10_000
_SEQUENCE = 256
_LATE = _SEQUENCE // 2


@dataclass(frozen=True, slots=True)
class Definition:
    """What a birth said of a metric, which later messages leave out."""

    name: str
    datatype: int
    unit: str


@dataclass(slots=True)
class EdgeNode:
    """One node's session. A device is called by its level of the topic, the node itself by an empty text."""

    seq: int | None = None
    bd_seq: int | None = None
    missed: int = 0
    _by_alias: dict[str, dict[int, Definition]] = field(default_factory=dict)
    _by_name: dict[str, dict[str, Definition]] = field(default_factory=dict)

    @property
    def born(self) -> tuple[str, ...]:
        """The devices whose birth was seen in this session and no death since."""
        return tuple(name for name in self._by_name if name)

    def begin(self, bd_seq: int | None) -> None:
        """A node's birth or death: everything of the earlier session is void."""
        self.seq, self.bd_seq = None, bd_seq
        self._by_alias.clear()
        self._by_name.clear()

    def define(self, device: str, metrics: Iterable[Metric]) -> None:
        """Take over what a birth defines, instead of what an earlier one did."""
        aliases: dict[int, Definition] = {}
        names: dict[str, Definition] = {}
        room = _DEFINITIONS_KEPT - sum(len(defined) for defined in self._by_name.values())
        for metric in metrics:
            if metric.name is None or len(names) >= room:
                continue
            definition = Definition(metric.name, metric.datatype, metric.unit)
            names[metric.name] = definition
            if metric.alias is not None:
                aliases[metric.alias] = definition
        self._by_alias[device], self._by_name[device] = aliases, names

    def forget(self, device: str) -> None:
        """A device's death: its aliases mean nothing until its next birth."""
        self._by_alias.pop(device, None)
        self._by_name.pop(device, None)

    def definition(self, device: str, metric: Metric) -> Definition | None:
        """What is known of a metric: from its birth, or from itself where it has a name; None for neither."""
        if metric.name is None:
            alias = metric.alias
            return None if alias is None else self._by_alias.get(device, {}).get(alias)
        own = Definition(metric.name, metric.datatype, metric.unit)
        at_birth = self._by_name.get(device, {}).get(metric.name, own)
        return Definition(metric.name, metric.datatype or at_birth.datatype, metric.unit or at_birth.unit)

    def follow(self, seq: int | None) -> int:
        """How many messages are missing before this one; 0 for the next, a repeated and a late one."""
        if seq is None:
            return 0
        seq %= _SEQUENCE
        ahead = 0 if self.seq is None else (seq - self.seq) % _SEQUENCE
        if ahead > _LATE:
            return 0
        self.seq = seq
        missing = max(0, ahead - 1)
        self.missed += missing
        return missing


class EdgeNodes:
    """The nodes by group and name; what was unheard of longest is forgotten where there is no room."""

    def __init__(self) -> None:
        self._nodes: dict[str, EdgeNode] = {}

    def __getitem__(self, identity: str) -> EdgeNode:
        node = self._nodes.pop(identity, None) or EdgeNode()
        if len(self._nodes) >= _NODES_KEPT:
            del self._nodes[next(iter(self._nodes))]
        self._nodes[identity] = node
        return node
