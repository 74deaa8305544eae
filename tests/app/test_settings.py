import pytest
from pydantic import ValidationError

from app.settings import ServiceSettings
from devices.decoders.options import DecoderOptions


def test_options_of_decoders_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOC_FRIGATE_SPEED_UNIT", "mph")
    monkeypatch.setenv("IOC_PAYLOAD_CODECS", '{"tts:street-app": "cayenne-lpp"}')
    assert ServiceSettings().decoder_options == DecoderOptions(
        frigate_speed_unit="mph", payload_codecs={"tts:street-app": "cayenne-lpp"}
    )


def test_options_of_decoders_have_defaults() -> None:
    assert ServiceSettings().decoder_options == DecoderOptions()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("IOC_FRIGATE_SPEED_UNIT", "knots", "frigate_speed_unit"),
        ("IOC_PAYLOAD_CODECS", '{"tts:street-app": "caiene"}', "payload_codecs(.|\n)*got 'caiene'"),
        ("IOC_PAYLOAD_CODECS", '{"street-app": "json"}', "payload_codecs(.|\n)*got 'street-app'"),
    ],
)
def test_wrong_option_stops_the_start_and_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=words):
        ServiceSettings()
