"""A running Grafana, through `grafana-client`, with its errors in one sentence each."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from grafana_client import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException

__all__ = ["GrafanaError", "Remote"]

_TIMEOUT_S = 10.0
_NOT_FOUND = 404
_HINTS = {401: "check the token", 403: "the token needs the role Admin"}


class GrafanaError(Exception):
    """A Grafana that cannot be reached, or does not do what it is asked."""


class Remote:
    """What we read from and write to a Grafana; every method raises `GrafanaError`."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._api = GrafanaApi.from_url(url.rstrip("/"), credential=token, timeout=_TIMEOUT_S)

    def version(self) -> str:
        """Which Grafana it is."""
        with self._plainly():
            return str(self._api.health.check()["version"])

    def data_source(self, uid: str) -> dict[str, Any] | None:
        """A data source without its secrets; None where there is none."""
        return self._maybe(lambda: self._api.datasource.get_datasource_by_uid(uid))

    def write_data_source(self, body: Mapping[str, Any], *, is_new: bool) -> None:
        """Create a data source, or overwrite the one of its uid."""
        with self._plainly():
            if is_new:
                self._api.datasource.create_datasource(dict(body))
            else:
                self._api.datasource.update_datasource_by_uid(body["uid"], dict(body))

    def folder(self, uid: str) -> dict[str, Any] | None:
        """A folder; None where there is none."""
        return self._maybe(lambda: self._api.folder.get_folder(uid))

    def write_folder(self, uid: str, title: str, *, is_new: bool) -> None:
        """Create a folder, or rename the one of that uid."""
        with self._plainly():
            if is_new:
                self._api.folder.create_folder(title, uid)
            else:
                self._api.folder.update_folder(uid, title=title, overwrite=True)

    def tagged_boards(self, tag: str) -> list[str]:
        """Uids of all dashboards with a tag."""
        with self._plainly():
            found = self._api.search.search_dashboards(tag=tag, type_="dash-db", limit=5000)
        return [one["uid"] for one in found]

    def board(self, uid: str) -> dict[str, Any] | None:
        """A dashboard with its `meta`; None where there is none."""
        return self._maybe(lambda: self._api.dashboard.get_dashboard(uid))

    def write_board(self, board: Mapping[str, Any], folder: str) -> None:
        """Create a dashboard, or overwrite the one of its uid."""
        body = {
            "dashboard": dict(board),
            "folderUid": folder,
            "overwrite": True,
            "message": "ioc grafana push",
        }
        with self._plainly():
            self._api.dashboard.update_dashboard(body)

    def remove_board(self, uid: str) -> None:
        """Delete a dashboard."""
        with self._plainly():
            self._api.dashboard.delete_dashboard(uid)

    def alert_rules(self) -> list[dict[str, Any]]:
        """All alert rules."""
        with self._plainly():
            return list(self._api.alertingprovisioning.get_alertrules_all())

    def write_rule_group(self, folder: str, group: str, body: Mapping[str, Any]) -> None:
        """Make a group's rules exactly these."""
        with self._plainly():
            self._api.alertingprovisioning.update_rule_group(folder, group, dict(body))

    def remove_rule(self, uid: str) -> None:
        """Delete an alert rule."""
        with self._plainly():
            self._api.alertingprovisioning.delete_alertrule(uid)

    def contact_points(self) -> list[dict[str, Any]]:
        """All contact points, secrets left out."""
        with self._plainly():
            return list(self._api.alertingprovisioning.get_contactpoints())

    def write_contact_point(self, body: Mapping[str, Any], *, is_new: bool) -> None:
        """Create a contact point, or overwrite the one of its uid."""
        with self._plainly():
            if is_new:
                self._api.alertingprovisioning.create_contactpoint(dict(body))
            else:
                self._api.alertingprovisioning.update_contactpoint(body["uid"], dict(body))

    def policies(self) -> dict[str, Any]:
        """The tree that says which contact point is told what."""
        with self._plainly():
            return dict(self._api.alertingprovisioning.get_notification_policy_tree())

    def write_policies(self, tree: Mapping[str, Any]) -> None:
        """Replace the tree. One that people edit in Grafana stays theirs to edit."""
        is_theirs = not tree.get("provenance")
        with self._plainly():
            self._api.alertingprovisioning.set_notification_policy_tree(
                dict(tree), disable_provenance=is_theirs
            )

    def service_account(self, name: str) -> dict[str, Any] | None:
        """The service account of that very name; None where there is none."""
        with self._plainly():
            pages = self._api.serviceaccount.search(query=name, page=1, perpage=100)
        found = [one for page in pages for one in page["serviceAccounts"] if one["name"] == name]
        return found[0] if found else None

    def create_service_account(self, name: str, role: str) -> int:
        """Make a service account; its number."""
        with self._plainly():
            made = self._api.serviceaccount.create({"name": name, "role": role, "isDisabled": False})
        return int(made["id"])

    def create_token(self, account: int, name: str) -> str:
        """A new token of a service account, which is shown this once."""
        with self._plainly():
            return str(self._api.serviceaccount.create_token(account, {"name": name})["key"])

    def _maybe(self, ask: Any) -> dict[str, Any] | None:
        try:
            with self._plainly():
                return dict(ask())
        except GrafanaError as error:
            cause = error.__cause__
            if isinstance(cause, GrafanaClientError) and cause.status_code == _NOT_FOUND:
                return None
            raise

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        try:
            yield
        except GrafanaException as error:
            hint = _HINTS.get(error.status_code)
            more = f"; {hint}" if hint else ""
            raise GrafanaError(
                f"Grafana at {self._url!r} answers {error.status_code}: {error.message}{more}"
            ) from error
        except requests.RequestException as error:
            raise GrafanaError(f"Grafana at {self._url!r} does not answer: {type(error).__name__}") from error
