"""Every operation of the OpenAPI document, attacked with made-up requests: none breaks, none lies."""

from pathlib import Path

from benchmarks.prove.api_attack import attack, attacked

EXAMPLES = 30


def test_made_up_requests_break_neither_the_service_nor_its_promises(tmp_path: Path) -> None:
    with attacked(tmp_path) as (schema, token):
        found = dict(attack(schema, token, EXAMPLES))
    assert len(found) > 50
    assert {name: problem for name, problem in found.items() if problem} == {}
