"""The library rule-engine at work, as a program of its own: its dependencies do not go with ours.

Reads a job as JSON from a file, writes seconds and counts as JSON.
"""

import json
import sys
import time
from pathlib import Path

import rule_engine


def main() -> None:
    """Evaluate every condition over every row."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    context = rule_engine.Context(resolver=rule_engine.resolve_item)
    rules = {
        kind: [rule_engine.Rule(text, context=context) for text in texts]
        for kind, texts in job["conditions"].items()
    }
    began_s = time.process_time()
    true = unknown = 0
    for kind, rows in job["rows"].items():
        for row in rows:
            for rule in rules[kind]:
                try:
                    true += rule.matches(row)
                except rule_engine.EngineError:
                    unknown += 1
    print(json.dumps({"seconds": time.process_time() - began_s, "true": true, "unknown": unknown}))


if __name__ == "__main__":
    main()
