"""As many poisoned messages as good ones: the good are stored, the bad are listed, and nobody is held up.

Drain rates are compared with those of as many good messages, in alternating runs: until everything good is
stored and everything bad is listed. The ratios of the steps before are told as well.
"""

from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.backlog import Drained, drain_backlog
from benchmarks.poison import Mixture, good_messages, mixed_messages
from benchmarks.rig import city_of_load, fresh_broker
from benchmarks.run_process import Installation, RunProcess, ServiceApi, embedded_store, until
from simulators.messages import OutgoingMessage

_GOOD = 10_000
_FEWEST = 5_000
_RUNS = 5
_FEWEST_RUNS = 2
_DEVICES = 1_000
_SLOWER = 0.8
_SLOWER_SHORT = 0.5
_QUIET_MESSAGES = 5


def prove(scale: float, folder: Path) -> dict[str, Any]:
    """Let poison in; the figures.

    Raises:
        AssertionError: something good is missing, something bad is not listed, or it held up the others.
    """
    count = max(_FEWEST, round(_GOOD * scale))
    lamps = [device for device in city_of_load(_DEVICES).devices if device.kind == "streetlight"]
    good, mixed = good_messages(lamps, 2 * count), mixed_messages(lamps, count)
    runs = max(_FEWEST_RUNS, round(_RUNS * scale))
    clean: list[Drained] = []
    poisoned: list[Drained] = []
    # What is slow the first time only is not what is compared.
    _drain(folder / "first", mixed.messages, None)
    for run in range(runs):
        clean.append(_drain(folder / f"good-{run}", good, None))
        is_last = run == runs - 1
        poisoned.append(_drain(folder / f"mixed-{run}", mixed.messages, mixed if is_last else None))
    took = {
        step: (median(getattr(one, step) for one in clean), median(getattr(one, step) for one in poisoned))
        for step in Drained._fields
    }
    ratios = {step.removesuffix("_s"): round(good_s / bad_s, 2) for step, (good_s, bad_s) in took.items()}
    # A few runs on a busy machine say less than many: CI looks for what is clearly wrong.
    least = _SLOWER if scale >= 1 else _SLOWER_SHORT
    assert ratios["finished"] >= least, f"poison holds up the others: {ratios}, {took}"
    return {
        "good": count,
        "poison": sum(mixed.letters.values()),
        "letters": mixed.letters,
        "rate_ratio": ratios,
        "good_per_s": round(2 * count / took["finished_s"][0]),
        "mixed_per_s": round(2 * count / took["finished_s"][1]),
    }


def _drain(folder: Path, messages: list[OutgoingMessage], checked: Mixture | None) -> Drained:
    """One run with everything of its own; what came of it is looked at where it shall be."""
    with fresh_broker(folder / "broker") as broker:
        installation = Installation(folder, broker.port, city_of_load(_DEVICES).devices)
        key = installation.prepare()
        drained = drain_backlog(installation, broker, messages)
        if checked is not None:
            _check(installation, key, checked)
    return drained


def _check(installation: Installation, key: str, expected: Mixture) -> None:
    """Come back to the same session, and look at what is stored and listed.

    Raises:
        AssertionError: it is not what was published, or the broker sends something again.
    """
    process, api = RunProcess(installation), ServiceApi(installation.http_port, key)
    try:
        process.wait_ready()
        until(lambda: api.metrics()["ioc_intake_caught_up"] == 1, "the stream is live")
        again = api.metrics()["ioc_intake_messages_total"]
        assert again <= _QUIET_MESSAGES, f"{again:.0f} messages came again after the reconnection"
        listed = Counter(letter["reason"] for letter in api.every("/v1/dead-letters"))
        assert listed == expected.letters, f"listed are {listed}, bad were {expected.letters}"
        counted = api.get("/v1/dead-letters/counts")["by_reason"]
        assert counted == expected.letters, f"counted are {counted}, bad were {expected.letters}"
        fates = api.fates()
        assert fates["dead_lettered"] == sum(expected.letters.values()), f"the fates say {fates}"
        process.stop()
    finally:
        process.kill()
        api.close()
    with embedded_store(installation) as store:
        rows = store.counts()["streetlight"]
    assert rows == expected.rows, f"{rows} rows are stored, {expected.rows} readings were good"
