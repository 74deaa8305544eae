"""Judging what has no telemetry: which groups fell silent together, and which asset is to blame for it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from rules.faults import FaultCleared, FaultRaised, fault_id
from rules.management.causes import BEYOND, PART, Causes
from rules.management.dependencies import Dependencies
from rules.management.inference import Inference, Over
from rules.management.situation import ActiveFault, Situation
from rules.management.topology import Group, Topology

__all__ = ["Judgement", "judge"]

_EXAMPLES = 20


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Faults of passive assets that begin and end, and those that a wider one contains (by fault id).

    `waits_ms` is until when those that begin wait: as long as any of their signs would. `due_ms` is when a
    group that seems down may be told; None if none waits for that.
    """

    raised: tuple[FaultRaised, ...] = ()
    cleared: tuple[FaultCleared, ...] = ()
    contained: Mapping[str, str] = field(default_factory=dict)
    waits_ms: Mapping[str, int] = field(default_factory=dict)
    due_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Down:
    """A group that is down: whose signs prove it, of how many devices that could have shown them."""

    group: Group
    inference: Inference
    signs: tuple[ActiveFault, ...]
    of: int
    since_ms: int
    standing: ActiveFault | None
    from_m: float = 0.0

    @cached_property
    def devices(self) -> frozenset[str]:
        return frozenset(sign.device for sign in self.signs)

    @property
    def id(self) -> str:
        """The id of its fault: the one that stands, or the one that would be raised."""
        if self.standing is not None:
            return self.standing.id
        named = self.group.asset if not self.group.part else f"{self.group.asset}|{self.group.part}"
        return fault_id(self.group.rule, named, self.since_ms)


def judge(
    situation: Situation,
    causes: Causes,
    dependencies: Dependencies,
    topology: Topology,
    now_ms: int,
) -> Judgement:
    """What the signs of a moment say about the assets that have no word of their own.

    A sign that a fault with telemetry explains says nothing about them. Where several groups are down, one
    that another contains is a part of that; of two with the same devices the nearer one is to blame.
    """
    standing = _standing(situation.active, dependencies)
    telling = {
        fault: one for fault, one in situation.active.items() if not _is_recovering(fault, situation, now_ms)
    }
    signs, explained = _signs(telling, causes, dependencies, topology)
    down: list[_Down] = []
    cleared: list[FaultCleared] = []
    for group in sorted(signs.keys() | standing.keys(), key=lambda one: (one.rule, one.asset, one.part)):
        inference = dependencies.inferences[group.rule]
        own = tuple(signs.get(group, ()))
        if inference.over is Over.CIRCUIT_END:
            found = _end_down(group, inference, own, standing.get(group), (causes, topology))
        else:
            of = topology.sizes.get(group, 0) - explained.get(group, 0)
            found = _group_down(group, inference, own, of, standing.get(group), causes)
        if found is not None:
            down.append(found)
        elif group in standing:
            cleared.append(_cleared(standing[group], now_ms))
    ready_ms = [0 if one.standing else _ready_ms(one, causes, dependencies) for one in down]
    down = [
        one
        for one, at_ms in zip(down, ready_ms, strict=True)
        if at_ms <= now_ms and (one.standing or _is_plausible(one, situation, topology, now_ms))
    ]
    blamed = _blamed(down)
    new = [one for one in down if one.standing is None and one.id not in blamed]
    return Judgement(
        raised=tuple(_raised(one, topology, now_ms) for one in new),
        cleared=tuple(cleared),
        contained=_by_what_there_is(blamed, down),
        waits_ms={one.id: max(causes.wait_until_ms(sign) for sign in one.signs) for one in new},
        due_ms=min((at_ms for at_ms in ready_ms if at_ms > now_ms), default=None),
    )


def _is_recovering(fault: str, situation: Situation, now_ms: int) -> bool:
    """Whether a fault's cause has gone and it has not had the time to clear: it is no sign of another."""
    standing = situation.standings.get(fault)
    if standing is None:
        return False
    is_orphan = standing.suppressed_by is not None and standing.suppressed_by not in situation.active
    return is_orphan or standing.is_rechecked(now_ms)


def _ready_ms(down: _Down, causes: Causes, dependencies: Dependencies) -> int:
    """When what has a word of its own, such as a cabinet, has had the time to explain the first sign."""
    return min(causes.wait_until_ms(sign, frozenset(dependencies.rules)) for sign in down.signs)


def _is_plausible(down: _Down, situation: Situation, topology: Topology, now_ms: int) -> bool:
    """Whether a group that seems down may be told.

    A kind, and the end of a circuit, only when nothing better can explain it any more: when the first of its
    devices would be told by itself; and a kind only if its devices have no asset in common of whose devices
    of that kind most are silent.
    """
    if down.inference.over not in (Over.KIND, Over.CIRCUIT_END):
        return True
    known = (situation.standings.get(sign.id) for sign in down.signs)
    if not any(one is not None and one.is_due(now_ms) for one in known):
        return False
    if down.inference.over is Over.CIRCUIT_END:
        return True
    share = down.inference.common_share
    below = Counter(asset for device in down.devices for asset in topology.assets(device))
    return not any(
        count >= share * len(down.devices) and count >= share * topology.below[asset, down.group.part]
        for asset, count in below.items()
    )


def _standing(active: Mapping[str, ActiveFault], dependencies: Dependencies) -> dict[Group, ActiveFault]:
    return {
        Group(fault.rule, fault.device, fault.why.get(PART, "")): fault
        for fault in active.values()
        if fault.rule in dependencies.inferences
    }


def _signs(
    active: Mapping[str, ActiveFault], causes: Causes, dependencies: Dependencies, topology: Topology
) -> tuple[Mapping[Group, list[ActiveFault]], Mapping[Group, int]]:
    """The signs of each group, one a device, and how many of its devices have a fault that is explained."""
    telling = frozenset().union(*(one.signs for one in dependencies.inferences.values()))
    observed = frozenset(dependencies.rules)
    signs: defaultdict[Group, dict[str, ActiveFault]] = defaultdict(dict)
    explained: defaultdict[Group, set[str]] = defaultdict(set)
    for fault in sorted(active.values(), key=lambda one: (one.since_ms, one.id)):
        if fault.rule not in telling:
            continue
        groups = topology.groups(fault.device)
        told = [one for one in groups if fault.rule in dependencies.inferences[one.rule].signs]
        if told and causes.of(fault, among=observed) is not None:
            for group in told:
                explained[group].add(fault.device)
        else:
            for group in told:
                signs[group].setdefault(fault.device, fault)
    return (
        {group: list(found.values()) for group, found in signs.items()},
        {group: len(found - signs[group].keys()) for group, found in list(explained.items())},
    )


def _group_down(
    group: Group,
    inference: Inference,
    signs: tuple[ActiveFault, ...],
    of: int,
    standing: ActiveFault | None,
    causes: Causes,
) -> _Down | None:
    """The group as down, or None if it is not."""
    if standing is not None:
        is_down = len(signs) >= inference.back_share * of and len(signs) > 0
        since_ms, together = standing.since_ms, signs
    else:
        if len(signs) < inference.at_least:
            return None
        since_ms, together = _together(signs, causes)
        # Whoever was silent before can say nothing about now.
        of -= len(signs) - len(together)
        is_down = len(together) >= max(inference.at_least, inference.share * of)
    if not is_down:
        return None
    return _Down(
        group=group, inference=inference, signs=together, of=of, since_ms=since_ms, standing=standing
    )


def _end_down(
    group: Group,
    inference: Inference,
    signs: tuple[ActiveFault, ...],
    standing: ActiveFault | None,
    known: tuple[Causes, Topology],
) -> _Down | None:
    """The end of a circuit as down, from the nearest of the lamps that fell silent; None if it is not.

    With all of the circuit down it is no end.
    """
    causes, topology = known
    if standing is not None:
        from_m = float(standing.why.get(BEYOND, 0))
        signs = tuple(one for one in signs if topology.metres(one.device) >= from_m)
    elif len(signs) < inference.at_least:
        return None
    else:
        _, signs = _together(signs, causes)
        from_m = min(topology.metres(one.device) for one in signs)
    of = topology.end(group, from_m)
    found = _group_down(group, inference, signs, of, standing, causes)
    return None if found is None or of == topology.end(group, 0) else replace(found, from_m=from_m)


def _together(signs: Sequence[ActiveFault], causes: Causes) -> tuple[int, tuple[ActiveFault, ...]]:
    """The moment at which most of the signs can have begun together, and these signs."""
    onsets = [(causes.onset(sign), sign) for sign in signs]
    edges = sorted(
        [(onset.earliest_ms, 0) for onset, _ in onsets] + [(onset.latest_ms, 1) for onset, _ in onsets]
    )
    best, count, at_ms = 0, 0, edges[0][0]
    for edge_ms, is_end in edges:
        count += -1 if is_end else 1
        if count > best:
            best, at_ms = count, edge_ms
    together = tuple(sign for onset, sign in onsets if onset.earliest_ms <= at_ms <= onset.latest_ms)
    return at_ms, together


def _blamed(down: Sequence[_Down]) -> Mapping[str, str]:
    """For each fault that is a part of a wider one, the id of that."""
    assets = [one for one in down if one.inference.over is not Over.KIND]
    found = {one.id: wider.id for one in assets if (wider := _widest_like(one, assets)) is not None}
    kinds = sorted(
        (one for one in down if one.inference.over is Over.KIND),
        key=lambda one: (one.standing is None, one.id),
    )
    # Kinds that hang on one asset are no blindness; all the others are one.
    covering = {one.id: _covering(one, assets) for one in kinds}
    blind = [one for one in kinds if covering[one.id] is None]
    found |= {one.id: asset.id for one in kinds if (asset := covering[one.id]) is not None}
    found |= {one.id: blind[0].id for one in blind[1:]}
    unseen = frozenset().union(*(one.devices for one in blind))
    found |= {one.id: blind[0].id for one in assets if one.devices <= unseen}
    return found


def _by_what_there_is(blamed: Mapping[str, str], down: Sequence[_Down]) -> Mapping[str, str]:
    """The same, each by a fault that is active or raised now: one that only would be is passed over."""
    unraised = {one.id for one in down if one.standing is None} & blamed.keys()
    found: dict[str, str] = {}
    for part, whole in blamed.items():
        wider = whole
        while wider in unraised:
            wider = blamed[wider]
        found[part] = wider
    return found


def _widest_like(one: _Down, assets: Sequence[_Down]) -> _Down | None:
    """The smallest of the groups that contain one and are to blame for it; None if there is none."""
    wider = [
        other
        for other in assets
        if other is not one and one.devices <= other.devices and _is_wider(other, one)
    ]
    return min(wider, key=lambda other: (len(other.devices), other.id), default=None)


def _is_wider(other: _Down, one: _Down) -> bool:
    if len(other.devices) != len(one.devices):
        return True
    # The same devices: blame what was blamed first, else the smaller group, else the first by name.
    return _blame_order(other) < _blame_order(one)


def _blame_order(one: _Down) -> tuple[bool, int, str, str]:
    return (one.standing is None, one.of, one.group.rule, one.group.asset)


def _covering(kind: _Down, assets: Sequence[_Down]) -> _Down | None:
    """The asset under which most of a kind's silent devices hang."""
    for asset in assets:
        if len(asset.devices & kind.devices) >= asset.inference.share * len(kind.devices):
            return asset
    return None


def _raised(down: _Down, topology: Topology, now_ms: int) -> FaultRaised:
    asset, inference = topology.registry[down.group.asset], down.inference
    return FaultRaised(
        id=down.id,
        rule=inference.id,
        rule_version=inference.version,
        title=inference.title,
        device=asset.id,
        kind=asset.kind,
        area=asset.area,
        severity=inference.severity,
        since_ms=down.since_ms,
        raised_at_ms=now_ms,
        detected_at_ms=now_ms,
        why={
            "rule": inference.id,
            "version": inference.version,
            "expression": f"at least {inference.at_least} and {inference.share:.0%} of its devices at once:"
            f" {', '.join(sorted(inference.signs))}",
            "values": f"{len(down.signs)} of {down.of} devices",
            "samples": [
                {"device": sign.device, "fault": sign.id, "rule": sign.rule, "since_ms": sign.since_ms}
                for sign in down.signs[:_EXAMPLES]
            ],
            PART: down.group.part,
            BEYOND: round(down.from_m, 1) - 0.1,
        },
    )


def _cleared(fault: ActiveFault, now_ms: int) -> FaultCleared:
    return FaultCleared(
        id=fault.id,
        rule=fault.rule,
        device=fault.device,
        cleared_at_ms=max(now_ms, fault.since_ms),
        detected_at_ms=now_ms,
        why={"rule": fault.rule, "expression": "most of its devices are back", "values": "", "samples": []},
    )
