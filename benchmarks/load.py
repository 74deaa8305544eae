"""How fast the load generator drives mosquitto without a subscriber, beside mosquitto_pub.

mosquitto_pub -l is the reference that everybody has: one process, QoS 0, a line of standard input is a
message. At QoS 0 our rate ends with an answered ping on every connection, so it is what the broker has taken.
Run it as `make bench-load`; ARGS="--messages N --runs R --json FILE".
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.load import run_load
from app.mqtt import BrokerAddress
from benchmarks.rig import fresh_broker, load_messages, middle
from simulators.load.messages import FIRST_SEQ, stamp
from simulators.load.plan import LoadPlan

_DEVICES = 1_000
_TS_MS = 1_795_344_600_000


def main() -> int:
    """Exit status 0 when everything was taken."""
    parser = argparse.ArgumentParser(prog="make bench-load", description=__doc__)
    parser.add_argument("--messages", type=int, default=500_000, help="of each measurement")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    console = Console()
    rates: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="ioc-bench-") as name, console.status("measuring"):
        folder = Path(name)
        lines = _lines(folder / "lines", options.messages)
        for _ in range(options.runs):
            with fresh_broker(folder / "broker") as broker:
                rates["mosquitto_pub"].append(_mosquitto_pub(broker, lines, options.messages))
                rates["qos0"].append(_ours(broker, 0, options.messages))
                rates["qos1"].append(_ours(broker, 1, options.messages))
    per_s = {name: round(middle(values)) for name, values in rates.items()}
    figures = {
        "ratio_qos0": round(per_s["qos0"] / per_s["mosquitto_pub"], 2),
        "ratio_qos1": round(per_s["qos1"] / per_s["mosquitto_pub"], 2),
        "qos0_per_s": per_s["qos0"],
        "qos1_per_s": per_s["qos1"],
        "mosquitto_pub_per_s": per_s["mosquitto_pub"],
        "messages": options.messages,
        "runs": options.runs,
    }
    table = Table("figure", "value", title="Load into mosquitto without a subscriber (medians)")
    for figure, value in figures.items():
        table.add_row(figure, f"{value:,}")
    console.print(table)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def _ours(broker: BrokerAddress, qos: int, count: int) -> float:
    """Messages a second."""
    plan = LoadPlan(host=broker.host, port=broker.port, qos=qos, count=count)
    report = run_load(plan, load_messages(_DEVICES))
    taken = report.acknowledged if qos else report.sent
    assert taken == count, f"{count:,} messages were to be published, the broker took {taken:,}"
    return taken / report.elapsed_s


def _lines(path: Path, count: int) -> Path:
    """The same payloads for mosquitto_pub, one on each line."""
    payloads = [stamp(_TS_MS, FIRST_SEQ) + messages.tails[0] + b"\n" for messages in load_messages(_DEVICES)]
    with path.open("wb") as file:
        whole, rest = divmod(count, len(payloads))
        for _ in range(whole):
            file.writelines(payloads)
        file.writelines(payloads[:rest])
    return path


def _mosquitto_pub(broker: BrokerAddress, lines: Path, count: int) -> float:
    """Messages a second of mosquitto_pub at QoS 0, to the end of its process."""
    command = ["mosquitto_pub", "-h", broker.host, "-p", str(broker.port), "-q", "0", "-l"]
    command += ["-t", load_messages(_DEVICES)[0].topic]
    with lines.open("rb") as file:
        begin_s = time.perf_counter()
        subprocess.run(command, stdin=file, check=True)
        return count / (time.perf_counter() - begin_s)


if __name__ == "__main__":
    sys.exit(main())
