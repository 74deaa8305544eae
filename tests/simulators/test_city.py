import itertools
import math
from collections import Counter
from datetime import date, datetime, time, timedelta

import msgspec
import pytest
from astral import Observer
from astral.sun import sunrise, sunset
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.catalogue import kinds
from devices.cities import Area, City, load_city
from devices.dim_curve import SunTimes, dim_pct_at
from devices.registry import Device, Life, Phase, Registry
from simulators.city import MIN_DEVICES, SimulatedCity, build_city
from simulators.daylight import LightingClock

SIMULATED = set(kinds()) - {"collector"}  # which speaks of itself


def speaking(city: SimulatedCity) -> list[Device]:
    return [device for device in city.devices if not device.is_passive]


@settings(deadline=None, max_examples=25)
@given(count=st.integers(MIN_DEVICES, 700), seed=st.integers(0, 2**32))
def test_build_city_any_size_is_a_valid_registry_with_all_kinds(count: int, seed: int) -> None:
    city = build_city(load_city("tam-ky"), count, seed)
    Registry(city.devices)
    assert len(speaking(city)) == count
    assert {device.kind for device in speaking(city)} == SIMULATED


def test_build_city_same_seed_is_the_same_city(tam_ky: City) -> None:
    assert build_city(tam_ky, 120, 5) == build_city(tam_ky, 120, 5)
    assert build_city(tam_ky, 120, 5) != build_city(tam_ky, 120, 6)


def test_build_city_of_300_has_the_planned_shares(tam_ky: City) -> None:
    count = Counter(device.kind for device in speaking(build_city(tam_ky, 300, 1)))
    lamps, cabinets = count["streetlight"], count["lighting-cabinet"]
    assert 25 <= lamps / cabinets <= 40
    assert 0.60 <= (lamps + cabinets) / 300 <= 0.70
    assert (count["wifi-ap"], count["loudspeaker"], count["traffic-camera"]) == (45, 24, 30)


def test_build_city_lamps_stand_under_all_phases_of_their_cabinet(tam_ky: City) -> None:
    devices = Registry(build_city(tam_ky, 300, 1).devices)
    for cabinet in devices.of_kind("lighting-cabinet"):
        supplies = [lamp.powered_by for lamp in devices.of_kind("streetlight")]
        mine = [supply for supply in supplies if supply and supply.parent == cabinet.id]
        assert {supply.phase for supply in mine} == set(Phase)
        assert {supply.circuit for supply in mine} == {"1", "2"}


def test_build_city_lamps_stand_thirty_metres_apart(tam_ky: City) -> None:
    lamps = Registry(build_city(tam_ky, 300, 1).devices).of_kind("streetlight")
    for lamp, neighbour in itertools.pairwise(lamps):
        if lamp.powered_by and neighbour.powered_by and lamp.powered_by.parent == neighbour.powered_by.parent:
            north_m = (neighbour.latitude - lamp.latitude) * 111_320
            east_m = (neighbour.longitude - lamp.longitude) * 111_320 * math.cos(math.radians(lamp.latitude))
            assert 28 < math.hypot(north_m, east_m) < 37


def test_build_city_network_devices_hang_on_two_levels_of_switches(city: SimulatedCity) -> None:
    devices = Registry(city.devices)
    for device in speaking(city):
        if device.kind in {"wifi-ap", "loudspeaker", "traffic-camera"}:
            access = devices[str(device.uplink)]
            trunk = devices[str(access.uplink)]
            assert access.kind == trunk.kind == "switch"
            assert (access.area, trunk.area, trunk.uplink) == (device.area, device.area, None)


def test_build_city_devices_know_their_old_unit_and_stand_near_it(tam_ky: City) -> None:
    units = {(area.slug, unit.name): unit for area in tam_ky.areas for unit in area.legacy}
    for device in build_city(tam_ky, 300, 3).devices:
        unit = units[device.area, device.area_legacy]
        assert abs(device.latitude - unit.latitude) < 0.02
        assert abs(device.longitude - unit.longitude) < 0.02


def test_build_city_of_two_hundred_covers_every_area(tam_ky: City) -> None:
    for kind in SIMULATED:
        areas = {device.area for device in build_city(tam_ky, 200, 2).devices if device.kind == kind}
        assert areas == {area.slug for area in tam_ky.areas}


def test_build_city_one_camera_calibration_has_expired(tam_ky: City) -> None:
    on = date(2027, 3, 4)
    cameras = Registry(build_city(tam_ky, 100, 1, on=on).devices).of_kind("traffic-camera")
    midday = datetime(2027, 3, 4, 12, tzinfo=tam_ky.zone)
    valid = [
        datetime.fromisoformat(str(camera.attributes["calibrated_from"]))
        <= midday
        < datetime.fromisoformat(str(camera.attributes["calibrated_until"]))
        for camera in cameras
    ]
    assert valid == [True] * 9 + [False]
    assert all(camera.attributes["mpe_kmh"] == 3 for camera in cameras)
    assert {camera.attributes["limit_kmh"] for camera in cameras} <= {40.0, 50.0, 60.0}


def test_build_city_ids_are_readable(city: SimulatedCity) -> None:
    ids = {device.id for device in city.devices}
    assert {"TK-L-0001", "TK-C-01", "TK-W-001", "TK-S-001", "TK-T-001", "TK-F-01", "TK-SW-01"} <= ids


def test_build_city_every_area_has_a_morning_and_an_afternoon_programme(
    city: SimulatedCity, tam_ky: City
) -> None:
    hours = {(p.area, p.starts.hour, p.ends.isoformat()) for p in city.programmes}
    expected = {(a.slug, hour, f"{hour:02d}:45:00") for a in tam_ky.areas for hour in (5, 17)}
    assert hours == expected


def test_build_city_lighting_programmes_ask_for_what_the_lamps_do(city: SimulatedCity, tam_ky: City) -> None:
    assert {programme.area for programme in city.lighting} == {area.slug for area in tam_ky.areas}
    curve = city.lighting[0].curve
    observer = Observer(tam_ky.latitude, tam_ky.longitude)
    for day in (date(2026, 6, 20), date(2026, 12, 21)):
        sun = SunTimes(sunrise(observer, day, tzinfo=tam_ky.zone), sunset(observer, day, tzinfo=tam_ky.zone))
        begins = datetime.combine(day, time(), tam_ky.zone)
        clock = LightingClock(tam_ky, round(begins.timestamp() * 1000))
        for minute in range(0, 24 * 60, 7):
            at = begins + timedelta(minutes=minute)
            assert dim_pct_at(curve, at, sun) == clock.state(round(at.timestamp() * 1000)).dim_pct


def test_build_city_without_names_numbers_its_streets(tam_ky: City) -> None:
    bare: tuple[Area, ...] = tuple(msgspec.structs.replace(area, legacy=()) for area in tam_ky.areas)
    city = build_city(msgspec.structs.replace(tam_ky, id="no-where", areas=bare), 60, 1)
    Registry(city.devices)
    assert any(device.street == "Đường số 1" for device in city.devices)
    assert {device.area_legacy for device in city.devices} == {""}


def test_build_city_with_retired_devices_has_as_many_that_speak_and_says_what_replaced_them(
    tam_ky: City,
) -> None:
    registry = Registry(build_city(tam_ky, 80, 7, retired_count=2).devices)
    old = [device for device in registry.values() if device.life is Life.RETIRED]
    assert [(device.kind, device.id) for device in old] == [
        ("wifi-ap", "TK-W-001-old"),
        ("wifi-ap", "TK-W-002-old"),
    ]
    assert [d.id for d in old if registry.replacement_of(d.id) is registry[d.id.removesuffix("-old")]] == [
        d.id for d in old
    ]
    assert len(registry) - 2 == len(build_city(tam_ky, 80, 7).devices)


def test_build_city_too_small_is_refused(tam_ky: City) -> None:
    with pytest.raises(ValueError, match="at least 5 devices"):
        build_city(tam_ky, 4, 1)
