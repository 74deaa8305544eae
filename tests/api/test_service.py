"""Health, figures and documentation, for which nobody needs a key."""

from html.parser import HTMLParser

from api.auth import Role
from api.services import Check
from tests.api.support import City, Client


def test_alive_says_its_version(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "alive", "version": "1.2.3"}


def test_ready_when_every_check_is_fine(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")


def test_not_ready_names_what_fails(client: Client, city: City) -> None:
    city.health["broker"] = Check(ok=False, detail="no connection since 12:00")
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:ioc:problem:not-ready"
    assert answer.json()["failing"] == ["broker"]
    assert answer.json()["detail"] == "broker: no connection since 12:00"
    assert answer.json()["checks"]["store"]["ok"]


def test_requests_are_counted_by_route_and_not_by_path(client: Client, city: City) -> None:
    for device in ("TK-L-0001", "TK-L-0002"):
        client.get(f"/v1/devices/{device}", city.tokens[Role.VIEWER])
    client.get("/some/path/nobody/knows")
    figures = client.get("/metrics")

    assert figures.headers["content-type"].startswith("text/plain")
    line = 'ioc_api_requests_total{method="GET",route="/v1/devices/{device}",status="200"} 2.0'
    assert line in figures.text.splitlines()
    assert 'route="unmatched",status="404"} 1.0' in figures.text
    assert "nobody" not in figures.text


class Links(HTMLParser):
    """Everything a page would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"src", "href"}]
        self.found += [tag] if tag in {"script", "link", "iframe"} else []


def test_documentation_lists_every_operation_and_needs_no_internet(client: Client) -> None:
    start = client.get("/")
    assert (start.status_code, start.headers["location"]) == (307, "/docs")
    page = client.get("/docs").text

    links = Links()
    links.feed(page)
    assert links.found == ["/openapi.json"]
    for path in client.get("/openapi.json").json()["paths"]:
        assert f"<code>{path}</code>" in page


def test_openapi_describes_errors_as_problems_and_times_as_such(client: Client) -> None:
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]

    assert "HTTPValidationError" not in str(document)
    assert schemas["FaultView"]["properties"]["since"]["format"] == "date-time"
    assert schemas["FaultView"]["examples"]
    operation = document["paths"]["/v1/faults/{fault}"]["get"]
    assert set(operation["responses"]) == {"200", "401", "403", "404", "422", "default"}
    acknowledge = document["paths"]["/v1/faults/{fault}/acknowledge"]["post"]["responses"]
    assert all("application/problem+json" in acknowledge[status]["content"] for status in ("409", "412"))
    [parameter] = [
        p
        for p in document["paths"]["/v1/devices/{device}/telemetry"]["get"]["parameters"]
        if p["name"] == "from"
    ]
    assert parameter["schema"]["format"] == "date-time"


def test_every_operation_has_its_own_name_and_says_what_it_does(client: Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    operations = [operation for methods in paths.values() for operation in methods.values()]
    names = [operation["operationId"] for operation in operations]

    assert len(set(names)) == len(names)
    assert all(operation["description"] for operation in operations)
    stream = paths["/v1/stream"]["get"]["responses"]["200"]["content"]
    assert list(stream) == ["text/event-stream"]
