"""Grafana's name for each of our units."""

from devices.quantities import Quantity

__all__ = ["unit_of"]

_UNITS = {
    Quantity.POWER: "watt",
    Quantity.REACTIVE_POWER: "voltampreact",
    Quantity.APPARENT_POWER: "voltamp",
    Quantity.VOLTAGE: "volt",
    Quantity.CURRENT: "amp",
    Quantity.FREQUENCY: "hertz",
    Quantity.RADIO_FREQUENCY: "suffix: MHz",
    Quantity.ENERGY: "kwatth",
    Quantity.REACTIVE_ENERGY: "suffix: kvarh",
    Quantity.APPARENT_ENERGY: "suffix: kVAh",
    Quantity.TEMPERATURE: "celsius",
    Quantity.SHARE: "percent",
    Quantity.RATIO: "none",
    Quantity.DURATION: "s",
    Quantity.LATENCY: "ms",
    Quantity.HOURS: "h",
    Quantity.SIGNAL: "dBm",
    Quantity.LEVEL: "dB",
    Quantity.ILLUMINANCE: "lux",
    Quantity.SPEED: "velocitykmh",
    Quantity.FRAME_RATE: "suffix: 1/s",
    Quantity.DATA_RATE: "Mbits",
    Quantity.BYTES: "bytes",
    Quantity.MEGABYTES: "decmbytes",
    Quantity.COUNT: "short",
    Quantity.CODE: "none",
}


def unit_of(quantity: Quantity) -> str:
    """The id of a unit, or a suffix where Grafana has none."""
    return _UNITS[quantity]
