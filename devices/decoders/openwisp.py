"""OpenWISP's NetJSON DeviceMonitoring, published on MQTT by a bridge."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from devices.decoders.measures import meaningful, number, uncharted
from devices.decoders.vendor import VendorDecoder, child, json_object, utc_from_epoch_s
from devices.errors import Rejected, Rejection
from devices.messages import Devices, Ignored, RawMessage, Record

__all__ = ["DECODER", "OpenWispDecoder"]

_LEVELS = 3
_NOT_SERVING = frozenset({"station", "monitor", "adhoc", "802.11s"})
"""Radio modes whose stations are no guests: uplinks and meshes."""
_SECTIONS = frozenset({"type", "general", "resources", "interfaces"})
_RESOURCES = frozenset({"cpus", "disk", "load", "memory"})
_OF_ONE_RADIO: Mapping[str, str] = {
    "channel": "channel",
    "frequency_mhz": "frequency",
    "tx_power_dbm": "tx_power",
    "signal_dbm": "signal",
}


class OpenWispDecoder(VendorDecoder):
    """Monitoring data become a reading; the identity is the topic's level.

    Addresses of people's devices are counted and forgotten: neither readings nor errors ever hold one.
    """

    name: str = "openwisp"
    usual_kind = "wifi-ap"
    filters: tuple[str, ...] = ("openwisp/+/monitoring",)

    def decode(self, message: RawMessage, devices: Devices) -> list[Record]:
        """The reading of one message.

        Raises:
            Rejected: the topic, the device or the payload broke a rule.
        """
        levels = message.topic.split("/")
        if len(levels) != _LEVELS or (levels[0], levels[2]) != ("openwisp", "monitoring"):
            raise Rejected(Rejection.TOPIC, f"a topic is openwisp/name/monitoring, got {message.topic!r}")
        device = self.device(devices, levels[1])
        if message.retained:
            return [Ignored("retained")]
        data = json_object(message.payload)
        if data.get("type") != "DeviceMonitoring":
            raise Rejected(Rejection.SCHEMA, "NetJSON of the type DeviceMonitoring is needed")
        general, resources = child(data, "general"), child(data, "resources")
        unknown = (data.keys() - _SECTIONS) | (resources.keys() - _RESOURCES)
        measurements = (
            uncharted(device, unknown)
            | _radio(_radios(data))
            | {
                "uptime_s": number(general, "uptime"),
                "cpu_pct": _cpu_pct(resources),
                "memory_pct": _memory_pct(child(resources, "memory")),
                "disk_pct": _disk_pct(resources),
            }
        )
        ts = utc_from_epoch_s(number(general, "local_time"))
        return [meaningful(self.reading(device, measurements, ts=ts))]


def _objects(parent: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of an array; none where there is no array.

    Raises:
        Rejected: something else stands there, or in it.
    """
    found = parent.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise Rejected(Rejection.SCHEMA, f"{name} must be an array of objects")
    return found


def _radios(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The wireless interfaces that serve people."""
    return [
        interface
        for interface in _objects(data, "interfaces")
        if interface.get("type") == "wireless" or interface.get("wireless")
        if str(child(interface, "wireless").get("mode")) not in _NOT_SERVING
    ]


def _radio(radios: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts of all radios together, and the loudest noise floor among them in dBm.

    What only one radio can have, such as a channel, is left out where there are several.
    """
    wireless = [child(radio, "wireless") for radio in radios]
    statistics = [child(radio, "statistics") for radio in radios]
    noises = [number(radio, "noise") for radio in wireless]
    return {
        "client_count": _sum(_clients(radio) for radio in wireless),
        "rx_bytes": _sum(_counter(counters, "rx_bytes") for counters in statistics),
        "tx_bytes": _sum(_counter(counters, "tx_bytes") for counters in statistics),
        # Drivers that measure no noise say 0, which would be louder than any transmitter nearby.
        "noise_dbm": max((noise for noise in noises if noise), default=None),
        "rx_dropped_count": _sum(_counter(counters, "rx_dropped") for counters in statistics),
        "tx_dropped_count": _sum(_counter(counters, "tx_dropped") for counters in statistics),
    } | (_one_radio(wireless[0]) if len(wireless) == 1 else {})


def _one_radio(wireless: Mapping[str, Any]) -> dict[str, Any]:
    """What a radio says of its wave; 0 stands for what a driver does not know."""
    found = {ours: number(wireless, theirs) or None for ours, theirs in _OF_ONE_RADIO.items()}
    return found | {"channel": _counter(wireless, "channel") or None}


def _clients(radio: Mapping[str, Any]) -> int | None:
    """How many stations are associated; None where the radio does not list them."""
    if radio.get("clients") is None:
        return None
    return sum(client.get("assoc") is not False for client in _objects(radio, "clients"))


def _counter(counters: Mapping[str, Any], name: str) -> int | None:
    value = number(counters, name)
    return None if value is None else int(counters[name])


def _sum(values: Iterable[int | None]) -> int | None:
    """The sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _cpu_pct(resources: Mapping[str, Any]) -> float | None:
    """The load of the last minute per processor in %, at most 100: a queue beyond it is no more busy.

    Raises:
        Rejected: the load is no array of numbers.
    """
    load, cpus = resources.get("load"), number(resources, "cpus")
    if load is not None and not isinstance(load, list):
        raise Rejected(Rejection.SCHEMA, f"load must be an array, got {type(load).__name__}")
    if not load or not cpus or cpus < 0:
        return None
    last_minute = number({"load": load[0]}, "load")
    return None if last_minute is None else min(100.0, round(100 * last_minute / cpus, 2))


def _disk_pct(resources: Mapping[str, Any]) -> float | None:
    """The fullest file system in %; None where none is listed."""
    shares = [number(disk, "used_percent") for disk in _objects(resources, "disk")]
    return max((share for share in shares if share is not None), default=None)


def _memory_pct(memory: Mapping[str, Any]) -> float | None:
    """What is neither available nor, in kernels that do not say so, free or a cache, in %."""
    total, available = number(memory, "total"), number(memory, "available")
    if available is None:
        parts = [number(memory, name) for name in ("free", "buffered", "cached")]
        available = None if parts[0] is None else sum(part for part in parts if part is not None)
    if not total or total < 0 or available is None:
        return None
    return round(100 * (1 - available / total), 2)


DECODER = OpenWispDecoder
