from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.traffic.fines import FinesError, fine_table, read_fines

_OLD, _NEW = date(2024, 12, 31), date(2025, 1, 1)
_BEFORE, _AMENDED = date(2026, 8, 14), date(2026, 8, 15)
_M = 1_000_000

# km/h above the limit → VND and points, as Decree 168/2024 says it.
_DECREE_168 = {
    ("car", "5"): (800_000, 1 * _M, 0, "6.3.a"),
    ("car", "9.99"): (800_000, 1 * _M, 0, "6.3.a"),
    ("car", "10"): (4 * _M, 6 * _M, 2, "6.5.đ"),
    ("car", "20"): (4 * _M, 6 * _M, 2, "6.5.đ"),
    ("car", "20.01"): (6 * _M, 8 * _M, 4, "6.6.a"),
    ("car", "35"): (6 * _M, 8 * _M, 4, "6.6.a"),
    ("car", "35.01"): (12 * _M, 14 * _M, 6, "6.7.a"),
    ("motorcycle", "5"): (400_000, 600_000, 0, "7.2.b"),
    ("motorcycle", "9.99"): (400_000, 600_000, 0, "7.2.b"),
    ("motorcycle", "10"): (800_000, 1 * _M, 0, "7.4.a"),
    ("motorcycle", "20"): (800_000, 1 * _M, 0, "7.4.a"),
    ("motorcycle", "20.01"): (6 * _M, 8 * _M, 4, "7.8.a"),
    ("motorcycle", "35"): (6 * _M, 8 * _M, 4, "7.8.a"),
    ("motorcycle", "35.01"): (6 * _M, 8 * _M, 4, "7.8.a"),
}
# Decree 100/2019 as amended: no points.
_DECREE_100 = {
    ("car", "5"): (800_000, 1 * _M),
    ("car", "9.99"): (800_000, 1 * _M),
    ("car", "10"): (4 * _M, 6 * _M),
    ("car", "20"): (4 * _M, 6 * _M),
    ("car", "20.01"): (6 * _M, 8 * _M),
    ("car", "35"): (6 * _M, 8 * _M),
    ("car", "35.01"): (10 * _M, 12 * _M),
    ("motorcycle", "5"): (300_000, 400_000),
    ("motorcycle", "9.99"): (300_000, 400_000),
    ("motorcycle", "10"): (800_000, 1 * _M),
    ("motorcycle", "20"): (800_000, 1 * _M),
    ("motorcycle", "20.01"): (4 * _M, 5 * _M),
    ("motorcycle", "35"): (4 * _M, 5 * _M),
    ("motorcycle", "35.01"): (4 * _M, 5 * _M),
}


def _speeding(vehicle: str, excess: str, day: date):  # type: ignore[no-untyped-def] # noqa: ANN202
    return fine_table().find("speeding", vehicle, day, {"excess_kmh": Decimal(excess)})


@pytest.mark.parametrize(("vehicle", "excess"), _DECREE_168)
def test_boundary_of_speed_is_the_decrees_on_its_last_day_and_the_next_ones_first(
    vehicle: str, excess: str
) -> None:
    old, new = _speeding(vehicle, excess, _OLD), _speeding(vehicle, excess, _NEW)

    assert (old.min_vnd, old.max_vnd, old.points) == (*_DECREE_100[vehicle, excess], 0)
    assert (new.min_vnd, new.max_vnd, new.points, new.article) == _DECREE_168[vehicle, excess]
    assert (old.id.split(":")[0], new.id.split(":")[0]) == ("decree-100-2019", "decree-168-2024")


@pytest.mark.parametrize(("vehicle", "excess"), _DECREE_168)
def test_boundary_of_speed_after_the_amendment_has_another_row_and_mark(vehicle: str, excess: str) -> None:
    before, after = _speeding(vehicle, excess, _BEFORE), _speeding(vehicle, excess, _AMENDED)

    for row in (before, after):
        assert (row.min_vnd, row.max_vnd, row.points, row.article) == _DECREE_168[vehicle, excess]
    assert before.id != after.id
    assert before.mark.vi == "chưa đối chiếu"
    assert after.mark.vi == "chưa đối chiếu; theo NĐ 168/2024, cần đối chiếu NĐ 238/2026"
    assert "238/2026" in after.decree


@pytest.mark.parametrize("day", [_OLD, _NEW, _BEFORE, _AMENDED])
@pytest.mark.parametrize("vehicle", ["car", "motorcycle"])
def test_less_than_five_above_the_limit_costs_nothing(vehicle: str, day: date) -> None:
    assert _speeding(vehicle, "4.99", day) is None
    assert _speeding(vehicle, "-3", day) is None


@given(
    excess=st.decimals(min_value=5, max_value=300, places=3),
    day=st.dates(date(2022, 1, 1), date(2035, 1, 1)),
    vehicle=st.sampled_from(["car", "truck", "bus", "motorcycle"]),
)
def test_every_excess_from_five_on_has_one_band_each_day(excess: Decimal, day: date, vehicle: str) -> None:
    row = fine_table().find("speeding", vehicle, day, {"excess_kmh": excess})

    assert row is not None
    assert row.min_vnd < row.max_vnd


def test_every_row_has_article_and_source_and_says_whether_it_was_verified() -> None:
    for row in fine_table().rows:
        assert row.article
        assert row.source
        assert row.verified_on is None
        assert row.facts["verified_on"] is None
        assert "chưa đối chiếu" in row.facts["mark"]["vi"]


def test_red_light_became_dearer_overnight() -> None:
    table = fine_table()
    costs = [table.find("red_light", vehicle, day, {}) for vehicle in ("car", "motorcycle")
             for day in (_OLD, _NEW)]  # fmt: skip

    assert [row and (row.min_vnd // 1000, row.max_vnd // 1000, row.points) for row in costs] == [
        (4_000, 6_000, 0),
        (18_000, 20_000, 4),
        (800, 1_000, 0),
        (4_000, 6_000, 4),
    ]


def test_riders_decide_the_band_of_an_overload() -> None:
    find = fine_table().find
    found = [find("overload", "motorcycle", _NEW, {"riders": Decimal(riders)}) for riders in (2, 3, 4, 6)]

    assert [row and row.article for row in found] == [None, "7.2.g", "7.3.b", "7.3.b"]


def test_unknown_class_day_or_offence_has_no_fine() -> None:
    find = fine_table().find
    assert find("red_light", "bicycle", _NEW, {}) is None
    assert find("red_light", None, _NEW, {}) is None
    assert find("red_light", "car", date(2021, 12, 31), {}) is None
    assert find("flying", "car", _NEW, {}) is None
    assert find("speeding", "car", _NEW, {}) is None


def test_row_that_somebody_verified_says_when(tmp_path: Path) -> None:
    _write(tmp_path, "a", verified="2026-11-01")

    row = read_fines(tmp_path).rows[0]

    assert (row.verified_on, row.mark.vi) == (date(2026, 11, 1), "đã đối chiếu")
    assert row.covers(date(2026, 1, 1) + timedelta(days=9))


def test_two_bands_that_fit_are_refused(tmp_path: Path) -> None:
    _write(tmp_path, "a")
    _write(tmp_path, "b")

    with pytest.raises(FinesError, match="one band"):
        read_fines(tmp_path).find("red_light", "car", _NEW, {})


def test_rows_of_a_file_that_there_is_not_are_refused(tmp_path: Path) -> None:
    _write(tmp_path, "a")
    text = (tmp_path / "a.yaml").read_text("utf-8").split("rows:")[0]
    (tmp_path / "a.yaml").write_text(text + "rows_of: nowhere\n", "utf-8")

    with pytest.raises(FinesError, match="nowhere"):
        read_fines(tmp_path)


def _write(folder: Path, name: str, verified: str = "null") -> None:
    (folder / f"{name}.yaml").write_text(
        "decree: 1/2025\nvalid_from: 2025-01-01\nvalid_to: null\nnote: null\nsource: a test\n"
        f"verified_by: null\nverified_on: {verified}\nrows:\n"
        "  - {id: x, offences: [red_light], vehicle: car, min_vnd: 1, max_vnd: 2, points: 0, article: 1.a}\n",
        "utf-8",
    )
