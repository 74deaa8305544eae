"""The cities that come with the product: what is claimed of them."""

from importlib.resources import files

import msgspec
import pytest

from devices.cities import load_city
from devices.registry import Registry
from simulators.city import build_city
from simulators.layout.names import UnitNames, names_of

CITIES = ("tam-ky", "phu-ly")


@pytest.mark.parametrize("name", CITIES)
def test_every_old_unit_has_names_and_every_name_an_old_unit(name: str) -> None:
    city = load_city(name)
    file = files("simulators.places") / f"{name}.yaml"
    named = msgspec.yaml.decode(file.read_bytes(), type=dict[str, UnitNames])
    units = [unit for area in city.areas for unit in area.legacy]
    assert {unit.code for unit in units} == set(named)
    assert len({unit.code for unit in units}) == len(units)
    for unit in units:
        names = names_of(name, unit.code)
        assert names.streets
        assert names.villages
        assert names.schools
        assert len(set(names.villages)) == len(names.villages)
        assert all(0 <= street.bearing_deg < 180 for street in names.streets)


@pytest.mark.parametrize("name", CITIES)
def test_every_old_unit_lies_near_its_ward_and_city(name: str) -> None:
    city = load_city(name)
    for area in city.areas:
        assert abs(area.latitude - city.latitude) < 0.07
        assert abs(area.longitude - city.longitude) < 0.07
        for unit in area.legacy:
            assert abs(unit.latitude - area.latitude) < 0.06
            assert abs(unit.longitude - area.longitude) < 0.06


def test_tam_ky_has_four_wards_of_thirteen_old_units_with_85_villages() -> None:
    city = load_city("tam-ky")
    units = [unit for area in city.areas for unit in area.legacy]
    assert (len(city.areas), len(units)) == (4, 13)
    assert sum(len(names_of("tam-ky", unit.code).villages) for unit in units) == 85
    assert all(area.is_code_verified for area in city.areas)


def test_phu_ly_has_five_wards_and_says_which_codes_are_not_certain() -> None:
    city = load_city("phu-ly")
    assert [area.label.vi for area in city.areas] == [
        "Phường Phủ Lý",
        "Phường Hà Nam",
        "Phường Phù Vân",
        "Phường Châu Sơn",
        "Phường Liêm Tuyền",
    ]
    assert {area.slug for area in city.areas if not area.is_code_verified} == {
        "phu-ly",
        "phu-van",
        "chau-son",
    }
    assert all(area.code.startswith("gso-2025:") for area in city.areas)
    assert city.province_code == "37"


def test_phu_ly_is_built_as_a_valid_registry_over_all_old_units() -> None:
    city = build_city(load_city("phu-ly"), 400, 3)
    Registry(city.devices)
    assert len({device.area_legacy for device in city.devices}) == 17
    assert {device.id.split("-")[0] for device in city.devices} == {"PL"}
    assert {programme.area for programme in city.programmes} == {area.slug for area in city.city.areas}
