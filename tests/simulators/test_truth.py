import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.truth import Symptoms, TruthError, TruthHeader, TruthRecord, read_truth, write_truth

HEADER = TruthHeader(
    city="tam-ky",
    scenario="everything",
    seed=1,
    devices=1000,
    from_ms=1_781_519_400_000,
    to_ms=1_781_605_800_001,
)
RECORD = TruthRecord(
    fault="phase_lost",
    kind="lighting-cabinet",
    device="TK-C-01",
    from_ms=1_781_519_400_123,
    to_ms=1_781_523_000_000,
    observable_ms=1_781_519_400_123,
    rules=("cabinet.phase_lost",),
    also=Symptoms(rules=("any.silent", "lamp.out"), devices=("TK-L-0001", "TK-L-0004")),
    detail="L1",
)

texts = st.text(max_size=12)
moments_ms = st.integers(0, 4_000_000_000_000)
records = st.builds(
    TruthRecord,
    fault=texts,
    kind=texts,
    device=texts,
    from_ms=moments_ms,
    to_ms=moments_ms,
    observable_ms=st.none() | moments_ms,
    real=st.booleans(),
    rules=st.lists(texts, max_size=3).map(tuple),
    also=st.builds(
        Symptoms, rules=st.lists(texts, max_size=3).map(tuple), devices=st.lists(texts, max_size=3).map(tuple)
    ),
    detail=texts,
    events=st.none() | st.integers(0, 1000),
)


def test_truth_file_is_written_as_agreed(tmp_path: Path) -> None:
    file = tmp_path / "truth.jsonl"
    write_truth(file, HEADER, [RECORD])
    header, record = map(json.loads, file.read_text("utf-8").splitlines())
    assert header == {
        "city": "tam-ky",
        "scenario": "everything",
        "seed": 1,
        "devices": 1000,
        "from": "2026-06-15T10:30:00Z",
        "to": "2026-06-16T10:30:00.001000Z",
    }
    assert record == {
        "fault": "phase_lost",
        "kind": "lighting-cabinet",
        "device": "TK-C-01",
        "from": "2026-06-15T10:30:00.123000Z",
        "to": "2026-06-15T11:30:00Z",
        "observable_from": "2026-06-15T10:30:00.123000Z",
        "real": True,
        "rules": ["cabinet.phase_lost"],
        "also": {"rules": ["any.silent", "lamp.out"], "devices": ["TK-L-0001", "TK-L-0004"]},
        "detail": "L1",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["truth.jsonl"]


@given(st.lists(records, max_size=5))
def test_read_truth_gives_back_what_was_written_in_order(
    tmp_path_factory: pytest.TempPathFactory, written: list[TruthRecord]
) -> None:
    file = tmp_path_factory.mktemp("truth") / "truth.jsonl"
    write_truth(file, HEADER, written)
    truth = read_truth(file)
    assert truth.header == HEADER
    assert sorted(map(repr, truth.records)) == sorted(map(repr, written))
    assert [record.from_ms for record in truth.records] == sorted(record.from_ms for record in written)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "truth.jsonl:2: Input data was truncated"),
        (b"{}", "truth.jsonl:2: Object missing required field `fault`"),
        (b'{"fault": 1}', r"truth.jsonl:2: Expected `str`, got `int` - at `\$.fault`"),
    ],
)
def test_read_truth_names_the_line_and_the_rule_it_breaks(tmp_path: Path, line: bytes, problem: str) -> None:
    file = tmp_path / "truth.jsonl"
    write_truth(file, HEADER, [])
    file.write_bytes(file.read_bytes() + line + b"\n")
    with pytest.raises(TruthError, match=problem):
        read_truth(file)


def test_read_truth_of_an_empty_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "truth.jsonl"
    file.touch()
    with pytest.raises(TruthError, match="begins with a header"):
        read_truth(file)
