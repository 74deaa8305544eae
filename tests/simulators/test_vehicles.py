from random import Random

from hypothesis import given
from hypothesis import strategies as st

from devices.plates import PlateClass, parse_plate
from simulators.vehicles import plate, vehicle


@given(st.integers())
def test_plate_of_a_motorcycle_is_recognised_as_one(seed: int) -> None:
    assert parse_plate(plate(Random(seed), "motorcycle")).plate_class is PlateClass.MOTORCYCLE


@given(st.integers(), st.sampled_from(["car", "truck", "bus"]))
def test_plate_of_four_wheels_is_recognised_as_a_cars(seed: int, vehicle_class: str) -> None:
    assert parse_plate(plate(Random(seed), vehicle_class)).plate_class is PlateClass.CAR


def test_vehicle_whose_plate_was_not_read_has_no_member_of_it() -> None:
    seen = [vehicle(Random(seed), 40.06) for seed in range(500)]
    unread = [one for one in seen if "plate" not in one]
    assert 0 < len(unread) < 50
    assert all("plate_confidence" not in one and "plate_colour" not in one for one in unread)
    assert {one["speed_kmh"] for one in seen} == {40.1}
    assert {one.get("plate_colour") for one in seen} == {"white", "yellow", None}
