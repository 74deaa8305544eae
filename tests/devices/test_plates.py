import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.errors import PlateError
from devices.plates import PlateClass, mask, parse_plate


@pytest.mark.parametrize(
    ("text", "plate_class", "province"),
    [
        ("92A-123.45", PlateClass.CAR, 92),
        ("92a 12345", PlateClass.CAR, 92),
        ("43A-1234", PlateClass.CAR, 43),
        ("92-B1 123.45", PlateClass.MOTORCYCLE, 92),
        ("92-B1 1234", PlateClass.MOTORCYCLE, 92),
        ("92-AA 123.45", PlateClass.MOTORCYCLE, 92),
        ("92B11234", PlateClass.AMBIGUOUS, 92),
        ("80-011-NG-01", PlateClass.DIPLOMATIC, 80),
        ("92-MĐ1 123.45", PlateClass.SPECIAL, 92),
        ("92-LD 123.45", PlateClass.SPECIAL, 92),
        ("T-92-123.45", PlateClass.TEMPORARY, 92),
        ("TC-33-86", PlateClass.MILITARY, None),
    ],
)
def test_plate_of_a_known_form_is_classified(
    text: str, plate_class: PlateClass | None, province: int | None
) -> None:
    if plate_class is None:
        with pytest.raises(PlateError):
            parse_plate(text)
        return
    plate = parse_plate(text)
    assert (plate.plate_class, plate.province) == (plate_class, province)


@pytest.mark.parametrize("text", ["29O-123.45", "46A-123.45", "92A-123.4", "10A-123.45", "", "unknown"])
def test_plate_of_no_known_form_is_refused(text: str) -> None:
    with pytest.raises(PlateError):
        parse_plate(text)


def test_plate_keeps_its_crossed_letter() -> None:
    assert parse_plate("92-mđ1 123.45").text == "92-MĐ1 123.45"


def test_plate_printed_is_masked() -> None:
    plate = parse_plate("92A-123.45")
    assert (str(plate), plate.masked) == ("92A-***.45", "92A-***.45")
    assert "123" not in repr(plate)


def test_plate_error_does_not_tell_the_text() -> None:
    with pytest.raises(PlateError) as caught:
        parse_plate("29O-123.45")
    assert "123" not in str(caught.value)


@given(st.text())
def test_plate_of_any_text_is_parsed_or_refused_and_masking_never_fails(text: str) -> None:
    assert len(mask(text)) == len(text)
    try:
        plate = parse_plate(text)
    except PlateError:
        return
    hidden = sum(1 for character in plate.masked if character == "*")
    assert hidden >= 2
