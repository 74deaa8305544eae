"""The page behind a crew's link. The link is the key: there is no account, and nothing else opens it."""

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.services import Services
from notify.desk import CrewDesk
from notify.errors import LinkRefusedError
from notify.page import content_security_policy, expired_page, incident_page
from store.operations.links import CrewActKind

__all__ = ["router"]

router = APIRouter(prefix="/n", include_in_schema=False)

_LONGEST_FORM_BYTES = 8_192
_NOTICES = {"done": "thanks", "again": "retry"}


@router.get("/{token}")
def crew_page(token: str, services: Services, said: str = "") -> HTMLResponse:
    """The incident, what was said of it, and the forms."""
    try:
        desk = _desk(services)
        visit = desk.open(token)
    except LinkRefusedError:
        return _html(expired_page(), 404)
    return _html(incident_page(desk.state(visit, _NOTICES.get(said, "")), visit.language))


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; empty for a body that is none of ours: too long, or of too many fields."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST_FORM_BYTES:
            return {}
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=8)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


@router.post("/{token}")
async def crew_says(
    token: str, services: Services, form: Annotated[dict[str, str], Depends(_form)]
) -> Response:
    """Acknowledge, or report the repair; then the page again, so that reloading repeats nothing."""
    return await run_in_threadpool(_say, token, services, form)


def _say(token: str, services: Services, form: dict[str, str]) -> Response:
    try:
        desk = _desk(services)
        visit = desk.open(token)
    except LinkRefusedError:
        return _html(expired_page(), 404)
    said = "again"
    act = next((kind for kind in CrewActKind if kind.value == form.get("act")), None)
    if act is not None:
        try:
            desk.say(visit, form.get("form", ""), act, form.get("note", ""))
            said = "done"
        except LinkRefusedError:
            return _html(incident_page(desk.state(visit, _NOTICES["again"]), visit.language), 403)
    return RedirectResponse(f"/n/{token}?said={said}", 303, _HEADERS)


def _desk(services: Services) -> CrewDesk:
    if services.crews is None:
        raise LinkRefusedError("this installation sends no links")
    return services.crews


_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}


def _html(page: str, status: int = 200) -> HTMLResponse:
    headers = _HEADERS | {"Content-Security-Policy": content_security_policy()}
    return HTMLResponse(page, status, headers)
