"""Devices are found where they stand."""

from collections.abc import Iterator

import pytest

from api.application import create_app
from api.places import distance_m
from api.roles import Role
from devices.registry import Device, Registry
from tests.api.support import City, Client, client_of

STANDING = {
    "west": (108.46, 15.57),
    "middle": (108.47, 15.57),
    "east": (108.48, 15.57),
    "north": (108.47, 15.58),
}


@pytest.fixture
def client(city: City) -> Iterator[Client]:
    city.registry = Registry(
        [
            Device(id=name, kind="wifi-ap", area="tam-ky", longitude=longitude, latitude=latitude)
            for name, (longitude, latitude) in STANDING.items()
        ]
    )
    with client_of(create_app(city.services())) as client:
        yield client


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("near=108.47,15.57&radius_m=100", ["middle"]),
        ("near=108.47,15.57&radius_m=1080", ["east", "middle", "west"]),
        ("bbox=108.465,15.5,108.485,15.575", ["east", "middle"]),
        ("bbox=108.47,15.57,108.48,15.58", ["east", "middle", "north"]),
        ("polygon=108.455,15.565;108.475,15.565;108.465,15.59", ["middle", "west"]),
        ("bbox=108.465,15.5,108.485,15.575&near=108.48,15.57", ["east"]),
        ("bbox=1,1,2,2", []),
        ("near=108.47,15.57&radius_m=100&text=west", []),
        ("life=retired", []),
    ],
)
def test_place_of_a_search_holds_what_stands_in_it(
    client: Client, city: City, query: str, found: list[str]
) -> None:
    token = city.tokens[Role.VIEWER]
    listed = [item["id"] for item in client.get(f"/v1/devices?{query}", token).json()["items"]]
    drawn = client.get(f"/v1/devices/geojson?{query}", token).json()
    assert listed == [feature["id"] for feature in drawn["features"]] == found
    for feature in drawn["features"]:
        assert tuple(feature["geometry"]["coordinates"]) == STANDING[feature["id"]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("near=181,15", "near"),
        ("near=108", "near"),
        ("near=108.4,15.5&radius_m=0", "radius_m"),
        ("bbox=108.5,15,108.4,16", "bbox"),
        ("polygon=0,0;1,1;0,1;1,0", "polygon"),
        ("polygon=0,0;1,1;2,2", "polygon"),
        ("polygon=0,0;1,1", "polygon"),
    ],
)
def test_place_that_is_on_no_map_is_refused(client: Client, city: City, query: str, field: str) -> None:
    answer = client.get(f"/v1/devices?{query}", city.tokens[Role.VIEWER])
    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_distance_is_along_the_great_circle() -> None:
    assert distance_m((0, 0), (0, 1)) == pytest.approx(111_195, abs=1)
    assert distance_m((108, 15), (108, 15)) == 0
    assert distance_m((0, 0), (180, 0)) == pytest.approx(20_015_115, abs=1)
