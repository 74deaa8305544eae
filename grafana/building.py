"""A board as Grafana's JSON, made with Grafana's own models; fit for Grafana 9.4 and later."""

import json
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import (
    AnnotationContainer,
    AnnotationQuery,
    AnnotationTarget,
    Dashboard,
    DashboardCursorSync,
    DashboardDashboardTemplating,
    DashboardDashboardTime,
    DashboardLink,
    DashboardLinkType,
    DataSourceRef,
    GridPos,
    RowPanel,
    VariableHide,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableType,
)
from grafana_foundation_sdk.models.dashboard import Panel as PanelModel

from devices.description import Label
from grafana.fields import field_config
from grafana.links import panel_links
from grafana.names import OURS, Source, board_uid
from grafana.options import options_of
from grafana.spec import Annotation, Board, Panel, Query, Variable

__all__ = ["DEFAULT_API", "build_board", "said"]

DEFAULT_API = "http://localhost:8080"
"""Where links to the API lead unless the board's variable `api` says otherwise."""
_SCHEMA = 36  # Grafana 10.1's; 9.4 takes it as it is, later ones bring it up to theirs
_WIDTH = 24
_REFRESH = "1m"


class _Target(Dataquery):
    """A question as its data source's editor would keep it."""

    def __init__(self, query: Query, ref: str, language: str) -> None:
        self._query = query
        self._ref = ref
        self._language = language

    def to_json(self) -> dict[str, object]:
        """The question's JSON."""
        query, text = self._query, _text(self._query, self._language)
        common = {"refId": self._ref, "datasource": _reference(query.source), "rawQuery": True}
        shape = "table" if query.is_table else "time_series"
        if query.source is Source.OPERATIONS:
            return common | {"rawSql": text, "format": shape, "editorMode": "code"}
        alias = "" if query.alias is None else said(query.alias, self._language)
        return common | {"query": text, "resultFormat": shape, "alias": alias}


class _Marked(AnnotationTarget):
    """A question whose rows are marked on the time axis."""

    def __init__(self, text: str) -> None:
        super().__init__(limit=500, match_any=False, tags=[], type_val="tags")
        self._text = text

    def to_json(self) -> dict[str, object]:
        """The question's JSON, with what the published schema asks for besides."""
        more = {
            "refId": "Anno",
            "rawQuery": True,
            "rawSql": self._text,
            "format": "table",
            "editorMode": "code",
        }
        return super().to_json() | more


def said(label: Label, language: str) -> str:
    """The text in a language."""
    return label.vi if language == "vi" else label.en


def build_board(board: Board, language: str, api_url: str = DEFAULT_API) -> dict[str, Any]:
    """The dashboard's JSON in one language; the same board is always the same JSON."""
    model = Dashboard(
        uid=board_uid(board.id, language),
        title=said(board.title, language),
        description=said(board.description, language),
        tags=[OURS, language],
        timezone="browser",
        editable=False,
        graph_tooltip=DashboardCursorSync.CROSSHAIR,
        time=DashboardDashboardTime(from_val=board.since, to="now"),
        refresh=_REFRESH,
        schema_version=_SCHEMA,
        panels=_panels(board, language),
        templating=DashboardDashboardTemplating(
            list_val=[_variable(one, language) for one in (*board.variables, _api(api_url))]
        ),
        annotations=AnnotationContainer(list_val=[_annotation(one, language) for one in board.annotations]),
        links=[
            DashboardLink(
                title=said(Label(vi="Các bảng khác", en="Other boards"), language),
                type_val=DashboardLinkType.DASHBOARDS, icon="external link", tags=[OURS, language],
                as_dropdown=True, keep_time=True,
            )
        ],
    )  # fmt: skip
    made: dict[str, Any] = json.loads(json.dumps(model, cls=JSONEncoder))
    return made


def _panels(board: Board, language: str) -> list[PanelModel | RowPanel]:
    """Headings and panels, from left to right and from the top down."""
    placed: list[PanelModel | RowPanel] = []
    y = 0
    for row in board.rows:
        heading = GridPos(h=1, w=_WIDTH, x=0, y=y)
        placed.append(
            RowPanel(title=said(row.title, language), grid_pos=heading, id_val=len(placed) + 1, panels=[])
        )
        y += 1
        x = height = 0
        for panel in row.panels:
            if x + panel.width > _WIDTH:
                x, y, height = 0, y + height, 0
            position = GridPos(h=panel.height, w=panel.width, x=x, y=y)
            placed.append(_panel(panel, language, len(placed) + 1, position))
            x, height = x + panel.width, max(height, panel.height)
        y += height
    return placed


def _panel(panel: Panel, language: str, number: int, position: GridPos) -> PanelModel:
    return PanelModel(
        id_val=number,
        type_val=panel.visual.value,
        title=said(panel.title, language),
        description=said(panel.description, language),
        datasource=_reference(panel.queries[0].source, as_model=True),
        grid_pos=position,
        targets=[_Target(query, _ref(place), language) for place, query in enumerate(panel.queries)],
        interval="1m",
        links=panel_links(language),
        options=options_of(panel, language),
        field_config=field_config(panel, language),
    )


def _variable(variable: Variable, language: str) -> VariableModel:
    common: dict[str, Any] = {
        "name": variable.name,
        "label": said(variable.title, language),
        "hide": VariableHide.HIDE_VARIABLE if variable.is_hidden else VariableHide.DONT_HIDE,
    }
    if variable.source is None:
        return VariableModel(
            type_val=VariableType.TEXTBOX, query=variable.query,
            current=VariableOption(text=variable.query, value=variable.query),
            options=[VariableOption(text=variable.query, value=variable.query, selected=True)], **common,
        )  # fmt: skip
    return VariableModel(
        type_val=VariableType.QUERY,
        query=variable.query.replace("%LANG%", language),
        datasource=_reference(variable.source, as_model=True),
        refresh=VariableRefresh.ON_DASHBOARD_LOAD,
        include_all=variable.has_all,
        all_value=".*" if variable.has_all else None,
        current=VariableOption(text="All", value="$__all", selected=True) if variable.has_all else None,
        **common,
    )


def _api(url: str) -> Variable:
    return Variable(name="api", title=Label(vi="Địa chỉ API", en="API address"), query=url, is_hidden=True)


def _annotation(one: Annotation, language: str) -> AnnotationQuery:
    return AnnotationQuery(
        name=said(one.title, language),
        datasource=_reference(Source.OPERATIONS, as_model=True),
        enable=True,
        icon_color=one.color,
        target=_Marked(one.query.replace("%LANG%", language)),
    )


def _text(query: Query, language: str) -> str:
    text = query.text if isinstance(query.text, str) else said(query.text, language)
    return text.replace("%LANG%", language)


def _reference(source: Source, *, as_model: bool = False) -> Any:
    model = DataSourceRef(type_val=source.value.type, uid=source.value.uid)
    return model if as_model else model.to_json()


def _ref(place: int) -> str:
    """A, B … Z, then A1."""
    letters = 26
    return chr(ord("A") + place % letters) + (str(place // letters) if place >= letters else "")
