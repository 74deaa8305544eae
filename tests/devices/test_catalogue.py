from dataclasses import replace

import pytest

from devices.catalogue import kinds
from devices.description import DeviceKind, Field, Label
from devices.quantities import Quantity

LABEL = Label(vi="Thử", en="Test")


def test_kinds_are_the_five_of_the_street_and_the_collector_itself() -> None:
    assert list(kinds()) == [
        "collector",
        "lighting-cabinet",
        "loudspeaker",
        "streetlight",
        "traffic-camera",
        "wifi-ap",
    ]


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.id)
def test_every_kind_is_labelled_in_both_languages(kind: DeviceKind) -> None:
    labels = [kind.label, *(f.label for f in kind.fields), *(a.label for a in kind.attributes)]
    assert all(label.vi and label.en for label in labels)


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.id)
def test_every_number_has_a_quantity_and_a_lower_bound_or_is_an_offset(kind: DeviceKind) -> None:
    for field in kind.fields:
        if field.value in {"float", "int"}:
            # A whole number between bounds may be a name, such as that of a radio channel.
            is_name = field.value == "int" and field.high is not None
            assert field.quantity is not Quantity.CODE or is_name, field.name
            assert field.low is not None or field.quantity is Quantity.LATENCY, field.name


def test_field_without_its_quantitys_suffix_is_refused() -> None:
    with pytest.raises(ValueError, match="must end with '_w'"):
        Field(name="power", label=LABEL, quantity=Quantity.POWER)


def test_field_with_a_bound_outside_its_quantity_is_refused() -> None:
    with pytest.raises(ValueError, match="outside SHARE's range"):
        Field(name="dim_pct", label=LABEL, quantity=Quantity.SHARE, high=101)


def test_field_named_like_a_batch_column_is_refused() -> None:
    with pytest.raises(ValueError, match="column of every batch"):
        Field(name="measured_at", label=LABEL)


def test_kind_with_a_double_field_is_refused() -> None:
    kind = kinds()["streetlight"]
    with pytest.raises(ValueError, match="twice"):
        replace(kind, fields=kind.fields + kind.fields[:1])
