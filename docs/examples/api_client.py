# ruff: noqa: INP001, T201 - a program of its own, to be read
"""A client of the API in fifty lines: read, follow pages, act on a fault, and keep up with what happens.

python docs/examples/api_client.py http://127.0.0.1:8080 "$IOC_API_KEY"
"""

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx

_MOST_TRIES = 5


def ask(client: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
    """The answer; waits as long as a 429 or 503 says, and raises for every other error."""
    for _ in range(_MOST_TRIES):
        answer = client.request(method, path, **options)
        if answer.status_code not in {429, 503}:
            break
        time.sleep(float(answer.headers.get("Retry-After", "1")))
    return answer.raise_for_status()


def pages(client: httpx.Client, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    """The items of a list, page after page: an answer's `Link` header names the next one."""
    answer = ask(client, "GET", path, params=query)
    while True:
        yield from answer.json()["items"]
        following = answer.links.get("next")
        if following is None:
            return
        answer = ask(client, "GET", following["url"])


def acknowledge(client: httpx.Client, fault: str, comment: str) -> dict[str, Any]:
    """The fault after taking note of it, if nobody changed it since it was read."""
    etag = ask(client, "GET", f"/v1/faults/{fault}").headers["ETag"]
    path = f"/v1/faults/{fault}/acknowledge"
    done: dict[str, Any] = ask(
        client, "POST", path, json={"comment": comment}, headers={"If-Match": etag}
    ).json()
    return done


def changes(client: httpx.Client, after: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """What happens, with its id: give the last id to the next call, and nothing is missed."""
    headers = {"Last-Event-ID": after} if after is not None else {}
    with client.stream("GET", "/v1/stream", headers=headers, timeout=60) as answer:
        seen = ""
        for line in answer.raise_for_status().iter_lines():
            name, _, value = line.partition(": ")
            if name == "id":
                seen = value
            elif name == "data":
                yield seen, json.loads(value)


def main(url: str, key: str) -> None:
    """Print the active faults of every ward."""
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client:
        for fault in pages(client, "/v1/faults", state="active", limit=500):
            print(fault["number"], fault["device"]["area"], fault["device"]["id"], fault["title"]["vi"])


if __name__ == "__main__":
    main(*sys.argv[1:3])
