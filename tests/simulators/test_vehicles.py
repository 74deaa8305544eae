from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.plates import PlateClass, parse_plate
from simulators.vehicles import CITY_PLATES, Plates, plate, vehicle


@given(st.integers())
def test_plate_of_a_motorcycle_is_recognised_as_one(seed: int) -> None:
    text, colour = plate(Random(seed), "motorcycle")
    expected = PlateClass.SPECIAL if "MĐ" in text else PlateClass.MOTORCYCLE
    assert parse_plate(text).plate_class is expected
    assert colour == "white"


@given(st.integers(), st.sampled_from(["car", "truck", "bus"]))
def test_plate_of_four_wheels_is_recognised_and_its_colour_fits(seed: int, vehicle_class: str) -> None:
    text, colour = plate(Random(seed), vehicle_class)
    recognised = parse_plate(text).plate_class
    if colour == "red":
        assert recognised is PlateClass.MILITARY
    elif "NG" in text:
        assert (recognised, vehicle_class) == (PlateClass.DIPLOMATIC, "car")
    else:
        assert recognised is PlateClass.CAR
    if colour == "blue":
        assert text[2] in "ABCDEFGHKLM"


def test_plates_have_their_shares_of_colours_and_their_home() -> None:
    random = Random(1)
    plates = [plate(random, "car", CITY_PLATES["phu-ly"]) for _ in range(20_000)]
    colours = Counter(colour for _, colour in plates)
    assert colours["yellow"] / 20_000 == pytest.approx(0.2, abs=0.02)
    assert colours["blue"] / 20_000 == pytest.approx(0.02, abs=0.004)
    assert colours["red"] / 20_000 == pytest.approx(0.008, abs=0.003)
    assert 0 < sum("NG" in text for text, _ in plates) < 200
    assert sum(text.startswith("90") for text, _ in plates) / 20_000 == pytest.approx(0.8, abs=0.04)
    assert all(parse_plate(plate(random, "car", Plates(home=43, visitors=(29,)))[0]) for _ in range(500))


def test_vehicle_whose_plate_was_not_read_has_no_member_of_it() -> None:
    seen = [vehicle(Random(seed), 40.0) for seed in range(500)]
    unread = [one for one in seen if "plate" not in one]
    assert 0 < len(unread) < 50
    assert all("plate_confidence" not in one and "plate_colour" not in one for one in unread)
    assert {one["speed_kmh"] for one in seen if one["class"] == "car"} == {40.0}
    assert {one["speed_kmh"] for one in seen if one["class"] == "truck"} == {36.0}


def test_vehicle_breaks_no_rule_unasked() -> None:
    for seed in range(500):
        one = vehicle(Random(seed), 40.0)
        assert ("helmet" in one) == ("riders" in one) == (one["class"] == "motorcycle")
        assert one.get("helmet", True)
        assert one.get("riders", 1) <= 2
