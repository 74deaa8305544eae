"""The city of a scored run, speaking from a process of its own so that it uses a core of its own.

It works one step ahead: while the service digests a step, the next one is made. It publishes when it is told.
"""

import asyncio
import contextlib
import multiprocessing
import signal
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
from msgspec import Struct

from app.errors import StartError
from app.mqtt import BrokerAddress
from app.scoring_plan import ScoringPlan, city_of
from app.scoring_publisher import StepPublisher
from devices.registry import Device
from simulators.scenario import ScenarioError, load_scenario
from simulators.simulation import Simulation
from simulators.standing import standing_truth
from simulators.truth import TruthHeader, write_truth

__all__ = ["Announced", "CityProcess"]

_GO = b"go"
_END_S = 2.0


class Announced(Struct, array_like=True, frozen=True):
    """What the city is about to publish when its clock shows `to_ms`: topics and payloads.

    The last announcement has no messages and carries the truth file.
    """

    to_ms: int
    messages: list[tuple[str, bytes]] = []
    truth: bytes = b""
    problem: str = ""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Announced).decode


class CityProcess:
    """A child process that plays a plan's city into a broker, a step at a time. It ends with us."""

    def __init__(self, plan: ScoringPlan, broker: BrokerAddress) -> None:
        # A fresh interpreter: ours has threads, of which a forked copy would keep only the locks.
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_speak, args=(plan, broker, theirs), daemon=True, name="city")
        self._process.start()
        theirs.close()

    async def announcement(self) -> Announced:
        """What comes next; the one with the truth is the last.

        Raises:
            StartError: the city cannot be played; the sentence says why.
        """
        try:
            announced = _decode(await asyncio.to_thread(self._ours.recv_bytes))
        except (EOFError, OSError):
            raise StartError("the simulated city ended by itself; its last words are on the screen") from None
        if announced.problem:
            raise StartError(announced.problem)
        return announced

    def publish(self) -> None:
        """Let it publish what it announced last."""
        self._ours.send_bytes(_GO)

    async def stop(self) -> None:
        """End the process. Idempotent."""
        self._ours.close()
        await asyncio.to_thread(self._process.join, _END_S)
        if self._process.is_alive():
            self._process.kill()
            await asyncio.to_thread(self._process.join)


def _speak(plan: ScoringPlan, broker: BrokerAddress, pipe: Connection) -> None:
    """The child's whole life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who closes the pipe
    with contextlib.suppress(EOFError, BrokenPipeError):
        try:
            _play(plan, broker, pipe)
        except (StartError, ScenarioError, ValueError, OSError) as error:
            pipe.send_bytes(_encode(Announced(plan.to_ms, problem=str(error))))


def _play(plan: ScoringPlan, broker: BrokerAddress, pipe: Connection) -> None:
    city = city_of(plan)
    simulation = Simulation(city, load_scenario(plan.scenario), seed=plan.seed, start_ms=plan.origin_ms)
    publisher = StepPublisher(broker, "ioc-score-city")
    for begins_ms in range(plan.origin_ms, plan.to_ms, plan.step_ms):
        to_ms = min(begins_ms + plan.step_ms, plan.to_ms)
        messages = simulation.advance(to_ms)
        pipe.send_bytes(_encode(Announced(to_ms, [(one.topic, one.payload) for one in messages])))
        encoded = publisher.encoded(messages)
        publisher.settle()
        pipe.recv_bytes()
        publisher.publish(encoded)
    publisher.settle()
    publisher.close()
    pipe.send_bytes(_encode(Announced(plan.to_ms, truth=_truth(plan, city.devices, simulation))))
    pipe.recv_bytes()


def _truth(plan: ScoringPlan, devices: tuple[Device, ...], simulation: Simulation) -> bytes:
    """The truth file of the run."""
    header = TruthHeader(
        city=plan.city,
        scenario=plan.scenario,
        seed=plan.seed,
        # Those that speak: a retired one beside them needs no operator.
        devices=plan.devices,
        from_ms=plan.origin_ms,
        to_ms=plan.to_ms,
    )
    with tempfile.TemporaryDirectory(prefix="ioc-score-") as folder:
        file = Path(folder, "truth.jsonl")
        standing = standing_truth(devices, plan.origin_ms, plan.to_ms)
        write_truth(file, header, [*standing, *simulation.truth()])
        return file.read_bytes()
