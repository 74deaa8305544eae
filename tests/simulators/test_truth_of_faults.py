"""Every type of fault shows in what the city says exactly when and where the truth says it does."""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pytest

from devices.cities import City
from devices.registry import Life, Registry
from simulators.city import SimulatedCity, build_city
from simulators.fault_types import fault_types
from simulators.injection import FaultType
from simulators.messages import OutgoingMessage
from simulators.scenario import FaultPlan, Scenario
from simulators.simulation import Simulation
from simulators.truth import TruthRecord
from simulators.world import World
from tests.simulators.conftest import ORDERLY, Said
from tests.simulators.fault_signs import COUNT, EARLY, EDGES, SHARE, SIGNS, SILENT, UNFED, Seen

MINUTE_MS = 60_000
BEGINS_MS = 30 * MINUTE_MS
LASTS_MS = 600 * MINUTE_MS
RUN_MS = BEGINS_MS + LASTS_MS + 30 * MINUTE_MS

TakeApart = Callable[[Sequence[OutgoingMessage]], list[Said]]
Play = Callable[[FaultType, SimulatedCity], "Run"]

# What cameras see travels as events; they have tests of their own.
TYPES = [fault for fault in fault_types() if fault.kind != "traffic-camera"]


def written(ts: int | str) -> int:
    return ts if isinstance(ts, int) else round(datetime.fromisoformat(ts).timestamp() * 1000)


class Run(NamedTuple):
    """A city in which one fault was injected, ten hours long, and all it said."""

    record: TruthRecord
    said: list[Said]
    world: World
    registry: Registry

    def readings(self, device: str) -> list[Seen]:
        seen: list[Seen] = []
        bodies: list[Mapping[str, Any]] = []
        for one in self.said:
            if one.device == device and one.channel == "telemetry":
                # A backlog may come as an array.
                for body in one.body if isinstance(one.body, list) else [one.body]:
                    written_ms = written(body["ts"])
                    at_ms, before = one.message.at_ms, tuple(bodies[-2:])
                    seen.append(Seen(body, before, at_ms, written_ms, self.registry[device], self.world))
                    bodies.append(body)
        return seen


@pytest.fixture(scope="module")
def small(tam_ky: City) -> SimulatedCity:
    """One cabinet with a dozen lamps, and one or two of each other kind; one access point is retired."""
    city = build_city(tam_ky, 18, seed=7)
    spare = next(device for device in city.devices if device.kind == "wifi-ap")
    retired = dataclasses.replace(spare, id="TK-W-900", life=Life.RETIRED)
    return dataclasses.replace(city, devices=(*city.devices, retired))


@pytest.fixture(params=[90, 18 * 60], ids=["19:30 to 05:30", "12:00 to 22:00"])
def start_ms(request: pytest.FixtureRequest, evening_ms: int) -> int:
    return evening_ms + int(request.param) * MINUTE_MS


def only_first_speaks(city: SimulatedCity, kind: str) -> SimulatedCity:
    """The same city with one device of a kind to listen to."""
    first = next(device.id for device in city.devices if device.kind == kind)
    return dataclasses.replace(
        city,
        devices=tuple(
            dataclasses.replace(device, life=Life.PLANNED)
            if device.life is Life.IN_SERVICE and device.id != first
            else device
            for device in city.devices
        ),
    )


@pytest.fixture
def play(start_ms: int, take_apart: TakeApart) -> Play:
    def run(fault: FaultType, city: SimulatedCity) -> Run:
        plan = FaultPlan(fault=fault.id, at="30m", lasting="600m")
        simulation = Simulation(
            city, Scenario(id="test", faults=(plan,)), seed=7, start_ms=start_ms, disorder=ORDERLY
        )
        said = take_apart(simulation.advance(start_ms + RUN_MS))
        (record,) = simulation.truth()
        return Run(record, said, World.of(city, 7, start_ms), Registry(city.devices))

    return run


def test_every_type_has_an_oracle() -> None:
    known = {*SIGNS, *SILENT, *UNFED, "short_gap", "retired_device"}
    assert {fault.id for fault in TYPES} == known


def check_whole(record: TruthRecord, fault: FaultType, start_ms: int, city: SimulatedCity) -> None:
    ids = {device.id for device in city.devices}
    assert (record.fault, record.kind, record.real) == (fault.id, fault.kind, fault.real)
    assert (record.from_ms, record.to_ms) == (start_ms + BEGINS_MS, start_ms + BEGINS_MS + LASTS_MS)
    assert record.observable_ms is None or record.from_ms <= record.observable_ms < record.to_ms
    assert record.device in ids
    assert set(record.also.devices) <= ids - {record.device}
    assert bool(record.rules) == record.real
    assert not set(record.rules) & set(record.also.rules)


@pytest.mark.parametrize("fault", [f for f in TYPES if f.id in SIGNS], ids=lambda fault: fault.id)
def test_fault_shows_when_the_truth_says_so_and_never_else(
    fault: FaultType, play: Play, small: SimulatedCity, start_ms: int
) -> None:
    if (
        fault.id == "zero_sample"
        and not World.of(small, 7, start_ms).lighting.state(start_ms + BEGINS_MS).dim_pct
    ):
        pytest.skip("a lamp that is off shows 0 W anyway; the type does not fit by day")
    city = only_first_speaks(small, fault.kind)
    run = play(fault, city)
    record, sign = run.record, SIGNS[fault.id]
    check_whole(record, fault, start_ms, city)
    seen_ms = record.to_ms if record.observable_ms is None else record.observable_ms
    edge = EDGES.get(fault.id, 0)
    told = [(seen.at_ms, sign(seen)) for seen in run.readings(record.device)]
    first_ms = record.from_ms if fault.id in EARLY else seen_ms
    outside = [
        at_ms for at_ms, shows in told if shows and not first_ms <= at_ms < record.to_ms + edge * MINUTE_MS
    ]
    assert outside == []
    inside = [shows for at_ms, shows in told if seen_ms <= at_ms < record.to_ms and shows is not None]
    if fault.id in COUNT:
        assert sum(inside) == COUNT[fault.id]
    elif fault.id == "programme_overrun":
        assert sum(inside) <= 1
    elif record.observable_ms is not None:
        least, most = SHARE.get(fault.id, (1.0, 1.0))
        assert least <= sum(inside[edge:]) / len(inside[edge:]) <= most


@pytest.mark.parametrize("fault", [f for f in TYPES if f.id in SILENT | UNFED], ids=lambda fault: fault.id)
def test_fault_silences_whom_the_truth_names_and_nobody_else(
    fault: FaultType, play: Play, small: SimulatedCity, start_ms: int
) -> None:
    run = play(fault, small)
    record = run.record
    check_whole(record, fault, start_ms, small)
    named = {record.device} if fault.id in SILENT else set(record.also.devices)
    assert len(named) >= (1 if fault.id in SILENT else 3)
    times: defaultdict[str, list[int]] = defaultdict(list)
    for one in run.said:
        if one.channel == "telemetry":
            times[one.device].append(one.message.at_ms)
    for device in small.devices:
        if device.is_passive or device.life is not Life.IN_SERVICE:
            continue
        during = sum(record.from_ms <= at_ms < record.to_ms for at_ms in times[device.id])
        assert during == (0 if device.id in named else 600)
        assert len(times[device.id]) - during == 60


def test_short_gap_misses_two_reports(play: Play, small: SimulatedCity, start_ms: int) -> None:
    fault = next(fault for fault in TYPES if fault.id == "short_gap")
    city = only_first_speaks(small, fault.kind)
    run = play(fault, city)
    check_whole(run.record, fault, start_ms, city)
    assert len(run.readings(run.record.device)) == RUN_MS // MINUTE_MS - 2


def test_retired_device_is_silent_from_the_beginning(play: Play, small: SimulatedCity, start_ms: int) -> None:
    fault = next(fault for fault in TYPES if fault.id == "retired_device")
    run = play(fault, small)
    check_whole(run.record, fault, start_ms, small)
    assert run.record.device == "TK-W-900"
    assert run.readings("TK-W-900") == []
