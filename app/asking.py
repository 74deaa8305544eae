"""How commands ask the running service."""

from typing import Annotated, Any

import httpx
import typer

from app.errors import StartError

__all__ = ["Key", "Url", "ask"]

_TIMEOUT_S = 30.0

Url = Annotated[str, typer.Option(envvar="IOC_API_URL", help="Where the service's API answers.")]
Key = Annotated[
    str, typer.Option(envvar="IOC_API_KEY", help="An API key; better in the environment than typed.")
]


def ask(method: str, url: str, key: str, **options: Any) -> Any:
    """The answer of the service.

    Raises:
        StartError: it does not answer, or says no; its own sentence says why.
    """
    try:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = httpx.request(method, url, headers=headers, timeout=_TIMEOUT_S, **options)
        document = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise StartError(f"the service at {url} does not answer ({error}); give --url") from error
    if answer.is_error:
        raise StartError(str(document.get("detail", f"the service answered {answer.status_code}")))
    return document
