"""Who connects to the broker, and what they may be called.

Devices, gateways and integrators use the devices' listener, the city's own processes another one: there a
client may choose its client id, and whoever could do that on the devices' listener could take the collector's
session over.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.errors import StartError
from devices.topics import DEVICE_ID

__all__ = ["Principal", "Role", "check_apart", "principal"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,56}")
_LEVEL = re.compile(r"[^+#/\s\x00]{1,64}")
_NATIVE = ("ioc", "v1")
_DEEPEST = 8


class Role(StrEnum):
    """What a principal is to the city. All but the first three are processes of the service itself."""

    DEVICE = "device"
    GATEWAY = "gateway"
    INTEGRATOR = "integrator"
    COLLECTOR = "collector"
    PUBLISHER = "publisher"
    OPERATOR = "operator"
    MONITOR = "monitor"

    @property
    def is_service(self) -> bool:
        """Whether it connects to the services' listener."""
        return self not in {Role.DEVICE, Role.GATEWAY, Role.INTEGRATOR}


_PREFIX_OF = {Role.GATEWAY: "gw.", Role.INTEGRATOR: "int."}


@dataclass(frozen=True)
class Principal:
    """One user of the broker. A device's name is its id; a gateway speaks for topics below its `prefixes`."""

    name: str
    role: Role
    prefixes: tuple[str, ...] = ()


def principal(role: Role, name: str, prefixes: Sequence[str] = ()) -> Principal:
    """The principal, its name and prefixes checked.

    Raises:
        StartError: a name or prefix that would let it be, or reach, somebody else.
    """
    _check_name(role, name)
    if role is Role.GATEWAY and not prefixes:
        raise StartError(f"a gateway needs the prefix of its topics, {name!r} has none: give --prefix")
    if prefixes and role is not Role.GATEWAY:
        raise StartError(f"only a gateway has a prefix, {name!r} is a {role}: leave --prefix away")
    for prefix in prefixes:
        _check_prefix(prefix)
    return Principal(name, role, tuple(dict.fromkeys(prefixes)))


def check_apart(new: Principal, others: Iterable[Principal]) -> None:
    """Refuse a gateway whose topics another one already has: each topic has one owner.

    Raises:
        StartError: one prefix lies within another's.
    """
    taken = [(prefix, other.name) for other in others if other.name != new.name for prefix in other.prefixes]
    for mine in new.prefixes:
        for theirs, owner in taken:
            if f"{mine}/".startswith(f"{theirs}/") or f"{theirs}/".startswith(f"{mine}/"):
                raise StartError(f"prefix {mine!r} meets {theirs!r} of {owner!r}; a topic has one owner")


def _check_name(role: Role, name: str) -> None:
    if role is Role.DEVICE:
        if not DEVICE_ID.fullmatch(name):
            raise StartError(f"a device id is 1 to 64 of A-Z a-z 0-9 _ -, got {name!r}")
        if name.startswith("ioc-"):
            raise StartError(f"names that begin with ioc- are those of our own sessions, got {name!r}")
        return
    # A dot, which no device id has, keeps them out of the devices' patterns.
    begins = _PREFIX_OF.get(role, f"svc.{role}")
    rest = name.removeprefix(begins)
    if not name.startswith(begins) or not (_NAME.fullmatch(rest) or (role.is_service and rest == "")):
        example = f"{begins}NAME" if not role.is_service else f"{begins} or {begins}-NAME"
        raise StartError(f"the name of a {role} is {example}, NAME of A-Z a-z 0-9 _ -, got {name!r}")


def _check_prefix(prefix: str) -> None:
    levels = prefix.split("/")
    if len(levels) > _DEEPEST or not all(_LEVEL.fullmatch(level) for level in levels):
        raise StartError(
            f"a prefix is topic levels without + # and blanks, at most {_DEEPEST}, got {prefix!r}"
        )
    if levels[0].startswith("$"):
        raise StartError(f"topics that begin with $ are the broker's own, got {prefix!r}")
    if levels[0] == _NATIVE[0] and (tuple(levels[:2]) != _NATIVE or len(levels) <= len(_NATIVE)):
        raise StartError(f"a native prefix names at least the area, such as ioc/v1/tam-ky, got {prefix!r}")
    if levels[: len(_NATIVE) + 1] == [*_NATIVE, "out"]:
        raise StartError(f"ioc/v1/out is what the service itself says, got {prefix!r}")
