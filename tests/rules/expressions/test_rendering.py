from typing import Any

import pytest

from rules.expressions.expression import condition
from rules.expressions.rendering import render

_ROW: dict[str, Any] = {"power_w": 4.2, "cmd_on": True, "power_state": "on", "d.rated_w": 60.0}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("m.cmd_on && m.power_w < 0.10 * d.rated_w", "true && 4.2 < 0.1 * 60 (= 6)"),
        ("(m.power_w + 1) * 2 > 3", "(4.2 + 1) * 2 (= 10.4) > 3"),
        ("10 - (m.power_w - 1) > 3", "10 - (4.2 - 1) (= 6.8) > 3"),
        ("!(m.cmd_on || m.power_w > 1)", "!(true || 4.2 > 1)"),
        ("m.power_state in ['on', 'low']", "'on' in ['on', 'low']"),
        ("m.voltage_v > 200", "unknown > 200"),
        ("has(m.voltage_v)", "has(m.voltage_v) (= false)"),
        ("abs(m.power_w) > 1", "abs(4.2) (= 4.2) > 1"),
        ("sun.is_up('15m')", "sun.is_up('15m') (= unknown)"),
        ("m.cmd_on ? m.power_w < 1 : m.power_w > 1", "(true ? 4.2 < 1 : 4.2 > 1)"),
    ],
)
def test_render_of_a_condition_shows_values_and_results(text: str, shown: str) -> None:
    assert render(condition(text, "streetlight").tree, _ROW) == shown
