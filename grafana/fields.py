"""How values look: unit, colours, words for columns and states, empty state, links."""

import re
from typing import Any

from grafana_foundation_sdk.models.dashboard import (
    DashboardFieldConfigSourceOverrides,
    DynamicConfigValue,
    FieldColor,
    FieldColorModeId,
    FieldConfig,
    FieldConfigSource,
    MatcherConfig,
    Threshold,
    ThresholdsConfig,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

from grafana.links import device_links
from grafana.spec import Panel, Visual

__all__ = ["NO_VALUE", "field_config"]

NO_VALUE = {"vi": "Chưa có dữ liệu", "en": "No data yet"}
_OF_ROW = "${__data.fields.device}"
_OF_LINE = "${__field.labels.device}"
_BY_LINE = "$tag_device"
_WORD = re.compile(r"\w+")


def field_config(panel: Panel, language: str) -> FieldConfigSource:
    """What holds for all values of a panel, and for single columns."""
    color = FieldColorModeId.THRESHOLDS
    if panel.visual is Visual.LINES:
        color = FieldColorModeId.PALETTE_CLASSIC
    defaults = FieldConfig(
        unit=panel.unit,
        decimals=panel.decimals,
        no_value=NO_VALUE[language],
        thresholds=ThresholdsConfig(
            mode=ThresholdsMode.ABSOLUTE,
            steps=[Threshold(value=step.value, color=step.color) for step in panel.steps],
        ),
        color=FieldColor(mode=color),
        mappings=[_states(panel, language)] if panel.states else [],
        links=_default_links(panel, language),
        custom=_custom(panel),
    )
    return FieldConfigSource(defaults=defaults, overrides=_overrides(panel, language))


def _default_links(panel: Panel, language: str) -> Any:
    """A line of one device leads to it, and so does a dot on a map."""
    if panel.visual is Visual.MAP:
        return list(device_links(language, _OF_ROW))
    if any(query.alias is not None and query.alias.en == _BY_LINE for query in panel.queries):
        return list(device_links(language, _OF_LINE))
    return None


def _states(panel: Panel, language: str) -> ValueMap:
    results = {
        value: ValueMappingResult(text=label.vi if language == "vi" else label.en, color=color, index=place)
        for place, (value, (label, color)) in enumerate(panel.states.items())
    }
    return ValueMap(options=results)


def _overrides(panel: Panel, language: str) -> list[DashboardFieldConfigSourceOverrides]:
    made = []
    named = {word for query in panel.queries for word in _WORD.findall(str(query.text))} | {"Time"}
    for name, label in panel.columns.items():
        if name not in named:
            continue
        shown = DynamicConfigValue(id_val="displayName", value=label.vi if language == "vi" else label.en)
        properties = [shown]
        if name == "device" and panel.visual is Visual.TABLE:
            properties.append(DynamicConfigValue(id_val="links", value=device_links(language, _OF_ROW)))
        made.append(_for_column(name, properties))
    for label, unit in panel.units.items():
        name = label.vi if language == "vi" else label.en
        if unit != panel.unit:
            made.append(_for_column(name, [DynamicConfigValue(id_val="unit", value=unit)]))
    return made


def _for_column(name: str, properties: list[DynamicConfigValue]) -> DashboardFieldConfigSourceOverrides:
    matcher = MatcherConfig(id_val="byName", options=name)
    return DashboardFieldConfigSourceOverrides(matcher=matcher, properties=properties)


def _custom(panel: Panel) -> dict[str, object] | None:
    """What belongs to one kind of panel."""
    if panel.visual is Visual.LINES:
        return {
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": 30 if panel.is_stacked else 5,
            "showPoints": "auto",
            "spanNulls": False,
            "stacking": {"mode": "normal" if panel.is_stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "line" if len(panel.steps) > 1 else "off"},
        }
    if panel.visual is Visual.STATES:
        return {"lineWidth": 0, "fillOpacity": 70}
    if panel.visual is Visual.BARS:
        return {"lineWidth": 1, "fillOpacity": 80}
    return None
