"""Run every proof: `python -m benchmarks.prove [--scale 0.1] [--only NAME] [--json FILE]`."""

import argparse
import importlib
import json
import pkgutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import benchmarks.prove


def main() -> int:
    """Exit status 0 when every proof holds."""
    parser = argparse.ArgumentParser(prog="make prove", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size (CI: 0.1)")
    parser.add_argument("--only", help="run one proof")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    names = sorted(m.name for m in pkgutil.iter_modules(benchmarks.prove.__path__) if m.name != "__main__")
    if options.only is not None and options.only not in names:
        parser.error(f"no proof {options.only!r}; known: {', '.join(names)}")
    figures: dict[str, Any] = {}
    failed: list[str] = []
    for name in names if options.only is None else [options.only]:
        begin_s = time.monotonic()
        print(f"{name}: ", end="", flush=True)
        with tempfile.TemporaryDirectory(prefix=f"ioc-{name}-") as folder:
            try:
                figures[name] = importlib.import_module(f"benchmarks.prove.{name}").prove(
                    options.scale, Path(folder)
                )
            except AssertionError as error:
                failed.append(name)
                print(f"FAILED after {time.monotonic() - begin_s:.0f} s: {error}")
                continue
        print(f"holds ({time.monotonic() - begin_s:.0f} s): {json.dumps(figures[name])}")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
