"""The broker's access lists: what each role may publish and read. Anonymous clients may nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from app.mosquitto.principals import Principal, Role
from devices.decoders.loading import decoders
from devices.topics import NATIVE_FILTERS, OUT, Channel, native_topic

__all__ = ["devices_acl", "services_acl"]

_OUT = f"{OUT}/#"
_COMMANDS = native_topic("+", "+", "+", Channel.COMMAND)
_ALL_NATIVE = "ioc/v1/#"
_BROKER = "$SYS/#"

_DEVICES_HEAD = """\
# Made by `ioc devices credentials`; a change by hand is lost with the next one.
# No line stands before the first user or pattern, so that a client without a name may nothing.
# mosquitto grants every subscription and filters what it delivers: a device that subscribes to # is sent its
# own alone.

# A pattern holds for every user of this listener, %u being the name it proved. A device's name is its id.
{own}
# The firmware Tasmota, whose topic (%topic%) is set to the device's id.
pattern write tele/%u/+
pattern write stat/%u/+
pattern read cmnd/%u/+
# The firmware of Shelly, whose MQTT prefix is set to the device's id.
pattern write %u/online
pattern write %u/events/rpc
pattern write %u/status/+
pattern read %u/rpc
# The area "out" is the service's own voice: no device may speak as if it were one of its messages.
pattern deny ioc/v1/out/#
"""
_SERVICES_HEAD = """\
# Made by `ioc devices credentials`; a change by hand is lost with the next one.
# For the services' listener alone: devices cannot log in there.
"""


def devices_acl(principals: Iterable[Principal]) -> str:
    """The access list of the devices' listener: the devices' patterns, then each gateway and integrator."""
    blocks = [_DEVICES_HEAD.format(own=_own_topics())]
    for each in _sorted(principals, service=False):
        if each.role is Role.GATEWAY:
            # Beneath its prefix a gateway speaks for its devices and is given what is meant for them.
            blocks.append(_user(each.name, [f"readwrite {prefix}/#" for prefix in each.prefixes]))
        elif each.role is Role.INTEGRATOR:
            blocks.append(_user(each.name, [f"read {_OUT}"]))
    return "\n".join(blocks)


def services_acl(principals: Iterable[Principal]) -> str:
    """The access list of the services' listener."""
    users = [_user(each.name, _SERVICE_LINES[each.role]()) for each in _sorted(principals, service=True)]
    return "\n".join([_SERVICES_HEAD, *users])


def _own_topics() -> str:
    channels = (Channel.TELEMETRY, Channel.EVENT, Channel.STATUS, Channel.COMMAND_ACK)
    lines = [f"pattern write {native_topic('+', '+', '%u', channel)}" for channel in channels]
    return "\n".join([*lines, f"pattern read {native_topic('+', '+', '%u', Channel.COMMAND)}"])


def _sorted(principals: Iterable[Principal], *, service: bool) -> list[Principal]:
    return sorted((p for p in principals if p.role.is_service is service), key=lambda p: p.name)


def _user(name: str, lines: Sequence[str]) -> str:
    return "\n".join([f"user {name}", *(f"topic {line}" for line in lines), ""])


def _vendor_filters() -> list[str]:
    filters = {name for decoder in decoders() for name in decoder.filters}
    return sorted(filters - set(NATIVE_FILTERS))


def _collector() -> list[str]:
    # Exactly what it subscribes to, and what the broker says of messages it dropped.
    return [f"read {name}" for name in [*NATIVE_FILTERS, *_vendor_filters(), _BROKER]]


def _operator() -> list[str]:
    return [f"read {name}" for name in [_ALL_NATIVE, *_vendor_filters(), _BROKER]] + [f"write {_COMMANDS}"]


_SERVICE_LINES: Mapping[Role, Callable[[], list[str]]] = {
    Role.COLLECTOR: _collector,
    Role.PUBLISHER: lambda: [f"write {_OUT}", f"write {_COMMANDS}"],
    Role.OPERATOR: _operator,
    Role.MONITOR: lambda: [f"read {_BROKER}"],
}
