import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.plate_provinces import plate_provinces
from devices.plate_readings import PlateUse, read_plate
from devices.plates import PlateClass, compact

_LABELLED = list(csv.DictReader(Path(__file__).with_name("plates.csv").read_text("utf-8").splitlines()))
_ALPHABET = st.text("0123456789ABDĐGILMNOQRSTZ-. ", max_size=14)


def test_labelled_list_is_long_enough_to_say_something() -> None:
    assert len(_LABELLED) >= 300
    assert len({row["text"] for row in _LABELLED}) >= 300


@pytest.mark.parametrize("row", _LABELLED, ids=lambda row: f"{row['label']}: {row['text']!r}")
def test_labelled_plate_is_read_as_its_label_says(row: dict[str, str]) -> None:
    read = read_plate(row["text"], vehicle_class=row["vehicle_class"] or None, colour=row["colour"] or None)

    province = read.plate.province if read.plate else None
    assert {
        "class": read.plate_class or "",
        "use": read.use,
        "province": "" if province is None else str(province),
        "motorcycle_series": read.facts["motorcycle_series"] or "",
        "repaired": "yes" if read.is_repaired else "no",
    } == {name: row[name] for name in ("class", "use", "province", "motorcycle_series", "repaired")}


def test_reading_keeps_what_was_read_and_the_confidence() -> None:
    read = read_plate("92A-I23.45", confidence=0.61)

    assert (read.read, read.confidence, read.is_repaired) == ("92A-I23.45", 0.61, True)
    assert read.plate is not None
    assert read.plate.text == "92A-123.45"


def test_two_possible_repairs_are_none() -> None:
    # 75A-321.09 and T-54-321.09: one character each.
    read = read_plate("754-321.09")

    assert (read.plate, read.is_repaired, read.plate_class) == (None, False, None)


def test_blue_plate_of_a_car_is_the_states() -> None:
    assert read_plate("92A-123.45", colour="blue").use is PlateUse.STATE
    assert read_plate("TC-33-86", colour=None).use is PlateUse.MILITARY


def test_reading_never_shows_the_plate_when_it_is_printed() -> None:
    read = read_plate("92A-123.45")

    assert "123" not in f"{read} {read!r}"
    assert "123" not in str(read.facts)


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    read = read_plate(text)

    assert read.read == text
    assert (read.plate is None) == (read.plate_class is None)
    compact(text)


@given(_ALPHABET)
def test_what_is_understood_is_read_again_without_a_repair(text: str) -> None:
    read = read_plate(text)

    if read.plate is not None:
        again = read_plate(read.plate.text)
        assert (again.plate, again.is_repaired) == (read.plate, False)


@given(_ALPHABET)
def test_crossed_letter_is_never_made_plain_nor_plain_crossed(text: str) -> None:
    read = read_plate(text)

    if read.plate is not None:
        assert read.plate.text.count("Đ") == text.upper().count("Đ")


@given(_ALPHABET, st.sampled_from([None, "car", "motorcycle"]))
def test_ambiguous_text_is_decided_by_the_camera_alone(text: str, vehicle_class: str | None) -> None:
    read = read_plate(text, vehicle_class=vehicle_class)

    if read.plate is not None and read.plate.plate_class is PlateClass.AMBIGUOUS:
        assert read.plate_class == (vehicle_class or PlateClass.AMBIGUOUS)


def test_codes_are_those_in_use_and_their_places_have_dates() -> None:
    table = plate_provinces()

    assert set(range(11, 100)) - set(table.by_code) == {13, 42, 44, 45, 46, 87, 91, 96}
    assert table.name_on(92, date(2025, 6, 30)) == "Quảng Nam"
    assert table.name_on(92, date(2025, 7, 1)) == "Đà Nẵng"
    assert table.name_on(91, date(2025, 7, 1)) is None
    places = {province.now for province in table.by_code.values()} - {"Cục Cảnh sát giao thông"}
    assert len(places) == 34
    assert table.source
    assert table.verified_on is None
