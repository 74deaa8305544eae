"""Components of a Shelly device: their statuses by our names and units, laid over what came before."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from devices.decoders.measures import (
    flag,
    has_phases,
    level_pct,
    number,
    on_phase,
    plain_number,
    power_factor,
    single_phase,
    switched,
)
from devices.decoders.vendor import child
from devices.registry import Device

__all__ = [
    "Values",
    "changed_values",
    "is_component",
    "measured_values",
    "overlaid",
    "owner_of",
    "unknown_names",
]

_COMPONENTS_KEPT = 16
_DIGITS = 6
_KINDS = ("switch", "light", "rgb", "rgbw", "cct", "pm1", "em1", "em", "em1data", "emdata", "temperature")
_COMPONENT = re.compile(rf"({'|'.join(_KINDS)}):([0-9]{{1,3}})")
_SINGLE: Mapping[str, str] = {
    "apower": "power_w",
    "act_power": "power_w",
    "voltage": "voltage_v",
    "current": "current_a",
    "pf": "power_factor_ratio",
    "freq": "frequency_hz",
    "brightness": "dim_pct",
    "tC": "temp_c",
}
_THREE_PHASE: Mapping[str, str] = {
    **{f"{letter}_voltage": on_phase("voltage_v", n) for n, letter in enumerate("abc", start=1)},
    **{f"{letter}_current": on_phase("current_a", n) for n, letter in enumerate("abc", start=1)},
    **{f"{letter}_act_power": on_phase("power_w", n) for n, letter in enumerate("abc", start=1)},
    "n_current": "neutral_current_a",
    "total_act_power": "total_w",
    "total_aprt_power": "total_va",
}
_FREQUENCIES = ("a_freq", "b_freq", "c_freq")
_NESTED: Mapping[str, tuple[str, str, float]] = {
    "aenergy": ("total", "energy_kwh", 1000),
    "temperature": ("tC", "temp_c", 1),
}
"""Members that are objects: the number inside, our name, and the divisor to our unit (Wh to kWh)."""
_PLUMBING = frozenset({*_FREQUENCIES, "id", "source", "output", "total_act", "total_act_energy", "tF"})

Values = dict[str, Any]
"""One component's last values by our names; `on`, `total_w` and `total_va` only until the reading is made."""


def owner_of(component: str) -> str:
    """The component that the registry would name; a three-phase meter keeps its counters apart."""
    return component.replace("emdata:", "em:").replace("em1data:", "em1:")


def is_component(name: str) -> bool:
    """Whether a member of a notification is a component that measures or switches something."""
    return _COMPONENT.fullmatch(name) is not None


def changed_values(params: Mapping[str, Any]) -> dict[str, Values]:
    """The components of a notification by our names and units; a null says that the value is not known.

    Raises:
        Rejected: a value has the wrong type.
    """
    names = [name for name in params if _COMPONENT.fullmatch(name)]
    return {name: _values(name, child(params, name)) for name in names[:_COMPONENTS_KEPT]}


def _values(component: str, delta: Mapping[str, Any]) -> Values:
    if component.startswith(("emdata:", "em1data:")):
        energy_wh = number(delta, "total_act" if component.startswith("emdata:") else "total_act_energy")
        return {} if energy_wh is None else {"energy_kwh": round(energy_wh / 1000, _DIGITS)}
    table = _THREE_PHASE if component.startswith("em:") else _SINGLE
    values: Values = {ours: number(delta, name) for name, ours in table.items() if name in delta}
    for name, (inner, ours, divisor) in _NESTED.items():
        if name in delta and (delta[name] is None or inner in child(delta, name)):
            value = number(child(delta, name), inner)
            values[ours] = None if value is None else round(value / divisor, _DIGITS)
    if component.startswith("em:") and (
        frequencies := [delta[name] for name in _FREQUENCIES if name in delta]
    ):
        # A phase that is dead has no frequency; the others tell that of the net.
        alive = (plain_number(value) for value in frequencies)
        hertz = next((value for value in alive if value), None)
        if hertz is not None or len(frequencies) == len(_FREQUENCIES):
            values["frequency_hz"] = hertz
    if "output" in delta:
        values["on"] = flag(delta, "output")
    if "power_factor_ratio" in values:
        values["power_factor_ratio"] = power_factor(values["power_factor_ratio"])
    return values


def overlaid(before: Mapping[str, Values], changes: Mapping[str, Values]) -> dict[str, Values]:
    """The last values with the changes laid over them, for so many components as one device has at most."""
    latest = dict(before)
    for component, values in changes.items():
        if component in latest or len(latest) < _COMPONENTS_KEPT:
            latest[component] = latest.get(component, {}) | values
    return latest


def measured_values(device: Device, components: Mapping[str, Values]) -> dict[str, Any]:
    """The components of one device as one set of measurements.

    Of several relays the first counts, and before a relay's own meter that of the three phases.
    """
    found: dict[str, Any] = {}
    seen: set[str] = set()
    energies_kwh = [
        values.get("energy_kwh") for name, values in components.items() if name.startswith("em1data:")
    ]
    for component in sorted(components, key=_rank):
        kind, _, index = component.partition(":")
        values = dict(components[component])
        if kind == "em1" and has_phases(device):
            # Three meters of one phase each; the power factor of one is not that of the cabinet.
            values.pop("power_factor_ratio", None)
            found |= single_phase(device, values, int(index) + 1)
        elif kind not in seen and kind != "em1data":
            found |= single_phase(device, values)
        seen.add(kind)
    if energies_kwh and len(energies_kwh) >= sum(name.startswith("em1:") for name in components):
        # Until every meter has told its counter, their sum would seem to have been set back.
        known = [value for value in energies_kwh if value is not None]
        found["energy_kwh"] = sum(known) if len(known) == len(energies_kwh) else None
    on = found.pop("on", None)
    total_w, total_va = found.pop("total_w", None), found.pop("total_va", None)
    found["dim_pct"] = level_pct(found.get("dim_pct"), on=on)
    if total_w is not None and total_va:
        # Both are rounded by the device, so that their quotient may pass 1 by a hair.
        found["power_factor_ratio"] = max(-1.0, min(1.0, round(total_w / total_va, 3)))
    return found | switched(device, on=on)


def _rank(component: str) -> tuple[int, int]:
    kind, _, index = component.partition(":")
    return _KINDS.index(kind), int(index)


def unknown_names(params: Mapping[str, Any], own: Iterable[str], *, everything: bool) -> set[str]:
    """Names nobody described: members of one's own components, and for the source itself other components."""
    members = {name for component in own for name in child(params, component)}
    known = _SINGLE.keys() | _THREE_PHASE.keys() | _NESTED.keys() | _PLUMBING
    others = (
        {name.split(":", 1)[0] for name in params if not _COMPONENT.fullmatch(name)} if everything else set()
    )
    return (members - known) | (others - {"ts"})
