"""Whatever a registry holds, its file gives it back."""

import string
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.catalogue import PASSIVE_KINDS, kinds
from devices.description import Attribute
from devices.device import Device, Life, Phase, Supply
from devices.registry import Registry
from devices.registry_files import read_devices, write_devices
from devices.table_files import FileFormat

IDS = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=64)
# A carriage return, a quote and a comma are what CSV trips over; surrogates are no text.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=256)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Z", "Cc", "Cf"]), min_size=1, max_size=20)
CODES = st.lists(st.from_regex("[0-9]{5}", fullmatch=True), max_size=2)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def values_of(attribute: Attribute) -> st.SearchStrategy[Any]:
    return {
        "float": NUMBERS,
        "int": st.integers(-(2**53), 2**53),
        "bool": st.booleans(),
        "text": TEXTS.filter(bool),
    }[attribute.value]


@st.composite
def attributes_of(draw: st.DrawFn, kind_id: str) -> Mapping[str, Any]:
    kind = kinds().get(kind_id)
    found = {}
    for attribute in kind.attributes if kind else ():
        if attribute.required or attribute.default is not None or draw(st.booleans()):
            found[attribute.name] = draw(values_of(attribute))
    return found


@st.composite
def registries(draw: st.DrawFn) -> Registry:
    ids = draw(st.lists(IDS, unique=True, max_size=6))
    devices: list[Device] = []
    for number, device_id in enumerate(ids):
        parents = st.sampled_from(ids[:number]) if number else st.nothing()
        kind = draw(st.sampled_from([*kinds(), *sorted(PASSIVE_KINDS)]))
        supply = st.builds(Supply, parent=parents, circuit=st.none() | WORDS, phase=st.sampled_from(Phase))
        replaceable = [d.id for d in devices if d.kind == kind and d.life is Life.RETIRED]
        replaceable = [i for i in replaceable if all(d.replaces != i for d in devices)]
        devices.append(
            Device(
                id=device_id,
                kind=kind,
                area=draw(st.text(string.ascii_lowercase + "-", min_size=1, max_size=64)),
                name=draw(TEXTS),
                area_name=draw(TEXTS),
                area_legacy=draw(TEXTS),
                area_codes=tuple(f"s{n}:{code}" for n, code in enumerate(draw(CODES))),
                street=draw(TEXTS),
                latitude=draw(st.floats(-90, 90)),
                longitude=draw(st.floats(-180, 180)),
                powered_by=draw(st.none() | supply) if number else None,
                uplink=draw(st.none() | parents) if number else None,
                interval_s=draw(st.floats(min_value=1e-3, max_value=1e9)),
                life=draw(st.sampled_from(Life)),
                life_since=draw(st.none() | st.dates(date(1900, 1, 1))),
                replaces=draw(st.sampled_from([None, *replaceable])),
                people_served=draw(st.none() | st.integers(0, 10**9)),
                vendor_ids=tuple(f"v{number}:{word}" for word in draw(st.sets(WORDS, max_size=2))),
                attributes=draw(attributes_of(kind)),
            )
        )  # fmt: skip
    return Registry(devices)


@pytest.mark.parametrize("file_format", FileFormat)
@given(registry=registries())
def test_registry_exported_and_imported_is_the_same(registry: Registry, file_format: FileFormat) -> None:
    written = write_devices(registry.values(), file_format).encode()
    read, problems = read_devices(written, file_format)
    assert problems == []
    assert [device for _, device in read] == list(registry.values())
    assert write_devices((device for _, device in read), file_format).encode() == written


@pytest.mark.parametrize("file_format", FileFormat)
@given(
    content=st.binary() | st.text().map(str.encode) | st.from_regex(r"id,kind,area\n(.*\n)*").map(str.encode)
)
def test_any_bytes_are_devices_or_problems_and_raise_nothing(content: bytes, file_format: FileFormat) -> None:
    devices, problems = read_devices(content, file_format)
    assert all(line >= 1 for line, _ in devices)
    assert all(str(problem).startswith("line ") for problem in problems)
