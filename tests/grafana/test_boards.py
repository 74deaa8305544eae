"""What holds for every board, in both languages."""

import json
import re
from typing import Any

import pytest

from devices.catalogue import kinds
from devices.description import DeviceKind, Field, Label
from devices.quantities import Quantity
from grafana.alerts import ALERTS, provisioned_group, rule_of
from grafana.asking import Window, asked, expand, variables
from grafana.building import build_board
from grafana.catalogue import boards
from grafana.kind_board import kind_board
from grafana.names import LANGUAGES, Source
from grafana.provisioning import generated_files, stale_files, write_files
from grafana.spec import Board
from grafana.units import unit_of
from store.operations.report_names import REPORT_SCHEMA, REPORT_VIEWS
from tests.grafana.published_schema import violations

EVERY = [(board, language) for board in boards() for language in LANGUAGES]
IDS = [f"{board.id}-{language}" for board, language in EVERY]
WINDOW = Window(from_ms=1_000, to_ms=3_600_000)
# What 9.4 has: panels that it knows, and data sources that it calls so.
PANELS_OF_9_4 = {"stat", "timeseries", "table", "geomap", "barchart", "state-timeline", "row"}
SOURCES_OF_9_4 = {"postgres", "influxdb"}


def _panels(built: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in built["panels"] if panel["type"] != "row"]


@pytest.mark.parametrize(("board", "language"), EVERY, ids=IDS)
def test_board_is_as_the_published_schema_says(board: Board, language: str) -> None:
    assert violations(build_board(board, language)) == []


@pytest.mark.parametrize(("board", "language"), EVERY, ids=IDS)
def test_every_panel_has_unit_description_empty_state_and_links(board: Board, language: str) -> None:
    for panel in _panels(build_board(board, language)):
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["title"], panel
        assert panel["description"].endswith((".", ")", "W.", "?")), panel["title"]
        assert defaults["unit"]
        assert defaults["noValue"] == {"vi": "Chưa có dữ liệu", "en": "No data yet"}[language]
        assert [link["url"].startswith(("/d/ioc-", "${api}/v1/")) for link in panel["links"]] == [True, True]


@pytest.mark.parametrize(("board", "language"), EVERY, ids=IDS)
def test_panels_stand_beside_each_other_and_have_their_own_numbers(board: Board, language: str) -> None:
    built = build_board(board, language)
    numbers = [panel["id"] for panel in built["panels"]]
    assert len(numbers) == len(set(numbers))
    taken: set[tuple[int, int]] = set()
    for panel in built["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert all(x < 24 for x, _ in cells)
        taken |= cells


def test_boards_are_those_of_the_issue_and_one_for_each_kind() -> None:
    ids = {board.id for board in boards()}
    assert {f"kind-{kind}" for kind in kinds()} <= ids
    assert {"overview", "energy", "wifi", "speakers", "traffic", "maintenance", "device", "pipeline"} <= ids


def test_new_kind_gets_its_board_from_its_description() -> None:
    fountain = DeviceKind(
        id="fountain",
        label=Label(vi="Đài phun nước", en="Fountain"),
        fields=(
            Field(name="power_w", label=Label(vi="Công suất", en="Power"), quantity=Quantity.POWER),
            Field(name="pump_on", label=Label(vi="Bơm chạy", en="Pump on"), value="bool"),
        ),
    )
    built = build_board(kind_board(fountain), "en")
    assert (built["uid"], built["title"]) == ("ioc-en-kind-fountain", "Fountain")
    texts = " ".join(one.text for one in asked(built))
    assert 'mean("power_w") AS "Power"' in texts
    assert 'last("pump_on")' in texts
    assert "kind = 'fountain'" in texts
    assert violations(built) == []


def test_every_numeric_field_of_every_kind_is_on_its_board() -> None:
    for kind in kinds().values():
        texts = " ".join(one.text for one in asked(build_board(kind_board(kind), "en")))
        for field in kind.fields:
            if field.value in {"float", "int"}:
                assert f'mean("{field.name}")' in texts, (kind.id, field.name)


def test_every_quantity_has_a_unit_in_grafana() -> None:
    assert all(unit_of(quantity) for quantity in Quantity)


@pytest.mark.parametrize(("board", "language"), EVERY, ids=IDS)
def test_questions_read_the_views_alone_and_name_only_known_variables(board: Board, language: str) -> None:
    built = build_board(board, language)
    values = {name: "x" for name, _, _ in variables(built)}
    for one in asked(built):
        text = expand(one.text, one.source, WINDOW, values)
        assert "$" not in text.replace("$/", ""), text
        assert "%LANG%" not in text
        if one.source is Source.OPERATIONS:
            named = set(re.findall(r"(?:FROM|JOIN) ([\w.]+)", text))
            assert named <= {f"{REPORT_SCHEMA}.{view}" for view in REPORT_VIEWS} | {"now"}, text


@pytest.mark.parametrize(("board", "language"), EVERY, ids=IDS)
def test_board_has_only_what_grafana_9_4_knows(board: Board, language: str) -> None:
    built = build_board(board, language)
    assert {panel["type"] for panel in built["panels"]} <= PANELS_OF_9_4
    assert {
        target["datasource"]["type"] for panel in _panels(built) for target in panel["targets"]
    } <= SOURCES_OF_9_4


@pytest.mark.parametrize(("board", "language"), EVERY, ids=IDS)
def test_maps_ask_nothing_of_the_internet(board: Board, language: str) -> None:
    text = json.dumps(build_board(board, language, "http://ioc.test"))
    assert re.findall(r"https?://(?!ioc\.test)[^\"]+", text) == []
    assert all(
        panel["options"]["basemap"]["config"]["url"] == "about:blank"
        for panel in _panels(build_board(board, language))
        if panel["type"] == "geomap"
    )


def test_rows_with_a_device_lead_to_it_its_faults_and_the_api() -> None:
    overview = next(board for board in boards() if board.id == "overview")
    longest = next(p for p in _panels(build_board(overview, "en")) if p["title"] == "Incidents open longest")
    [device] = [o for o in longest["fieldConfig"]["overrides"] if o["matcher"]["options"] == "device"]
    urls = [link["url"] for one in device["properties"] if one["id"] == "links" for link in one["value"]]
    assert urls == [
        "/d/ioc-en-device?var-device=${__data.fields.device}&${__url_time_range}",
        "${api}/v1/faults?device=${__data.fields.device}",
        "${api}/v1/devices/${__data.fields.device}",
    ]


def test_device_in_a_question_cannot_break_out_of_its_quotes() -> None:
    text = expand("device = ${device:sqlstring}", Source.OPERATIONS, WINDOW, {"device": "x' OR 'a' = 'a"})
    assert text == "device = 'x'' OR ''a'' = ''a'"
    text = expand("/^${device:regex}$/", Source.TELEMETRY, WINDOW, {"device": "a.b/c"})
    assert text == r"/^a\.b\/c$/"


def test_question_with_an_unknown_variable_is_refused() -> None:
    with pytest.raises(LookupError, match="'ward'"):
        expand("$ward", Source.OPERATIONS, WINDOW, {})


def test_alert_rules_are_about_the_platform_and_complete() -> None:
    assert {alert.id for alert in ALERTS} >= {"no-data", "journal-filling", "nothing-received"}
    for alert in ALERTS:
        rule = rule_of(alert, "en")
        assert 'FROM "collector"' in rule["data"][0]["model"]["query"]
        assert [one["refId"] for one in rule["data"]] == ["A", "B", rule["condition"]]
        assert rule["annotations"]["summary"]


def test_alert_rules_in_files_keep_their_dollar_signs() -> None:
    text = json.dumps(provisioned_group("en"))
    assert "$$timeFilter" in text
    assert not re.search(r"(?<!\$)\$timeFilter", text)


def test_committed_files_are_what_would_be_built() -> None:
    assert stale_files() == []


def test_build_writes_the_same_files_again_and_removes_what_is_old(tmp_path: Any) -> None:
    assert len(write_files(tmp_path)) == len(generated_files())
    assert write_files(tmp_path) == []
    (tmp_path / "dashboards/en/old.json").write_text("{}")
    (tmp_path / "dashboards/en/overview.json").write_text("{}")
    assert stale_files(tmp_path) == ["dashboards/en/old.json", "dashboards/en/overview.json"]
    write_files(tmp_path)
    assert stale_files(tmp_path) == []
    assert not (tmp_path / "dashboards/en/old.json").exists()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"colour": "red"}, "'colour' is not in the schema"),
        ({"title": 7}, "is no str"),
        ({"graphTooltip": 9}, "is none of"),
        ({"style": "pink"}, "is none of"),
    ],
)
def test_schema_refuses_what_it_has_not(change: dict[str, Any], why: str) -> None:
    built = build_board(boards()[0], "en") | change
    assert any(why in one for one in violations(built)), violations(built)
