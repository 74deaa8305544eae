import base64
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.decoders.cayenne import cayenne_lpp
from devices.decoders.codecs import BUILT_IN, Codecs, codec_named
from devices.errors import Rejected, Rejection


def of_lamp(port: int, raw: bytes) -> Mapping[str, Any]:
    """A codec that an installation brings along."""
    return {"dim_pct": raw[0], "power_w": port}


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        ("0174 5a3c", {"voltage": 231.0}),
        ("0274 59d8 0275 00fa 0280 003a", {"voltage": 230.0, "current": 0.25, "power": 58}),
        ("0367 ff9c 0468 64", {"temperature": -10.0, "humidity": 50}),
        ("0583 0000 3039", {"energy_kwh": 12.345}),
        ("0678 50 078e 01", {"dimming": 80, "switch": True}),
        ("0967 0100 0367 0110", {"temperature": 27.2}),
        ("0188 000000 000000 000000", {}),
        ("0176 0000 0032", {"frequency": 50}),
        ("0002 8000 0003 0001", {"analog_in": -327.68, "analog_out": 0.01}),
    ],
)
def test_cayenne_sample_becomes_its_values(raw: str, values: dict[str, Any]) -> None:
    assert cayenne_lpp(1, bytes.fromhex(raw)) == values


@pytest.mark.parametrize("raw", ["", "01", "0167", "016700", "01ff00", "0167 0110 02"])
def test_cayenne_bytes_that_are_none_are_refused(raw: str) -> None:
    with pytest.raises(ValueError, match=r"byte|type"):
        cayenne_lpp(1, bytes.fromhex(raw))


@given(st.sampled_from(sorted(BUILT_IN)), st.binary(), st.integers())
def test_built_in_codec_with_any_bytes_raises_nothing_but_the_typed_rejection(
    name: str, raw: bytes, port: int
) -> None:
    codecs = Codecs({"*": codec_named(name)})
    with suppress(Rejected):
        codecs.values([None, "x"], port, base64.b64encode(raw).decode())


def test_codec_of_the_first_name_that_has_one_is_taken() -> None:
    codecs = Codecs({"lamp": of_lamp, "*": codec_named("json")})
    data = base64.b64encode(b'{"power": 4}').decode()
    assert codecs.values(["other", "lamp"], 7, data) == {"dim_pct": ord("{"), "power_w": 7}
    assert codecs.values(["other", 5], 7, data) == {"power": 4}


def test_device_without_a_codec_is_told_what_to_set() -> None:
    with pytest.raises(Rejected, match=r"no codec for 'a' or 'b'.*payload_codecs") as caught:
        Codecs().values(["a", None, "b"], 1, "AQ==")
    assert caught.value.reason is Rejection.UNSUPPORTED


def test_codec_of_ones_own_is_imported_by_its_name() -> None:
    assert codec_named("tests.devices.decoders.test_codecs:of_lamp")(3, b"\x05") == {
        "dim_pct": 5,
        "power_w": 3,
    }


@pytest.mark.parametrize("name", ["", "cayenne", "no.such.module:f", "json:nothing", "json:"])
def test_codec_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"cayenne-lpp, json or package.module:function, got {name!r}"):
        codec_named(name)
