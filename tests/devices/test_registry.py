import json
from pathlib import Path

import pytest

from devices.errors import RegistryError
from devices.registry import Device, Life, Phase, Registry, Supply
from devices.registry_files import read_registry, write_csv

HEADER = "id,kind,area,powered_by,circuit,phase,latitude,longitude,interval_s,life,rated_w\n"


def devices() -> list[Device]:
    return [
        Device(id="F1", kind="feeder", area="tam-ky"),
        Device(
            id="C1",
            kind="lighting-cabinet",
            area="tam-ky",
            powered_by=Supply(parent="F1"),
            attributes={"nominal_v": 230.0},
        ),
        Device(
            id="L1",
            kind="streetlight",
            area="tam-ky",
            name="Trần Cao Vân 1",
            street="Trần Cao Vân",
            latitude=15.5667,
            longitude=108.4766,
            powered_by=Supply(parent="C1", circuit="A", phase=Phase.L2),
            interval_s=60.0,
            people_served=12,
            vendor_ids=("tasmota:lamp-17", "zigbee2mqtt:Đèn/17"),
            attributes={"rated_w": 60.0, "nominal_v": 230.0},
        ),
    ]


def test_registry_written_and_read_is_the_same(tmp_path: Path) -> None:
    write_csv(devices(), tmp_path / "city.csv")
    assert dict(read_registry(tmp_path / "city.csv")) == dict(Registry(devices()))


def test_registry_file_names_every_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "city.csv"
    path.write_text(
        HEADER + "L1,streetlight,tam-ky,,,,x,108,60,,60\nL2,streetlight,tam-ky,,,,15,108,60,gone,60\n"
    )
    with pytest.raises(RegistryError) as caught:
        read_registry(path)
    assert caught.value.problems == (
        "city.csv line 2: latitude: must be a number, got 'x'",
        (
            "city.csv line 3: life: must be one of planned, commissioning, in-service, out-of-service,"
            " retired, got 'gone'"
        ),
    )


def test_registry_geojson_gives_position_and_properties(tmp_path: Path) -> None:
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [108.4766, 15.5667]},
        "properties": {"id": "L1", "kind": "streetlight", "area": "tam-ky", "rated_w": 60, "life": "planned"},
    }
    path = tmp_path / "city.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    device = read_registry(path)["L1"]
    assert (device.latitude, device.longitude, device.life) == (15.5667, 108.4766, Life.PLANNED)


def test_registry_file_that_is_no_geojson_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "city.geojson"
    path.write_text("[]")
    with pytest.raises(RegistryError, match="FeatureCollection"):
        read_registry(path)


@pytest.mark.parametrize(
    ("device", "problem"),
    [
        (Device(id="a b", kind="feeder", area="x"), "an id is 1 to 64"),
        (Device(id="a", kind="toaster", area="x"), "unknown kind 'toaster'"),
        (Device(id="a", kind="feeder", area=""), "the area is missing"),
        (Device(id="a", kind="feeder", area="x", latitude=91), "not on the globe"),
        (Device(id="a", kind="feeder", area="x", interval_s=0), "must be positive"),
        (Device(id="a", kind="streetlight", area="x"), "needs rated_w"),
        (Device(id="a", kind="feeder", area="x", vendor_ids=("tasmota",)), "a vendor id is format:identity"),
        (Device(id="a", kind="feeder", area="x", uplink="nobody"), "not in the registry"),
        (Device(id="a", kind="feeder", area="x", uplink="a"), "depends on itself"),
    ],
)
def test_registry_with_a_broken_device_is_refused(device: Device, problem: str) -> None:
    with pytest.raises(RegistryError, match=problem):
        Registry([device])


def test_registry_with_a_circle_of_parents_names_it() -> None:
    ring = [Device(id=a, kind="switch", area="x", uplink=b) for a, b in [("a", "b"), ("b", "c"), ("c", "a")]]
    with pytest.raises(RegistryError, match="a: depends on itself through a -> b -> c -> a"):
        Registry(ring)


def test_registry_finds_a_device_by_what_its_vendor_calls_it() -> None:
    registry = Registry(devices())
    assert registry.identified("tasmota:lamp-17") is registry["L1"]
    assert registry.identified("tasmota:lamp-18") is None


def test_registry_with_a_shared_vendor_id_is_refused() -> None:
    twins = [Device(id=name, kind="feeder", area="x", vendor_ids=("tasmota:t1",)) for name in ("a", "b")]
    with pytest.raises(RegistryError, match="b: the vendor id 'tasmota:t1' is also that of a"):
        Registry(twins)


def test_registry_with_a_double_id_is_refused() -> None:
    with pytest.raises(RegistryError, match="used twice"):
        Registry([Device(id="a", kind="feeder", area="x")] * 2)
