"""The OpenAPI document, and a page that shows it without anything from the internet."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse

from api.models.common import ProblemDocument
from api.problems import PROBLEM_MEDIA_TYPE

__all__ = ["openapi_document", "router"]

router = APIRouter()

_DESCRIPTION = """Devices, their readings and faults, and suspected traffic violations of a city.

Send an API key as `Authorization: Bearer ioc_prefix.secret`. Times are RFC 3339; answers use UTC. Errors are
problem documents (RFC 9457). Lists come in pages: send `next` as `cursor`."""

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
h2 { border-bottom: 1px solid #d0d7de; margin-top: 2.5rem; text-transform: capitalize }
summary { cursor: pointer; padding: .3rem 0 }
code { font-size: .95em } .method { display: inline-block; width: 3.5rem; font-weight: 700 }
table { border-collapse: collapse; margin: .5rem 0 1rem } .scope { color: #57606a }
td, th { border: 1px solid #d0d7de; padding: .2rem .6rem; text-align: left; vertical-align: top }
"""


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the application's routes; every error in it is a problem document."""
    document = get_openapi(
        title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes, tags=[]
    )
    document.pop("tags", None)
    schemas = document["components"]["schemas"]
    schemas["ProblemDocument"] = ProblemDocument.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, _method, operation in _operations(document):
        _describe_problems(path, operation)
    return document


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    """The operations of the API, as a page."""
    page = _page(request.app.openapi())
    return HTMLResponse(
        page, headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    )


def _describe_problems(path: str, operation: dict[str, Any]) -> None:
    content = {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    answers = operation["responses"]
    expected = {"default": "Something else went wrong"}
    if operation.get("security"):
        expected |= {"401": "No valid API key", "403": "The key lacks the scope"}
    if operation.get("parameters") or operation.get("requestBody"):
        expected["422"] = "A parameter or the body is invalid"
    if "{" in path:
        expected["404"] = "There is no such record"
    for status, description in expected.items():
        answers[status] = {"description": description}
    for status, answer in answers.items():
        if not status.startswith("2"):
            answer["content"] = content


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _page(document: Mapping[str, Any]) -> str:
    by_tag: dict[str, list[str]] = {}
    for path, method, operation in _operations(document):
        tag = operation.get("tags", ["other"])[0]
        by_tag.setdefault(tag, []).append(_operation_html(path, method, operation))
    sections = "".join(f"<h2>{escape(tag)}</h2>{''.join(shown)}" for tag, shown in by_tag.items())
    info = document["info"]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(info['title'])} {escape(info['version'])}</h1>"
        f"<p>{escape(info['description'])}</p>"
        '<p>The whole description, for tools: <a href="/openapi.json">openapi.json</a>.</p>'
        f"{sections}</body></html>"
    )


def _operation_html(path: str, method: str, operation: Mapping[str, Any]) -> str:
    description = escape(operation.get("description", ""))
    what = description.split(".")[0]
    parameters = "".join(_parameter_html(parameter) for parameter in operation.get("parameters", []))
    table = (
        f"<table><tr><th>parameter</th><th>in</th><th></th></tr>{parameters}</table>" if parameters else ""
    )
    return (
        f'<details><summary><span class="method">{method.upper()}</span> <code>{escape(path)}</code> '
        f"{what}</summary>"
        f'<p>{description}</p><p class="scope">Scope: {escape(_scope(operation))}</p>{table}</details>'
    )


def _parameter_html(parameter: Mapping[str, Any]) -> str:
    need = "required. " if parameter.get("required") else ""
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(parameter['in'])}</td>"
        f"<td>{need}{escape(parameter.get('description', ''))}</td></tr>"
    )


def _scope(operation: Mapping[str, Any]) -> str:
    needed = [scopes for requirement in operation.get("security", []) for scopes in requirement.values()]
    return ", ".join(sorted({scope for scopes in needed for scope in scopes})) or "no key needed"
