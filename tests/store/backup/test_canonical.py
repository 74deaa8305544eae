"""Equal rows have one checksum, different ones another, whatever their columns are made of."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.backup.canonical import Sum, checksum

TIME = pl.Datetime("ms", "UTC")


def test_checksum_is_the_one_that_older_backups_were_written_with() -> None:
    frame = pl.DataFrame(
        {
            "b": [1, None, -3],
            "a": ["đèn", "", None],
            "f": [0.5, float("nan"), -0.0],
            "t": pl.Series([0, 1, None], dtype=TIME),
            "ok": [True, None, False],
            "raw": [b"\x00", b"", None],
        }
    )
    assert checksum(frame) == "5bcb4674e9a9454caec7356221ab75efe28ceff07674edd062a6e472d97ff97d"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pl.Series("x", [0.0]), pl.Series("x", [-0.0])),
        (pl.Series("x", [None, 1.0]), pl.Series("x", [float("nan"), 1.0])),
        (pl.Series("x", ["ok"]), pl.Series("x", ["ok"], dtype=pl.Enum(["bad", "ok"]))),
        (pl.Series("x", [1], dtype=pl.Int32), pl.Series("x", [1], dtype=pl.Int64)),
    ],
)
def test_equal_values_have_one_checksum(one: pl.Series, other: pl.Series) -> None:
    assert checksum(one.to_frame()) == checksum(other.to_frame())


def test_column_that_says_nothing_changes_nothing() -> None:
    frame = pl.DataFrame({"x": [1, 2]})
    assert checksum(frame.with_columns(y=pl.lit(None, pl.String))) == checksum(frame)
    assert checksum(frame.with_columns(y=pl.lit(0))) != checksum(frame)


VALUES = st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1, max_size=5)


@given(VALUES, VALUES)
def test_checksum_tells_any_two_columns_apart(one: list[str | None], other: list[str | None]) -> None:
    made = [checksum(pl.DataFrame({"x": pl.Series(values, dtype=pl.String)})) for values in (one, other)]
    plain = [
        ("null", len(values)) if set(values) == {None} else ("some", tuple(values)) for values in (one, other)
    ]
    assert (made[0] == made[1]) == (plain[0] == plain[1])


def test_sum_depends_on_the_order_of_chunks() -> None:
    first, second = Sum(), Sum()
    first.add(1, "a")
    first.add(2, "b")
    second.add(2, "b")
    second.add(1, "a")
    assert first.value != second.value
