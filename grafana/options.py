"""What each kind of panel wants to know besides, with Grafana's own model of it."""

from collections.abc import Callable
from typing import Any

from grafana_foundation_sdk.models import barchart, geomap, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    FrameGeometrySource,
    FrameGeometrySourceMode,
    LegendDisplayMode,
    LegendPlacement,
    MapLayerOptions,
    ReduceDataOptions,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizLegendOptions,
    VizOrientation,
    VizTooltipOptions,
)

from grafana.spec import Panel, Visual

__all__ = ["options_of"]

# A type of base map that is given a place where there are no tiles: every other type asks the internet.
_NO_TILES = "about:blank"


def options_of(panel: Panel, language: str) -> Any:
    """The panel's options."""
    return _OPTIONS[panel.visual](panel, language)


def _stat(panel: Panel, _language: str) -> stat.Options:
    # A figure from SQL is one row; one from InfluxQL is a line to be added up.
    calculation = "lastNotNull" if panel.queries[0].is_table else "sum"
    return stat.Options(
        graph_mode=BigValueGraphMode.NONE,
        reduce_options=ReduceDataOptions(values=False, calcs=[calculation], fields=""),
    )


def _lines(_panel: Panel, _language: str) -> timeseries.Options:
    return timeseries.Options(legend=_legend(), tooltip=VizTooltipOptions(mode=TooltipDisplayMode.MULTI))


def _table(_panel: Panel, _language: str) -> table.Options:
    return table.Options(show_header=True)


def _bars(_panel: Panel, _language: str) -> barchart.Options:
    return barchart.Options(
        orientation=VizOrientation.HORIZONTAL, stacking=StackingMode.NONE, show_value=VisibilityMode.AUTO,
        legend=VizLegendOptions(
            show_legend=False, display_mode=LegendDisplayMode.LIST, placement=LegendPlacement.BOTTOM, calcs=[]
        ),
        tooltip=VizTooltipOptions(mode=TooltipDisplayMode.SINGLE),
    )  # fmt: skip


def _states(_panel: Panel, _language: str) -> statetimeline.Options:
    return statetimeline.Options(
        show_value=VisibilityMode.AUTO,
        legend=_legend(),
        tooltip=VizTooltipOptions(mode=TooltipDisplayMode.SINGLE),
    )


def _map(panel: Panel, language: str) -> geomap.Options:
    title = panel.title.vi if language == "vi" else panel.title.en
    dots = MapLayerOptions(
        type_val="markers",
        name=title,
        config={
            "showLegend": True,
            "style": {
                "color": {"field": "state", "fixed": "dark-green"},
                "opacity": 0.8,
                "size": {"fixed": 5, "min": 2, "max": 15},
                "symbol": {"fixed": "img/icons/marker/circle.svg", "mode": "fixed"},
            },
        },
        location=FrameGeometrySource(
            mode=FrameGeometrySourceMode.COORDS, latitude="latitude", longitude="longitude"
        ),
        tooltip=True,
    )  # fmt: skip
    return geomap.Options(
        view=geomap.MapViewConfig(id_val="fit", lat=0, lon=0, zoom=12, all_layers=True),
        controls=geomap.ControlsOptions(
            show_zoom=True, mouse_wheel_zoom=True, show_attribution=False, show_scale=True, show_debug=False
        ),
        basemap=MapLayerOptions(type_val="xyz", name="", config={"url": _NO_TILES, "attribution": ""}),
        layers=[dots],
        tooltip=geomap.TooltipOptions(mode=geomap.TooltipMode.DETAILS),
    )


def _legend() -> VizLegendOptions:
    return VizLegendOptions(
        show_legend=True, display_mode=LegendDisplayMode.LIST, placement=LegendPlacement.BOTTOM, calcs=[]
    )


_OPTIONS: dict[Visual, Callable[[Panel, str], Any]] = {
    Visual.STAT: _stat,
    Visual.LINES: _lines,
    Visual.TABLE: _table,
    Visual.MAP: _map,
    Visual.BARS: _bars,
    Visual.STATES: _states,
}
