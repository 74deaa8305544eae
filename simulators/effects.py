"""What injected faults do to devices: knobs that behaviours look at, each turned for a span of time."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["SILENT", "Effect", "Effects"]

SILENT = "silent"
"""Nothing the device says arrives. Every kind has this knob; others are named in their kinds' modules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One knob of one device, turned from `from_ms` (inside) to `to_ms` (outside).

    `detail` says more where the knob needs it, such as which phase.
    """

    device: str
    knob: str
    from_ms: int
    to_ms: int
    detail: str = ""


class Effects:
    """All effects known so far, by device and knob."""

    def __init__(self) -> None:
        self._by_knob: defaultdict[str, dict[str, list[Effect]]] = defaultdict(dict)

    def add(self, effect: Effect) -> None:
        """Remember an effect; two of one knob may overlap."""
        self._by_knob[effect.knob].setdefault(effect.device, []).append(effect)

    def of(self, device: str, knob: str) -> Sequence[Effect]:
        """All effects on a device's knob, past and future ones too."""
        return self._by_knob[knob].get(device, ())

    def active(self, device: str, knob: str, at_ms: int) -> Effect | None:
        """The effect that turns a device's knob at a moment, or None."""
        for effect in self._by_knob[knob].get(device, ()):
            if effect.from_ms <= at_ms < effect.to_ms:
                return effect
        return None
