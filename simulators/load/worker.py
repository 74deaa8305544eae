"""What a process of the load is started with."""

import os
import resource
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from multiprocessing.queues import SimpleQueue
from typing import NamedTuple

from simulators.load.board import Board
from simulators.load.connection import LoadConnection
from simulators.load.errors import LoadError
from simulators.load.ledger import LedgerWriter, Run
from simulators.load.messages import DeviceMessages
from simulators.load.pacer import Pacer
from simulators.load.plan import LoadPlan
from simulators.load.process import Progress, run_connections
from simulators.load.stream import MessageStream

__all__ = ["Share", "work"]

_POLL_S = 0.002


class Share(NamedTuple):
    """The part of one process: its number, and the devices of each of its connections."""

    process: int
    devices: Mapping[int, Sequence[DeviceMessages]]


def work(plan: LoadPlan, share: Share, board: Board, errors: "SimpleQueue[str]") -> None:
    """Connect, wait for the others, publish; what goes wrong is put into `errors` as a sentence."""
    # Ctrl-C reaches us too, but what is under way shall be acknowledged first: the parent says when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with ExitStack() as opened:
            _publish(plan, share, board, opened)
    except LoadError as error:
        errors.put(str(error))
        raise SystemExit(1) from None
    except OSError as error:
        errors.put(f"{plan.host}:{plan.port}: {error}; is the broker there?")
        raise SystemExit(1) from None
    finally:
        board.ended(share.process)


def _publish(plan: LoadPlan, share: Share, board: Board, opened: ExitStack) -> None:
    noted: Callable[[Run], None] = _forget
    if plan.ledger is not None:
        ledger = LedgerWriter(plan.ledger)
        opened.callback(ledger.close)
        noted = ledger.add
    _allow_files(len(share.devices))
    connections = [_connection(plan, number, share.devices[number], noted) for number in share.devices]
    for connection in connections:
        connection.connect()
    board.ready(share.process)
    parent = os.getppid()
    while not board.has_begun:
        if board.is_over or os.getppid() != parent:
            return
        time.sleep(_POLL_S)
    progress = Progress()
    end_s = time.monotonic() + plan.run_for_s if plan.run_for_s is not None else float("inf")
    rate_per_s = plan.rate_per_s * len(connections) / plan.connections if plan.rate_per_s else None
    run_connections(
        connections,
        Pacer(rate_per_s, time.monotonic),
        progress,
        now_ms=_now_ms,
        is_over=lambda: board.is_over or time.monotonic() > end_s or os.getppid() != parent,
        tell=lambda: board.show(share.process, progress),
    )
    board.show(share.process, progress)


def _connection(
    plan: LoadPlan, number: int, devices: Sequence[DeviceMessages], noted: Callable[[Run], None]
) -> LoadConnection:
    stream = MessageStream(
        devices, first=number, stride=plan.connections, qos=plan.qos, limit=plan.count_of(number)
    )
    return LoadConnection(plan, number, stream, noted)


def _forget(_run: Run) -> None:
    """What is done with acknowledgements where there is no ledger."""


def _allow_files(wanted: int) -> None:
    """Raise the soft limit of open files: every connection is one.

    Raises:
        LoadError: the system allows fewer.
    """
    needed = wanted + 64
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise LoadError(
            f"{wanted} connections in a process need {needed} open files, the system allows {hard};"
            " raise it (ulimit -Hn), or give more --processes or fewer --connections"
        )
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
