"""What injected faults do to devices: knobs that behaviours look at, each turned for a span of time."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["CAUSE", "CLOCK", "SILENT", "STORING", "Effect", "Effects"]

CAUSE = "cause"
"""Others suffer from what is wrong here, and the device itself says what it always says."""

SILENT = "silent"
"""Nothing the device says arrives. Every kind has this knob and the two below; others are named in their
kinds' modules."""

STORING = "storing"
"""The device is cut off, keeps what it measures and sends it in order when it is back."""

CLOCK = "clock"
"""The device writes wrong times. The detail says how: `+7h` ahead, or `-30s/h` more behind each hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One knob of one device, turned from `from_ms` (inside) to `to_ms` (outside).

    `value` and `detail` say more where the knob needs it, such as how far or which phase.
    """

    device: str
    knob: str
    from_ms: int
    to_ms: int
    value: Any = None
    detail: str = ""

    def is_on(self, at_ms: int) -> bool:
        """Whether the knob is turned at a moment."""
        return self.from_ms <= at_ms < self.to_ms


class Effects:
    """All effects known so far, by device and knob: one look-up for a device that nothing ails."""

    def __init__(self) -> None:
        self._by_device: dict[str, defaultdict[str, list[Effect]]] = {}

    def add(self, effect: Effect) -> None:
        """Remember an effect; two of one knob may overlap."""
        self._by_device.setdefault(effect.device, defaultdict(list))[effect.knob].append(effect)

    def knobs(self, device: str) -> Mapping[str, Sequence[Effect]] | None:
        """All effects on a device by knob, past and future ones too; None if there never was one."""
        return self._by_device.get(device)

    def of(self, device: str, knob: str) -> Sequence[Effect]:
        """All effects on a device's knob, past and future ones too."""
        knobs = self._by_device.get(device)
        return () if knobs is None else knobs.get(knob, ())

    def active(self, device: str, knob: str, at_ms: int) -> Effect | None:
        """The effect that turns a device's knob at a moment, or None."""
        knobs = self._by_device.get(device)
        if knobs is None:
            return None
        for effect in knobs.get(knob, ()):
            if effect.from_ms <= at_ms < effect.to_ms:
                return effect
        return None
