import json
from pathlib import Path
from typing import Any

import pytest

from reports.score.truth import Injection, TruthError, parse_truth, read_truth

HEADER = {
    "city": "tam-ky",
    "scenario": "everything",
    "seed": 1,
    "devices": 1000,
    "from": "2026-06-01T00:00:00Z",
    "to": "2026-06-02T07:00:00+07:00",
}
LINE = {
    "fault": "lamp_out",
    "kind": "streetlight",
    "device": "TK-L-0001",
    "from": "2026-06-01T01:00:00Z",
    "to": "2026-06-01T02:00:00Z",
    "observable_from": "2026-06-01T01:00:00.250Z",
    "real": True,
    "rules": ["lamp.out"],
    "also": {"rules": ["any.silent"], "devices": ["TK-L-0002"]},
    "detail": "",
}
START_MS = 1_780_272_000_000


def file_of(*lines: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def test_truth_is_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_bytes(file_of(HEADER, LINE))
    truth = read_truth(path)
    assert (truth.city, truth.devices, truth.from_ms) == ("tam-ky", 1000, START_MS)
    assert truth.to_ms - truth.from_ms == 24 * 3_600_000
    assert truth.injections == (
        Injection(
            fault="lamp_out",
            kind="streetlight",
            device="TK-L-0001",
            from_ms=START_MS + 3_600_000,
            to_ms=START_MS + 7_200_000,
            observable_from_ms=START_MS + 3_600_250,
            rules=("lamp.out",),
            also_rules=("any.silent",),
            also_devices=("TK-L-0002",),
        ),
    )


def test_what_is_optional_may_be_absent_and_unknown_members_are_passed_over() -> None:
    short = {name: value for name, value in LINE.items() if name not in {"also", "detail"}}
    [read] = parse_truth(file_of(HEADER, short | {"observable_from": None, "events": 7, "new": 1})).injections
    assert (read.observable_from_ms, read.also_rules, read.events) == (None, (), 7)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((), "is empty; its first line"),
        ((LINE,), "line 1: Object missing required field `city`"),
        ((HEADER | {"to": HEADER["from"]},), "line 1: `to` lies after `from`"),
        ((HEADER, LINE | {"device": 7}), "line 2: Expected `str`, got `int`"),
        ((HEADER, LINE | {"from": "2026-06-01T01:00:00"}), "line 2: Expected `datetime` with a timezone"),
        ((HEADER, LINE | {"to": "2026-06-01T00:59:00Z"}), "line 2: `to` never lies before `from`"),
    ],
)
def test_broken_file_is_refused_with_its_line(lines: tuple[dict[str, Any], ...], message: str) -> None:
    with pytest.raises(TruthError, match=message):
        parse_truth(file_of(*lines))
