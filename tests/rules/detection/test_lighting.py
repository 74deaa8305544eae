"""Levels of lighting programmes over columns are those of the curve, whatever the area and group."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.batch import TIME
from devices.dim_curve import DimStep, dim_pct_at, read_curve
from devices.entities.lighting_programmes import LightingProgramme
from devices.registry import Device, Supply
from rules.detection.lighting import Lighting
from rules.detection.sun import Sun
from tests.rules.detection.support import CITY, lamp

_SUN = Sun(CITY)
_LAMPS = [
    lamp("lamp-1", powered_by=Supply(parent="cabinet-1"), street="Hùng Vương"),
    lamp("lamp-2", powered_by=Supply(parent="cabinet-2"), street="Hùng Vương"),
    lamp("lamp-3", area="quang-phu"),
]
_STARTS = ["sunset", "sunset-15m", "sunrise+10m", "22:00", "00:00", "05:00", "23:59"]
_CURVES = st.lists(
    st.tuples(st.sampled_from(_STARTS), st.integers(0, 100)), min_size=1, max_size=4, unique_by=lambda step:
    step[0]
).map(lambda steps: read_curve(" ".join(f"{start}={level}" for start, level in steps)))  # fmt: skip
_FIRST = date(2026, 11, 1)


@st.composite
def _programmes(draw: st.DrawFn) -> list[LightingProgramme]:
    groups = [("tam-ky", ""), ("tam-ky", "cabinet-1"), ("tam-ky", "Hùng Vương"), ("quang-phu", "")]
    found: list[LightingProgramme] = []
    for number in range(draw(st.integers(0, 5))):
        area, group = draw(st.sampled_from(groups))
        start = _FIRST + timedelta(days=draw(st.integers(0, 20)))
        lasts_days = draw(st.none() | st.integers(0, 10))
        end = None if lasts_days is None else start + timedelta(days=lasts_days)
        found.append(
            LightingProgramme(
                id=f"p{number}", area=area, group=group, curve=draw(_CURVES), valid_from=start, valid_to=end
            )
        )
    return found


def _expected(programmes: Sequence[LightingProgramme], device: Device, moment: datetime) -> float | None:
    day = moment.date()
    valid = [
        one
        for one in programmes
        if one.concerns(device) and one.valid_from <= day and (one.valid_to is None or day <= one.valid_to)
    ]
    if not valid:
        return None
    curve: tuple[DimStep, ...] = max(valid, key=lambda one: (one.group != "", one.valid_from, one.id)).curve
    return float(dim_pct_at(curve, moment, _SUN.times(day)))


@settings(max_examples=150)
@given(
    _programmes(),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 25 * 1440)), min_size=1, max_size=12),
)
def test_levels_over_columns_are_those_of_the_curves(
    programmes: list[LightingProgramme], asked: list[tuple[int, int]]
) -> None:
    midnight = datetime(2026, 11, 1, tzinfo=CITY.zone)
    moments = [midnight + timedelta(minutes=minute) for _, minute in asked]
    lighting = Lighting(programmes, CITY, _SUN)
    plans = lighting.plans(_LAMPS)
    frame = pl.DataFrame(
        {"measured_at": moments, "lighting_plan": [plans[row] for row, _ in asked]},
        schema_overrides={"lighting_plan": pl.Int64},
    ).with_columns(pl.col("measured_at").cast(TIME))
    expected = [_expected(programmes, _LAMPS[row], at) for (row, _), at in zip(asked, moments, strict=True)]
    assert lighting.dim_pct(frame).to_list() == expected
