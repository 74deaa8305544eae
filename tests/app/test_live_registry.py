from app.live_registry import LiveRegistry
from devices.registry import Device, Registry


def test_followers_are_told_in_their_order_with_what_then_holds() -> None:
    live = LiveRegistry(Registry([]), ())
    told: list[tuple[str, list[str]]] = []
    live.follow(lambda: told.append(("first", list(live.registry))))
    live.follow(lambda: told.append(("second", list(live.registry))))
    live.change(Registry([Device(id="F1", kind="feeder", area="a")]), ())
    assert told == [("first", ["F1"]), ("second", ["F1"])]
    assert list(live.programmes) == []
