"""Requests to Grafana's API as far as we make them: what its description says of them, in our words.

Compared with it, in the models that go-swagger makes of it (grafana/grafana-openapi-client-go, one stored
version of each), are the bodies of data sources, dashboards, rule groups and their rules, contact points,
policies and service accounts: each names the members of that version that can be written, and refuses
others. Newer versions have more. Of paths, queries and the other bodies (folders, tokens, `version`, the
questions of a rule) no comparison is recorded. The description has blanks before most types of contact
points, which are none here.
"""

import re
from collections.abc import Mapping
from typing import Any

import jsonschema_rs

__all__ = ["DescriptionError", "check_request"]

_TEXT = {"type": "string"}
_FLAG = {"type": "boolean"}
_NUMBER = {"type": "integer"}
_OBJECT = {"type": "object"}
_UID = {"type": "string", "minLength": 1, "maxLength": 40, "pattern": "^[a-zA-Z0-9-_]+$"}


class DescriptionError(Exception):
    """A request that the published description does not have."""


def _body(required: tuple[str, ...] = (), /, **members: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": members,
        "required": list(required),
        "additionalProperties": False,
    }


def _named(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A member whose name is a word of Python."""
    return {name: schema}


_DATA_SOURCE: dict[str, Any] = {
    "access": {"enum": ["proxy", "direct"]}, "basicAuth": _FLAG, "basicAuthUser": _TEXT, "database": _TEXT,
    "isDefault": _FLAG, "jsonData": _OBJECT, "name": _TEXT, "type": _TEXT, "uid": _TEXT, "url": _TEXT,
    "user": _TEXT,
    "secureJsonData": {"type": "object", "additionalProperties": _TEXT}, "withCredentials": _FLAG,
}  # fmt: skip
_QUESTION = _body(
    datasourceUid=_TEXT, model=_OBJECT, queryType=_TEXT, refId=_TEXT,
    relativeTimeRange=_body(to=_NUMBER, **_named("from", _NUMBER)),
)  # fmt: skip
_RULE = _body(
    ("condition", "data", "execErrState", "folderUID", "for", "noDataState", "orgID", "ruleGroup", "title"),
    annotations={"type": "object", "additionalProperties": _TEXT},
    condition=_TEXT,
    data={"type": "array", "items": _QUESTION},
    execErrState={"enum": ["OK", "Alerting", "Error"]},
    folderUID=_TEXT,
    id=_NUMBER,
    isPaused=_FLAG,
    labels={"type": "object", "additionalProperties": _TEXT},
    noDataState={"enum": ["Alerting", "NoData", "OK"]},
    orgID=_NUMBER,
    provenance=_TEXT,
    ruleGroup={"type": "string", "minLength": 1, "maxLength": 190},
    title={"type": "string", "minLength": 1, "maxLength": 190},
    uid=_UID,
    **_named("for", {"type": "string", "pattern": r"^\d+(ms|s|m|h|d)$"}),
)
_CONTACT_TYPES = [
    "alertmanager", "dingding", "discord", "email", "googlechat", "kafka", "line", "opsgenie", "pagerduty",
    "pushover", "sensugo", "slack", "teams", "telegram", "threema", "victorops", "webhook", "wecom",
]  # fmt: skip
_CONTACT = _body(
    ("settings", "type"),
    disableResolveMessage=_FLAG, name=_TEXT, settings=_OBJECT, type={"enum": _CONTACT_TYPES}, uid=_UID,
)  # fmt: skip
_MATCHERS = {"type": "array", "items": {"type": "array", "items": _TEXT, "minItems": 3, "maxItems": 3}}
_ROUTE: dict[str, Any] = _body(
    **_named("continue", _FLAG), group_by={"type": "array", "items": _TEXT}, group_interval=_TEXT,
    group_wait=_TEXT, match=_OBJECT, match_re=_OBJECT, matchers={"type": "array"},
    mute_time_intervals={"type": "array"},
    object_matchers=_MATCHERS, receiver=_TEXT, repeat_interval=_TEXT, routes={"type": "array"},
    provenance=_TEXT,
)  # fmt: skip

_OPERATIONS: Mapping[tuple[str, str], Mapping[str, Any] | None] = {
    ("GET", "/api/health"): None,
    ("GET", "/api/datasources/uid/{uid}"): None,
    ("POST", "/api/datasources"): _body(**_DATA_SOURCE),
    ("PUT", "/api/datasources/uid/{uid}"): _body(**_DATA_SOURCE, version=_NUMBER),
    ("GET", "/api/folders/{uid}"): None,
    ("POST", "/api/folders"): _body(description=_TEXT, parentUid=_TEXT, title=_TEXT, uid=_TEXT),
    ("PUT", "/api/folders/{uid}"): _body(description=_TEXT, overwrite=_FLAG, title=_TEXT, version=_NUMBER),
    ("GET", "/api/search"): None,
    ("GET", "/api/dashboards/uid/{uid}"): None,
    ("POST", "/api/dashboards/db"): _body(
        UpdatedAt=_TEXT, dashboard=_OBJECT, folderId=_NUMBER, folderUid=_TEXT, isFolder=_FLAG, message=_TEXT,
        overwrite=_FLAG, userId=_NUMBER,
    ),
    ("DELETE", "/api/dashboards/uid/{uid}"): None,
    ("GET", "/api/v1/provisioning/alert-rules"): None,
    ("DELETE", "/api/v1/provisioning/alert-rules/{uid}"): None,
    ("PUT", "/api/v1/provisioning/folder/{folder}/rule-groups/{group}"): _body(
        folderUid=_TEXT, interval=_NUMBER, rules={"type": "array", "items": _RULE}, title=_TEXT
    ),
    ("GET", "/api/v1/provisioning/contact-points"): None,
    ("POST", "/api/v1/provisioning/contact-points"): _CONTACT,
    ("PUT", "/api/v1/provisioning/contact-points/{uid}"): _CONTACT,
    ("GET", "/api/v1/provisioning/policies"): None,
    ("PUT", "/api/v1/provisioning/policies"): _ROUTE,
    ("GET", "/api/serviceaccounts/search"): None,
    ("POST", "/api/serviceaccounts"): _body(
        isDisabled=_FLAG, name=_TEXT, role={"enum": ["None", "Viewer", "Editor", "Admin"]}
    ),
    ("POST", "/api/serviceaccounts/{serviceAccountId}/tokens"): _body(
        name=_TEXT, role=_TEXT, secondsToLive=_NUMBER
    ),
}  # fmt: skip
_QUERIES = {
    "/api/search": {
        "query", "tag", "type", "dashboardIds", "dashboardUIDs", "folderIds", "folderUIDs", "starred",
        "limit", "page", "permission", "sort", "deleted",
    },
    "/api/serviceaccounts/search": {"Disabled", "expiredTokens", "query", "perpage", "page"},
}  # fmt: skip


def check_request(method: str, path: str, query: Mapping[str, Any], body: Any) -> str:
    """The described path that a request is of.

    Raises:
        DescriptionError: there is no such operation, or its query or body is not as described.
    """
    # Grafana takes this path with and without the slash; the client writes it.
    plain = path.rstrip("/")
    found = [one for one in _OPERATIONS if one[0] == method and re.fullmatch(_pattern(one[1]), plain)]
    if not found:
        raise DescriptionError(f"no operation {method} {path}")
    described = _OPERATIONS[found[0]]
    if unknown := query.keys() - _QUERIES.get(found[0][1], set()):
        raise DescriptionError(f"{method} {path}: no parameters {sorted(unknown)}")
    if (described is None) != (body is None):
        raise DescriptionError(f"{method} {path}: body {body!r}")
    if described is not None:
        errors = [
            f"{list(error.instance_path)}: {error.message}"
            for error in jsonschema_rs.Draft202012Validator(dict(described)).iter_errors(body)
        ]
        if errors:
            raise DescriptionError(f"{method} {path}: {errors}")
    return found[0][1]


def _pattern(path: str) -> str:
    return re.sub(r"\{\w+\}", "[^/]+", path)
