"""Grafana's alert rules about the platform itself, so that the watcher is watched; devices are the engine's.

Each asks InfluxDB for what collectors say of themselves, keeps the last value and compares it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from devices.description import Label
from grafana.names import FOLDERS, OURS, Source, board_uid, folder_uid
from grafana.queries.platform import watched
from grafana.thresholds import BLOCKED_FOR, JOURNAL_FILL_PCT, LAG_S, NO_DATA_FOR

__all__ = ["ALERTS", "GROUP", "INTERVAL_S", "Alert", "provisioned_group", "rule_of"]

GROUP = "ioc-platform"
INTERVAL_S = 60
_LOOK_BACK_S = 300
_ORG = 1
_EXPRESSION = "__expr__"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One rule: it fires when the field's figure is beyond the limit for that long, or when nothing comes."""

    id: str
    title: Label
    summary: Label
    field: str
    function: str
    is_above: bool
    limit: float
    lasting: str
    is_about_silence: bool = False


ALERTS: Sequence[Alert] = (
    Alert(
        id="no-data",
        title=Label(vi="Không có số liệu từ bộ thu thập", en="No data from the collectors"),
        summary=Label(
            vi="Không bộ thu thập nào báo về: dịch vụ đã dừng, hoặc không ghi được vào InfluxDB.",
            en="No collector reports: the service is down, or cannot write to InfluxDB.",
        ),
        field="received_count", function="count", is_above=False, limit=1, lasting=NO_DATA_FOR,
        is_about_silence=True,
    ),
    Alert(
        id="nothing-received",
        title=Label(vi="Không nhận được bản ghi nào", en="Nothing is received"),
        summary=Label(
            vi="Bộ thu thập chạy mà không nhận bản ghi nào: broker hoặc mạng đã mất.",
            en="Collectors run and receive no record: the broker or the network is lost.",
        ),
        field="received_count", function="spread", is_above=False, limit=1, lasting=NO_DATA_FOR,
    ),
    Alert(
        id="journal-filling",
        title=Label(vi="Nhật ký sắp đầy", en="Journal filling"),
        summary=Label(
            vi="Nhật ký của một bộ thu thập gần đầy: khi đầy nó ngừng nhận số liệu.",
            en="A collector's journal is nearly full: once it is, nothing more is taken in.",
        ),
        field="journal_fill_pct", function="max", is_above=True, limit=JOURNAL_FILL_PCT, lasting=BLOCKED_FOR,
    ),
    Alert(
        id="storing-behind",
        title=Label(vi="Ghi kho chậm", en="Storing is behind"),
        summary=Label(
            vi="Số liệu chờ ghi quá lâu.", en="Readings wait too long to be stored.",
        ),
        field="writer_lag_s", function="min", is_above=True, limit=LAG_S, lasting=BLOCKED_FOR,
    ),
    Alert(
        id="detection-behind",
        title=Label(vi="Phát hiện lỗi chậm", en="Detection is behind"),
        summary=Label(
            vi="Số liệu chờ xét lỗi quá lâu: lỗi sẽ báo muộn.",
            en="Readings wait too long to be examined: faults come late.",
        ),
        field="detection_lag_s", function="min", is_above=True, limit=LAG_S, lasting=BLOCKED_FOR,
    ),
)  # fmt: skip


def rule_of(alert: Alert, language: str) -> dict[str, Any]:
    """The rule as Grafana's provisioning API takes it."""
    return {
        "uid": f"ioc-{alert.id}",
        "orgID": _ORG,
        "folderUID": folder_uid(language),
        "ruleGroup": GROUP,
        "title": _say(alert.title, language),
        "condition": "C",
        "data": [_question(alert), _reduced(), _compared(alert)],
        "noDataState": "Alerting" if alert.is_about_silence else "OK",
        "execErrState": "Error",
        "for": alert.lasting,
        "labels": {"source": OURS},
        "annotations": {
            "summary": _say(alert.summary, language),
            "__dashboardUid__": board_uid("pipeline", language),
        },
        "isPaused": False,
    }


def provisioned_group(language: str) -> dict[str, Any]:
    """All rules as the file that Grafana reads at its start: the API's names are others."""
    rules = []
    for alert in ALERTS:
        rule = rule_of(alert, language)
        kept = (
            "uid",
            "title",
            "condition",
            "data",
            "noDataState",
            "execErrState",
            "for",
            "labels",
            "annotations",
        )
        rules.append(_escaped({name: rule[name] for name in kept}))
    folder = _say(FOLDERS, language)
    group = {"orgId": _ORG, "name": GROUP, "folder": folder, "interval": f"{INTERVAL_S}s", "rules": rules}
    return {"apiVersion": 1, "groups": [group]}


def _escaped(value: Any) -> Any:
    """The same with every dollar sign doubled: Grafana puts environment variables into these files."""
    if isinstance(value, dict):
        return {name: _escaped(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_escaped(one) for one in value]
    return value.replace("$", "$$") if isinstance(value, str) else value


def _question(alert: Alert) -> dict[str, Any]:
    source = Source.TELEMETRY.value
    model = {
        "refId": "A",
        "datasource": {"type": source.type, "uid": source.uid},
        "rawQuery": True,
        "query": watched(alert.function, alert.field),
        "resultFormat": "time_series",
        "intervalMs": 1000,
        "maxDataPoints": 43_200,
    }
    return {
        "refId": "A",
        "queryType": "",
        "datasourceUid": source.uid,
        "relativeTimeRange": {"from": _LOOK_BACK_S, "to": 0},
        "model": model,
    }


def _reduced() -> dict[str, Any]:
    return _expression("B", {"type": "reduce", "expression": "A", "reducer": "last"})


def _compared(alert: Alert) -> dict[str, Any]:
    kind = "gt" if alert.is_above else "lt"
    condition = {
        "type": "query",
        "evaluator": {"type": kind, "params": [alert.limit]},
        "operator": {"type": "and"},
        "query": {"params": ["C"]},
        "reducer": {"type": "last", "params": []},
    }
    return _expression("C", {"type": "threshold", "expression": "B", "conditions": [condition]})


def _expression(ref: str, model: dict[str, Any]) -> dict[str, Any]:
    source = {"type": _EXPRESSION, "uid": _EXPRESSION}
    return {
        "refId": ref,
        "queryType": "",
        "datasourceUid": _EXPRESSION,
        "relativeTimeRange": {"from": 0, "to": 0},
        "model": {"refId": ref, "datasource": source} | model,
    }


def _say(label: Label, language: str) -> str:
    return label.vi if language == "vi" else label.en
