import itertools
import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.randomness import Chance, generator, stable_seed


@given(st.integers(0, 2**70))
def test_chance_of_a_key_is_always_the_same(key: int) -> None:
    first, second = Chance(key), Chance(key + 1)
    drawn = [first.random() for _ in range(20)]
    second.gauss(0, 1)
    second.start(key)
    assert [second.random() for _ in range(20)] == drawn
    assert all(0 <= number < 1 for number in drawn)


def test_chance_of_neighbouring_keys_is_even_and_unrelated() -> None:
    chance = Chance()
    walks = []
    for key in range(20_000):
        chance.start(stable_seed("device") + key)
        walks.append([chance.random() for _ in range(8)])
    for place in range(8):
        column = [walk[place] for walk in walks]
        assert statistics.mean(column) == pytest.approx(0.5, abs=0.01)
        assert statistics.pvariance(column) == pytest.approx(1 / 12, abs=0.003)
        assert abs(statistics.correlation(column[:-1], column[1:])) < 0.03
        deciles = Counter(int(number * 10) for number in column)
        assert all(count == pytest.approx(2000, rel=0.1) for count in deciles.values())
    for left, right in itertools.combinations(range(8), 2):
        assert abs(statistics.correlation([w[left] for w in walks], [w[right] for w in walks])) < 0.03
    assert len(set(map(tuple, walks))) > 19_990


def test_chance_offers_what_random_does() -> None:
    chance = Chance(5)
    assert {chance.randint(1, 6) for _ in range(200)} == set(range(1, 7))
    assert {chance.choice("abc") for _ in range(100)} == set("abc")
    digests = {chance.getrandbits(256) for _ in range(100)}
    assert len(digests) == 100
    assert max(digests) < 2**256
    assert max(digests) > 2**255
    assert statistics.mean(chance.gauss(10, 2) for _ in range(5000)) == pytest.approx(10, abs=0.15)


def test_generator_is_made_from_words() -> None:
    assert generator("a", 1).random() == generator("a", 1).random()
    assert generator("a", 1).random() != generator("a1").random()
    assert stable_seed(1, "x") == stable_seed("1", "x")
