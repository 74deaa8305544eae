"""When maintenance is on, and on what."""

from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from devices.device import Device, Supply
from devices.entities.maintenance_windows import MaintenanceWindow

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
CABINET = Device(id="C-1", kind="lighting-cabinet", area="tam-ky")
LAMP = Device(id="L-1", kind="streetlight", area="tam-ky", powered_by=Supply(parent="C-1"))
ELSEWHERE = Device(id="W-1", kind="wifi-ap", area="ban-thach")


def window(**others: Any) -> MaintenanceWindow:
    values: dict[str, Any] = {
        "id": "mw-1",
        "area": "",
        "devices": (),
        "reason": "new lamps",
        "requested_by": "",
        "valid_from": datetime(2026, 11, 2, tzinfo=UTC),
        "valid_to": datetime(2026, 11, 30, tzinfo=UTC),
    }
    return MaintenanceWindow(**(values | others))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        ({"devices": ("L-1",)}, [LAMP]),
        ({"area": "tam-ky"}, [CABINET, LAMP]),
        ({"cabinets": ("C-1",)}, [CABINET, LAMP]),
        ({"cabinets": ("C-1",), "kinds": ("streetlight",)}, [LAMP]),
        ({"kinds": ("wifi-ap",)}, [ELSEWHERE]),
        ({"area": "tam-ky", "devices": ("W-1",)}, [CABINET, LAMP, ELSEWHERE]),
    ],
)
def test_window_covers_what_it_names(scope: dict[str, Any], covered: list[Device]) -> None:
    assert [one for one in (CABINET, LAMP, ELSEWHERE) if window(**scope).covers(one)] == covered


NIGHTS = {"area": "tam-ky", "weekdays": frozenset({0, 4}), "starts": time(22), "ends": time(4)}


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        (at(2, 21, 59), None),
        (at(2, 22), at(3, 4)),  # 2 November 2026 is a Monday
        (at(3, 3, 59), at(3, 4)),
        (at(3, 4), None),
        (at(3, 22), None),
        (at(6, 23), at(7, 4)),
        (at(29, 23), None),
        (at(2, 0), None),  # before it is valid
    ],
)
def test_recurring_window_is_on_from_its_start_over_midnight(
    moment: datetime, until: datetime | None
) -> None:
    assert window(**NIGHTS).until(moment, ZONE) == until


def test_recurring_window_ends_with_its_validity() -> None:
    last = window(**NIGHTS, valid_to=at(7, 1))
    assert last.until(at(6, 23), ZONE) == at(7, 1)


def test_single_window_is_on_until_its_end_which_is_outside() -> None:
    once = window(devices=("L-1",))
    assert once.until(once.valid_from, ZONE) == once.valid_to
    assert once.until(once.valid_to, ZONE) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"kinds": ("lampp",)},
        {"area": "tam-ky", "weekdays": frozenset({1})},
        {"area": "tam-ky", "starts": time(1), "ends": time(2)},
    ],
)
def test_window_on_nothing_or_at_no_time_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"needs an area|kinds are of|given together"):
        window(**wrong)
