import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.errors import Rejected, Rejection
from devices.topics import Channel, Topic, native_topic, parse_native


@given(
    st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True),
    st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    st.sampled_from(Channel),
)
def test_topic_made_and_parsed_is_the_same(area: str, kind: str, device: str, channel: Channel) -> None:
    assert parse_native(native_topic(area, kind, device, channel)) == Topic(area, kind, device, channel)


@given(st.text())
def test_topic_of_any_text_is_parsed_or_rejected(text: str) -> None:
    try:
        parsed = parse_native(text)
    except Rejected as rejected:
        reason: Rejection | None = rejected.reason
    else:
        reason = None
        assert native_topic(parsed.area, parsed.kind, parsed.device, parsed.channel) == text
    assert reason in {None, Rejection.TOPIC}


@pytest.mark.parametrize(
    "topic",
    [
        "ioc/v1/tam-ky/streetlight/L1",
        "ioc/v2/tam-ky/streetlight/L1/telemetry",
        "ioc/v1/tam-ky/streetlight/L 1/telemetry",
        "ioc/v1/tam-ky/streetlight/L1/gossip",
        "ioc/v1//streetlight/L1/telemetry",
    ],
)
def test_topic_outside_the_grammar_is_rejected(topic: str) -> None:
    with pytest.raises(Rejected, match="topic"):
        parse_native(topic)
