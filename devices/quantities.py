"""Physical quantities with their one unit each, so that a field's name, unit and range cannot disagree."""

from enum import Enum
from typing import NamedTuple

__all__ = ["Quantity"]


class _Unit(NamedTuple):
    """Unit symbol for people, the suffix every field name of it ends with, and the widest sane range."""

    symbol: str
    suffix: str
    low: float | None
    high: float | None


class Quantity(Enum):
    """What a numeric field measures.

    The range is the widest that any device of any kind may report in that unit; a field states its own,
    narrower one. Both are engineering judgement for a 220/230 V 50 Hz network unless a field says otherwise.
    """

    POWER = _Unit("W", "_w", -1_000_000, 1_000_000)
    REACTIVE_POWER = _Unit("var", "_var", -1_000_000, 1_000_000)
    APPARENT_POWER = _Unit("VA", "_va", 0, 1_000_000)
    VOLTAGE = _Unit("V", "_v", 0, 1_000)
    CURRENT = _Unit("A", "_a", 0, 1_000)
    FREQUENCY = _Unit("Hz", "_hz", 0, 100)
    RADIO_FREQUENCY = _Unit("MHz", "_mhz", 0, 100_000)
    ENERGY = _Unit("kWh", "_kwh", 0, 1e9)
    REACTIVE_ENERGY = _Unit("kvarh", "_kvarh", 0, 1e9)
    APPARENT_ENERGY = _Unit("kVAh", "_kvah", 0, 1e9)
    TEMPERATURE = _Unit("°C", "_c", -60, 150)
    SHARE = _Unit("%", "_pct", 0, 100)
    RATIO = _Unit("", "_ratio", -1, 1)
    DURATION = _Unit("s", "_s", 0, 1e10)
    LATENCY = _Unit("ms", "_ms", -1e9, 1e9)
    HOURS = _Unit("h", "_h", 0, 1e7)
    SIGNAL = _Unit("dBm", "_dbm", -200, 60)
    LEVEL = _Unit("dB", "_db", -200, 200)
    ILLUMINANCE = _Unit("lx", "_lx", 0, 200_000)
    SPEED = _Unit("km/h", "_kmh", 0, 400)
    FRAME_RATE = _Unit("1/s", "_fps", 0, 1_000)
    DATA_RATE = _Unit("Mbit/s", "_mbps", 0, 1_000_000)
    BYTES = _Unit("B", "_bytes", 0, 2**63 - 1)
    MEGABYTES = _Unit("MB", "_mb", 0, 1e9)
    COUNT = _Unit("", "_count", 0, 2**63 - 1)
    CODE = _Unit("", "", None, None)

    @property
    def symbol(self) -> str:
        """The unit as people write it; empty for counts and ratios."""
        return self.value.symbol

    @property
    def suffix(self) -> str:
        """What the name of every field of this quantity ends with."""
        return self.value.suffix
