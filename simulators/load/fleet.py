"""The processes of a load: started together, watched, and brought to an end."""

import multiprocessing
import time
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Self

from simulators.load.board import Board, LoadCounts
from simulators.load.errors import LoadError
from simulators.load.ledger import begin_ledger
from simulators.load.messages import DeviceMessages
from simulators.load.plan import LoadPlan
from simulators.load.worker import Share, work

__all__ = ["LoadFleet"]

_POLL_S = 0.005
_END_S = 15.0


class LoadFleet:
    """A load under way; use it in a `with` statement, which ends it.

    Raises:
        LoadError: fewer devices than connections, or a ledger that cannot be written.
    """

    def __init__(self, plan: LoadPlan, devices: Sequence[DeviceMessages]) -> None:
        if len(devices) < plan.connections:
            raise LoadError(
                f"each connection serves a device at least, got {plan.connections} connections"
                f" for {len(devices)} devices"
            )
        if plan.ledger is not None:
            begin_ledger(plan.ledger, [device.device for device in devices], plan.connections)
        context = multiprocessing.get_context("spawn")
        self._board = Board(context, plan.processes)
        self._errors = context.SimpleQueue()
        self._processes: list[BaseProcess] = [
            context.Process(
                target=work,
                args=(plan, _share(plan, number, devices), self._board, self._errors),
                name=f"load-{number}",
                daemon=True,
            )
            for number in range(plan.processes)
        ]

    def __enter__(self) -> Self:
        """Start the processes and return when all have connected; nothing is published yet.

        Raises:
            LoadError: one of them could not.
        """
        for process in self._processes:
            process.start()
        try:
            while not self._board.all_ready:
                self._check()
                time.sleep(_POLL_S)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what is still at work."""
        self._end()

    @property
    def counts(self) -> LoadCounts:
        """What was done so far."""
        return self._board.counts

    @property
    def elapsed_s(self) -> float:
        """Seconds from the beginning to the last acknowledgement, or to now."""
        return self._board.elapsed_s

    @property
    def is_running(self) -> bool:
        """Whether a process is still at work.

        Raises:
            LoadError: one of them failed.
        """
        self._check()
        return any(process.is_alive() for process in self._processes)

    def begin(self) -> None:
        """Publish."""
        self._board.begin()

    def stop(self) -> None:
        """Publish no more; what is under way is still acknowledged."""
        self._board.end()

    def wait(self) -> LoadCounts:
        """Return when the load has ended by itself or by `stop`.

        Raises:
            LoadError: a process failed.
        """
        while self.is_running:
            time.sleep(_POLL_S)
        self._check()
        return self.counts

    def _check(self) -> None:
        failed = [process for process in self._processes if process.exitcode not in (None, 0)]
        if failed:
            why = self._errors.get() if not self._errors.empty() else f"status {failed[0].exitcode}"
            raise LoadError(f"a process of the load ended: {why}")

    def _end(self) -> None:
        self._board.end()
        deadline_s = time.monotonic() + _END_S
        for process in self._processes:
            process.join(max(0.0, deadline_s - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()
        self._errors.close()


def _share(plan: LoadPlan, process: int, devices: Sequence[DeviceMessages]) -> Share:
    numbers = plan.connections_of(process)
    return Share(process, {number: list(devices[number :: plan.connections]) for number in numbers})
