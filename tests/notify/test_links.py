import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.errors import LinkRefusedError
from notify.links import LinkKey, new_seed
from tests.notify.support import KEY

LINKS = LinkKey(KEY)
EXPIRES_S = 1_800_000_000


def test_token_opens_until_its_end() -> None:
    token = LINKS.token(new_seed(), EXPIRES_S)
    assert LINKS.check(token, EXPIRES_S * 1000 - 1) == LinkKey.hash(token)
    with pytest.raises(LinkRefusedError, match="time is over"):
        LINKS.check(token, EXPIRES_S * 1000)


def test_token_is_the_same_for_a_seed_so_that_repetitions_carry_the_same_link() -> None:
    seed = new_seed()
    assert LINKS.token(seed, EXPIRES_S) == LINKS.token(seed, EXPIRES_S)
    assert new_seed() != seed


@given(st.integers(0, 60), st.sampled_from("Aa0_-.z"))
def test_changed_token_opens_nothing(place: int, letter: str) -> None:
    token = LINKS.token("a" * 22, EXPIRES_S)
    changed = token[: place % len(token)] + letter + token[place % len(token) + 1 :]
    if changed != token:
        with pytest.raises(LinkRefusedError):
            LINKS.check(changed, 0)


@given(st.text(max_size=80))
def test_what_is_no_token_opens_nothing(text: str) -> None:
    with pytest.raises(LinkRefusedError):
        LINKS.check(text, 0)


def test_token_of_another_key_opens_nothing() -> None:
    other = LinkKey(b"another key of tests, long enough too")
    with pytest.raises(LinkRefusedError, match="not made here"):
        LINKS.check(other.token(new_seed(), EXPIRES_S), 0)


def test_form_token_is_another_for_every_link() -> None:
    first, second = (LINKS.token(new_seed(), EXPIRES_S) for _ in range(2))
    assert LINKS.is_form_token(first, LINKS.form_token(first))
    assert not LINKS.is_form_token(first, LINKS.form_token(second))
    assert not LINKS.is_form_token(first, "đ")
    assert LINKS.form_token(first) not in first


def test_short_key_is_refused_and_never_shown() -> None:
    with pytest.raises(ValueError, match="7 bytes") as caught:
        LinkKey(b"hunter2")
    assert "hunter2" not in str(caught.value)
    assert KEY.decode() not in repr(LINKS)
