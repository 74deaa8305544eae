import pytest

from app.errors import StartError
from app.mosquitto.principals import Role, check_apart, principal


@pytest.mark.parametrize(
    ("role", "name", "prefixes"),
    [
        (Role.DEVICE, "TK-L-0001", ()),
        (Role.GATEWAY, "gw.zigbee", ("zigbee2mqtt", "ioc/v1/tam-ky")),
        (Role.INTEGRATOR, "int.traffic", ()),
        (Role.COLLECTOR, "svc.collector", ()),
        (Role.COLLECTOR, "svc.collector-north", ()),
    ],
)
def test_principal_of_a_right_name_is_made(role: Role, name: str, prefixes: tuple[str, ...]) -> None:
    assert principal(role, name, prefixes).prefixes == prefixes


@pytest.mark.parametrize(
    ("role", "name", "rule"),
    [
        (Role.DEVICE, "TK/L", "device id"),
        (Role.DEVICE, "+", "device id"),
        (Role.DEVICE, "gw.zigbee", "device id"),
        (Role.DEVICE, "ioc-collector-1", "our own sessions"),
        (Role.GATEWAY, "zigbee", "gw.NAME"),
        (Role.GATEWAY, "gw.", "gw.NAME"),
        (Role.INTEGRATOR, "gw.zigbee", "int.NAME"),
        (Role.COLLECTOR, "svc.publisher", "svc.collector"),
        (Role.COLLECTOR, "svc.collector:x", "svc.collector"),
        (Role.MONITOR, "svc.monitor\nuser x", "svc.monitor"),
    ],
)
def test_principal_of_a_name_that_is_somebody_elses_is_refused(role: Role, name: str, rule: str) -> None:
    with pytest.raises(StartError, match=rule):
        principal(role, name, ["zigbee2mqtt"] if role is Role.GATEWAY else [])


@pytest.mark.parametrize(
    "prefix",
    [
        "", "#", "+/x", "a/#", "a//b", "a/", "/a", "a b", "a\ntopic readwrite #", "$SYS", "ioc", "ioc/v1",
        "ioc/v2/x", "ioc/v1/out", "ioc/v1/out/fault", "a/b/c/d/e/f/g/h/i",
    ],
)  # fmt: skip
def test_gateway_of_a_prefix_that_reaches_too_far_is_refused(prefix: str) -> None:
    with pytest.raises(StartError):
        principal(Role.GATEWAY, "gw.one", [prefix])


def test_gateway_without_a_prefix_and_device_with_one_are_refused() -> None:
    with pytest.raises(StartError, match="give --prefix"):
        principal(Role.GATEWAY, "gw.one")
    with pytest.raises(StartError, match="only a gateway"):
        principal(Role.DEVICE, "TK-L-0001", ["tele"])


@pytest.mark.parametrize(
    ("mine", "theirs", "meet"),
    [("a/b", "a", True), ("a", "a/b", True), ("a", "a", True), ("ab", "a", False), ("a/b", "a/c", False)],
)
def test_prefixes_of_two_gateways_may_not_meet(mine: str, theirs: str, meet: bool) -> None:  # noqa: FBT001
    new, other = principal(Role.GATEWAY, "gw.new", [mine]), principal(Role.GATEWAY, "gw.old", [theirs])
    if meet:
        with pytest.raises(StartError, match=r"'gw\.old'"):
            check_apart(new, [other])
    else:
        check_apart(new, [other, new])
