"""Dated entities: when they hold, whom they concern, and their cells."""

import importlib
import pkgutil
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import devices.entities
from devices.device import Device, Supply
from devices.dim_curve import Anchor, DimStep, SunTimes, dim_pct_at, read_curve, write_curve
from devices.entities.crews import ENTITY as CREWS
from devices.entities.crews import Crew
from devices.entities.lighting_programmes import LightingProgramme
from devices.entities.maintenance_windows import ENTITY as WINDOWS
from devices.entities.maintenance_windows import MaintenanceWindow
from devices.entities.shifts import Shift
from devices.entities.speed_limits import ENTITY as LIMITS
from devices.entities.speed_limits import SpeedLimit
from devices.entity import areas_of, entity_problems
from devices.entity_catalogue import entity_kinds

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DAY = date(2026, 3, 2)  # a Monday
SUN = SunTimes(
    sunrise=datetime(2026, 3, 2, 5, 52, tzinfo=ZONE), sunset=datetime(2026, 3, 2, 17, 48, tzinfo=ZONE)
)


def at(clock: str, day: int = 2) -> datetime:
    return datetime.combine(date(2026, 3, day), time.fromisoformat(clock), ZONE)


def limit(valid_from: date, valid_to: date | None = None, device: str = "T1") -> SpeedLimit:
    return SpeedLimit(
        id="s", device=device, lane=None, vehicle_class="", limit_kmh=50.0, document="x",
        valid_from=valid_from, valid_to=valid_to,
    )  # fmt: skip


def test_every_kind_of_entity_has_the_columns_that_all_share() -> None:
    modules = {module.name for module in pkgutil.iter_modules(devices.entities.__path__)}
    assert {kind.replace("-", "_") for kind in entity_kinds()} == modules
    for name in modules:
        kind = importlib.import_module(f"devices.entities.{name}").ENTITY
        names = [column.name for column in kind.columns]
        assert (names[0], names[-2:]) == ("id", ["valid_from", "valid_to"])
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [("00:00", 60), ("04:59", 60), ("05:00", 100), ("06:01", 100), ("06:02", 0), ("17:32", 0), ("17:33", 100),
     ("21:59", 100), ("22:00", 60)],
)  # fmt: skip
def test_dim_curve_gives_the_level_of_the_last_step_begun(clock: str, expected: int) -> None:
    curve = read_curve("sunset-15m=100 22:00=60 05:00=100 sunrise+10m=0")
    assert dim_pct_at(curve, at(clock), SUN) == expected


STEPS = st.builds(
    DimStep, dim_pct=st.integers(0, 100), clock=st.times().map(lambda t: time(t.hour, t.minute))
) | (
    st.builds(
        DimStep,
        dim_pct=st.integers(0, 100),
        anchor=st.sampled_from(Anchor),
        offset_min=st.integers(-999, 999),
    )
)


@given(curve=st.lists(STEPS, min_size=1).map(tuple))
def test_dim_curve_written_and_read_is_the_same(curve: tuple[DimStep, ...]) -> None:
    assert read_curve(write_curve(curve)) == curve


@pytest.mark.parametrize("text", ["22:00", "22:00=101", "dusk=1", "25:00=1", "sunset+1h=5", "sunset=-1"])
def test_text_that_is_no_dim_curve_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"step|dim level|hour"):
        read_curve(text)


def test_lighting_programme_concerns_its_area_cabinet_or_street() -> None:
    lamp = Device(
        id="L1", kind="streetlight", area="tam-ky", street="Hùng Vương", powered_by=Supply(parent="C1")
    )

    def concerns(area: str, group: str) -> bool:
        return LightingProgramme(id="p", area=area, group=group, curve=(), valid_from=DAY).concerns(lamp)

    assert [concerns("tam-ky", group) for group in ("", "C1", "Hùng Vương", "C2")] == [
        True,
        True,
        True,
        False,
    ]
    assert not concerns("ban-thach", "")


@pytest.mark.parametrize(
    ("moment", "on"),
    [(at("21:59"), False), (at("22:00"), True), (at("05:59", 3), True), (at("06:00", 3), False),
     (at("22:00", 3), False), (at("05:00"), False)],
)  # fmt: skip
def test_night_shift_of_mondays_ends_on_tuesday(moment: datetime, *, on: bool) -> None:
    shift = Shift(
        id="n", title="", crew=None, area="", weekdays=frozenset({0}), starts=time(22), ends=time(6),
        people=2, valid_from=DAY, valid_to=DAY,
    )  # fmt: skip
    assert shift.is_on(moment) is on


def test_days_are_the_citys_and_both_inside() -> None:
    entity = limit(DAY, DAY)
    moments = [datetime(2026, 3, 1, 16, 59, 59, tzinfo=UTC), datetime(2026, 3, 1, 17, tzinfo=UTC)]
    moments += [datetime(2026, 3, 2, 16, 59, 59, tzinfo=UTC), datetime(2026, 3, 2, 17, tzinfo=UTC)]
    assert [LIMITS.is_in_force(entity, moment, ZONE) for moment in moments] == [False, True, True, False]


def test_moment_of_the_end_is_outside() -> None:
    window = MaintenanceWindow(
        id="w", area="tam-ky", devices=(), reason="x", requested_by="", valid_from=at("22:00"),
        valid_to=at("05:00", 3),
    )  # fmt: skip
    moments = (at("21:59"), at("22:00"), at("04:59", 3), at("05:00", 3))
    assert [WINDOWS.is_in_force(window, moment, ZONE) for moment in moments] == [False, True, True, False]


def test_areas_are_those_named_and_those_of_the_devices() -> None:
    crew = Crew(id="c", name="x", contractor=None, areas=("a", "b"), kinds=(), phone="", valid_from=DAY)
    assert areas_of(CREWS, crew, lambda _device: None) == {"a", "b"}
    assert areas_of(LIMITS, limit(DAY), {"T1": "tam-ky"}.get) == {"tam-ky"}


@pytest.mark.parametrize(
    ("later", "overlaps"), [(date(2026, 3, 2), True), (date(2026, 3, 3), True), (date(2026, 3, 4), False)]
)
def test_versions_that_share_a_day_overlap(later: date, *, overlaps: bool) -> None:
    versions = [limit(later), limit(DAY, date(2026, 3, 3))]
    assert bool(list(entity_problems(LIMITS, versions, {}))) is overlaps
