"""An HTTP server that answers as Grafana does for what we ask, and checks each request that it is given.

It is no Grafana: it knows of no rights, renders nothing, and its answers have what our program reads.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.grafana.api_description import DescriptionError, check_request

__all__ = ["TOKEN", "KeptGrafana", "running_grafana"]

TOKEN = "glsa_of_the_test"


class KeptGrafana:
    """What the server has, and what it was asked; `wrong` are requests that break the description."""

    def __init__(self) -> None:
        self.url = ""
        self.data_sources: dict[str, dict[str, Any]] = {}
        self.folders: dict[str, dict[str, Any]] = {}
        self.boards: dict[str, dict[str, Any]] = {}
        self.rules: dict[str, dict[str, Any]] = {}
        self.contact_points: dict[str, dict[str, Any]] = {}
        self.policies: dict[str, Any] = {"receiver": "grafana-default-email", "routes": []}
        self.accounts: dict[int, dict[str, Any]] = {}
        self.tokens: list[tuple[int, str]] = []
        self.asked: list[tuple[str, str]] = []
        self.wrong: list[str] = []
        self.keeps_editable = False

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Requests that change something."""
        return [one for one in self.asked if one[0] != "GET"]

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """Status and body of the answer."""
        described = check_request(method, path, query, body)
        self.asked.append((method, path))
        name = path.rstrip("/").rpartition("/")[2]
        handler = _HANDLERS[method, described]
        found = handler(self, name, query, body)
        return (404, {"message": "not found"}) if found is None else (200, found)

    def write_source(self, _name: str, _query: Any, body: Any) -> Any:
        kept = {name: value for name, value in body.items() if name != "secureJsonData"}
        kept["secureJsonFields"] = dict.fromkeys(body.get("secureJsonData", {}), True)
        self.data_sources[body["uid"]] = kept | {"id": 1, "orgId": 1, "version": 1}
        return {"id": 1, "name": body["name"], "message": "saved", "datasource": kept}

    def write_folder(self, name: str, _query: Any, body: Any) -> Any:
        uid = body.get("uid", name)
        self.folders[uid] = {"uid": uid, "title": body["title"], "version": 1}
        return self.folders[uid]

    def write_board(self, _name: str, _query: Any, body: Any) -> Any:
        if body["folderUid"] not in self.folders:
            return None
        board = body["dashboard"]
        version = self.boards.get(board["uid"], {"dashboard": {"version": 0}})["dashboard"]["version"] + 1
        kept = board | {"id": len(self.boards) + 1, "version": version}
        self.boards[board["uid"]] = {"dashboard": kept, "meta": {"folderUid": body["folderUid"]}}
        return {"uid": board["uid"], "version": version, "status": "success"}

    def search(self, _name: str, query: dict[str, str], _body: Any) -> Any:
        return [
            {"uid": uid, "type": "dash-db"}
            for uid, one in self.boards.items()
            if query["tag"] in one["dashboard"].get("tags", [])
        ]

    def write_group(self, name: str, _query: Any, body: Any) -> Any:
        kept = {uid: rule for uid, rule in self.rules.items() if rule["ruleGroup"] != name}
        self.rules = kept | {rule["uid"]: rule | {"id": 7, "provenance": "api"} for rule in body["rules"]}
        return body

    def write_contact(self, _name: str, _query: Any, body: Any) -> Any:
        self.contact_points[body["uid"]] = body | {"provenance": "api"}
        return body

    def write_policies(self, _name: str, _query: Any, body: Any) -> Any:
        self.policies = body | ({} if self.keeps_editable else {"provenance": "api"})
        return {"message": "policies updated"}

    def find_account(self, _name: str, query: dict[str, str], _body: Any) -> Any:
        found = [one for one in self.accounts.values() if query["query"] in one["name"]]
        return {"totalCount": len(found), "serviceAccounts": found, "page": 1, "perPage": 100}

    def make_account(self, _name: str, _query: Any, body: Any) -> Any:
        number = len(self.accounts) + 1
        self.accounts[number] = body | {"id": number}
        return self.accounts[number]


_HANDLERS: dict[tuple[str, str], Any] = {
    ("GET", "/api/health"): lambda *_: {"version": "9.4.7", "database": "ok"},
    ("GET", "/api/datasources/uid/{uid}"): lambda kept, uid, *_: kept.data_sources.get(uid),
    ("POST", "/api/datasources"): KeptGrafana.write_source,
    ("PUT", "/api/datasources/uid/{uid}"): KeptGrafana.write_source,
    ("GET", "/api/folders/{uid}"): lambda kept, uid, *_: kept.folders.get(uid),
    ("POST", "/api/folders"): KeptGrafana.write_folder,
    ("PUT", "/api/folders/{uid}"): KeptGrafana.write_folder,
    ("GET", "/api/search"): KeptGrafana.search,
    ("GET", "/api/dashboards/uid/{uid}"): lambda kept, uid, *_: kept.boards.get(uid),
    ("POST", "/api/dashboards/db"): KeptGrafana.write_board,
    ("DELETE", "/api/dashboards/uid/{uid}"): lambda kept, uid, *_: kept.boards.pop(uid, None),
    ("GET", "/api/v1/provisioning/alert-rules"): lambda kept, *_: list(kept.rules.values()),
    ("DELETE", "/api/v1/provisioning/alert-rules/{uid}"): lambda kept, uid, *_: kept.rules.pop(uid, None),
    ("PUT", "/api/v1/provisioning/folder/{folder}/rule-groups/{group}"): KeptGrafana.write_group,
    ("GET", "/api/v1/provisioning/contact-points"): lambda kept, *_: list(kept.contact_points.values()),
    ("POST", "/api/v1/provisioning/contact-points"): KeptGrafana.write_contact,
    ("PUT", "/api/v1/provisioning/contact-points/{uid}"): KeptGrafana.write_contact,
    ("GET", "/api/v1/provisioning/policies"): lambda kept, *_: kept.policies,
    ("PUT", "/api/v1/provisioning/policies"): KeptGrafana.write_policies,
    ("GET", "/api/serviceaccounts/search"): KeptGrafana.find_account,
    ("POST", "/api/serviceaccounts"): KeptGrafana.make_account,
    ("POST", "/api/serviceaccounts/{serviceAccountId}/tokens"): lambda *_: {
        "id": 1,
        "name": "t",
        "key": "glsa_new",
    },
}


@contextmanager
def running_grafana() -> Iterator[KeptGrafana]:
    """The server on a free port, gone with the block.

    Raises:
        AssertionError: a request was not as the description says.
    """
    kept = KeptGrafana()

    class _Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(text) if text else None
            # Else Grafana lets nobody edit by hand what was written this way.
            kept.keeps_editable = self.headers.get("X-Disable-Provenance") == "true"
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, found = 401, {"message": "Unauthorized"}
            else:
                try:
                    status, found = kept.answer(self.command, parts.path, dict(parse_qsl(parts.query)), body)
                except DescriptionError as error:
                    kept.wrong.append(str(error))
                    status, found = 400, {"message": str(error)}
            data = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - the library's names

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield kept
        assert kept.wrong == []
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
