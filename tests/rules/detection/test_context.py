from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any

import msgspec
import polars as pl
import pytest
from astral import Observer
from astral.sun import elevation
from hypothesis import given
from hypothesis import strategies as st

from devices.batch import TIME
from devices.catalogue import kinds
from devices.programmes import BroadcastProgramme, expects_broadcast
from devices.registry import Device, Registry
from rules.detection.context import Context
from rules.detection.fleet import Fleet
from rules.expressions.scope import ContextCall
from tests.rules.detection.support import CITY

_AREAS = ["tam-ky", "ban-thach", "quang-phu"]
_EXPECTS = ContextCall("programme.expects")
_SUN = ContextCall("sun.is_up")


def _frame(moments: list[datetime], **columns: Any) -> pl.DataFrame:
    return pl.DataFrame({"measured_at": moments, **columns}).with_columns(pl.col("measured_at").cast(TIME))


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CITY.zone)


@st.composite
def _programmes(draw: st.DrawFn) -> BroadcastProgramme:
    starts, ends = sorted(draw(st.lists(st.integers(0, 1439), min_size=2, max_size=2, unique=True)))
    return BroadcastProgramme(
        id=str(draw(st.integers())),
        area=draw(st.sampled_from(_AREAS)),
        title="news",
        weekdays=frozenset(draw(st.sets(st.integers(0, 6)))),
        starts=time(starts // 60, starts % 60),
        ends=time(ends // 60, ends % 60),
        valid_from=date(2026, 11, draw(st.integers(1, 28))),
        valid_to=draw(st.none() | st.just(date(2026, 11, 29))),
    )


@given(
    st.lists(_programmes(), max_size=5),
    st.lists(st.tuples(st.sampled_from(_AREAS), st.integers(0, 30 * 1440)), min_size=1, max_size=10),
)
def test_programme_expects_over_columns_agrees_with_the_programmes(
    programmes: list[BroadcastProgramme], asked: list[tuple[str, int]]
) -> None:
    moments = [_local("2026-11-01") + timedelta(minutes=minute) for _, minute in asked]
    frame = Context(programmes, CITY).add(
        _frame(moments, **{"d.area": [area for area, _ in asked]}), [_EXPECTS]
    )
    expected = [
        bool(expects_broadcast(programmes, area, round(moment.timestamp() * 1000), CITY.zone))
        for (area, _), moment in zip(asked, moments, strict=True)
    ]
    assert frame[_EXPECTS.column].to_list() == expected


def test_programme_at_its_first_second_is_expected_and_at_its_end_no_more() -> None:
    programme = BroadcastProgramme(
        id="p", area="tam-ky", title="news", weekdays=frozenset({0}), starts=time(5), ends=time(6),
        valid_from=date(2026, 1, 1),
    )  # fmt: skip
    # A Monday, then the Tuesday after it.
    asked = [
        "2026-11-23T04:59:59",
        "2026-11-23T05:00",
        "2026-11-23T05:59:59",
        "2026-11-23T06:00",
        "2026-11-24T05:30",
    ]
    frame = _frame([_local(text) for text in asked], **{"d.area": ["tam-ky"] * 5})
    found = Context([programme], CITY).add(frame, [_EXPECTS])[_EXPECTS.column]
    assert found.to_list() == [False, True, True, False, False]


@pytest.mark.parametrize(
    ("moment", "is_up"),
    # Sunrise in Tam Kỳ on this day is at 05:52, sunset at 17:13.
    [("05:40", False), ("06:05", True), ("12:00", True), ("17:05", True), ("17:25", False), ("00:30", False)],
)
def test_sun_over_the_city_is_up_between_sunrise_and_sunset(moment: str, *, is_up: bool) -> None:
    frame = Context([], CITY).add(_frame([_local(f"2026-11-22T{moment}")]), [_SUN])
    assert frame[_SUN.column].to_list() == [is_up]


def test_sun_with_an_offset_narrows_and_a_negative_one_widens() -> None:
    frame = _frame([_local("2026-11-22T06:10"), _local("2026-11-22T05:40"), _local("2026-11-23T17:25")])
    later, earlier = ContextCall("sun.is_up", 1_800_000), ContextCall("sun.is_up", -1_800_000)
    found = Context([], CITY).add(frame, [later, earlier])
    assert found[later.column].to_list() == [False, False, False]
    assert found[earlier.column].to_list() == [True, True, True]


def test_sun_where_it_neither_rises_nor_sets_is_up_all_day_or_never() -> None:
    polar = msgspec.structs.replace(CITY, latitude=78.2, longitude=15.6, timezone="Arctic/Longyearbyen")
    zone = polar.zone
    frame = _frame([datetime(2026, 6, 21, 0, 30, tzinfo=zone), datetime(2026, 12, 21, 12, tzinfo=zone)])
    assert Context([], polar).add(frame, [_SUN])[_SUN.column].to_list() == [True, False]


def _is_valid(moment: str, **attributes: str) -> bool:
    call = ContextCall("calibration.valid")
    camera = Device(
        id="camera-1", kind="traffic-camera", area="tam-ky", attributes=MappingProxyType(attributes)
    )
    fleet = Fleet(kinds()["traffic-camera"], Registry([camera]), CITY.zone)
    frame = _frame([_local(moment)]).hstack(fleet.columns)
    found: bool = Context([], CITY).add(frame, [call])[call.column][0]
    return found


@pytest.mark.parametrize(
    ("moment", "start", "end", "valid"),
    [
        ("2026-11-22T12:00", "2026-01-01", "2026-12-31", True),
        ("2025-12-31T23:59:59", "2026-01-01", "2026-12-31", False),
        ("2026-01-01T00:00", "2026-01-01", "2026-12-31", True),
        ("2026-12-31T23:59:59", "2026-01-01", "2026-12-31", True),
        ("2027-01-01T00:00", "2026-01-01", "2026-12-31", False),
        ("2026-11-22T11:59:59", "2026-01-01T00:00", "2026-11-22T12:00", True),
        ("2026-11-22T12:00", "2026-01-01T00:00", "2026-11-22T12:00", False),
        ("2026-11-22T18:59:59", "2026-01-01T00:00Z", "2026-11-22T12:00Z", True),
        ("2026-11-22T19:00", "2026-01-01T00:00Z", "2026-11-22T12:00Z", False),
        ("2026-11-22T12:00", "2026-01-01", "soon", False),
    ],
)
def test_calibration_between_its_bounds_is_valid(moment: str, start: str, end: str, *, valid: bool) -> None:
    assert _is_valid(moment, calibrated_from=start, calibrated_until=end) is valid


def test_camera_without_calibration_is_not_calibrated() -> None:
    assert not _is_valid("2026-11-22T12:00")
    assert not _is_valid("2026-11-22T12:00", calibrated_from="2026-01-01")
    assert not _is_valid("2026-11-22T12:00", calibrated_until="2026-12-31")


@given(st.integers(1_700_000_000, 1_900_000_000), st.floats(-66, 66), st.floats(-180, 180))
def test_elevation_of_the_sun_is_the_almanacs(at_s: int, latitude: float, longitude: float) -> None:
    city = msgspec.structs.replace(CITY, latitude=latitude, longitude=longitude)
    moment = datetime.fromtimestamp(at_s, CITY.zone)
    call = ContextCall("sun.elevation")
    found = Context([], city).add(_frame([moment]), [call])[call.column][0]
    expected = elevation(Observer(latitude, longitude), moment, with_refraction=False)
    assert abs(found - expected) < 0.1


def test_local_time_and_weekday_are_the_citys() -> None:
    calls = [ContextCall("local.time"), ContextCall("local.weekday")]
    # A Sunday's half past seven, and the Monday that begins after it.
    frame = _frame([_local("2026-11-22T07:30:36"), _local("2026-11-23T00:00")])
    found = Context([], CITY).add(frame, calls).select(call.column for call in calls)
    assert found.rows() == [(7.51, 7.0), (0.0, 1.0)]
