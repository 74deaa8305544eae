"""What differs between a Grafana and what it is to have of us, as changes; nothing else is touched.

Ours are: the data sources, folders and contact point of our uids, dashboards that have both our tag and a uid
of our form, alert rules that have both our label and such a uid, the service account of our name, and one
route of the notification policies.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from grafana.names import OURS, SERVICE_ACCOUNT
from grafana.pushing.comparing import difference, has_all
from grafana.pushing.remote import Remote
from grafana.pushing.wanted import (
    Installation,
    contact_point,
    data_sources,
    folders,
    route,
    rule_group,
    wanted_boards,
)

__all__ = ["SERVICE_ROLE", "Change", "plan"]

SERVICE_ROLE = "Viewer"
"""The least that lets a screen on the wall show dashboards."""
_OUR_UID = "ioc-"
_SECRETS = "secureJsonData"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing to do: `action` is create, update or remove; `diff` has its lines."""

    action: str
    what: str
    name: str
    diff: list[str]
    do: Callable[[], Any]


def plan(remote: Remote, installation: Installation, *, with_secrets: bool = False) -> Iterator[Change]:
    """The changes, in the order in which they can be made; asked for while they are made or not at all.

    Secrets cannot be read back: they are written with what else changes of their source, or when asked for.

    Raises:
        GrafanaError: it does not answer.
    """
    yield from _data_sources(remote, installation, with_secrets=with_secrets)
    yield from _folders(remote, installation)
    yield from _boards(remote, installation)
    yield from _rules(remote, installation)
    yield from _contact(remote, installation)
    if remote.service_account(SERVICE_ACCOUNT) is None:
        yield Change(
            action="create",
            what="service account",
            name=SERVICE_ACCOUNT,
            diff=[f"+ role: {SERVICE_ROLE}"],
            do=partial(remote.create_service_account, SERVICE_ACCOUNT, SERVICE_ROLE),
        )


def _data_sources(remote: Remote, installation: Installation, *, with_secrets: bool) -> Iterator[Change]:
    for body in data_sources(installation):
        there = remote.data_source(body["uid"])
        plain = {name: value for name, value in body.items() if name != _SECRETS}
        lacks = [name for name in body[_SECRETS] if not (there or {}).get("secureJsonFields", {}).get(name)]
        if has_all(there, plain) and not lacks and not with_secrets:
            continue
        yield Change(
            action=_action(there),
            what="data source",
            name=body["name"],
            diff=difference(there, plain) + [f"+ {_SECRETS}: {name}" for name in body[_SECRETS]],
            do=partial(remote.write_data_source, body, is_new=there is None),
        )


def _folders(remote: Remote, installation: Installation) -> Iterator[Change]:
    for uid, title in folders(installation).items():
        there = remote.folder(uid)
        if not has_all(there, {"title": title}):
            yield Change(
                action=_action(there),
                what="folder",
                name=title,
                diff=difference(there, {"title": title}),
                do=partial(remote.write_folder, uid, title, is_new=there is None),
            )


def _boards(remote: Remote, installation: Installation) -> Iterator[Change]:
    wanted = wanted_boards(installation)
    for folder, board in wanted:
        there = remote.board(board["uid"]) or {}
        kept = there.get("dashboard")
        if has_all(kept, board) and there["meta"].get("folderUid") == folder:
            continue
        yield Change(
            action=_action(kept),
            what="dashboard",
            name=f"{folder}/{board['title']}",
            diff=difference(kept, board),
            do=partial(remote.write_board, board, folder),
        )
    ours = {board["uid"] for _, board in wanted}
    for uid in sorted(remote.tagged_boards(OURS)):
        if uid.startswith(_OUR_UID) and uid not in ours:
            yield Change(
                action="remove", what="dashboard", name=uid, diff=[], do=partial(remote.remove_board, uid)
            )


def _rules(remote: Remote, installation: Installation) -> Iterator[Change]:
    group = rule_group(installation)
    every = remote.alert_rules()
    there = {rule["uid"]: rule for rule in every if _is_our_rule(rule)}
    # A group is written as a whole: what others put into ours goes with it as it is.
    others = (rule for rule in every if not _is_our_rule(rule) and _is_in(rule, group))
    theirs = [{name: value for name, value in rule.items() if name != "updated"} for rule in others]
    wanted = {rule["uid"]: rule for rule in group["rules"]}
    if any(not has_all(there.get(uid), rule) for uid, rule in wanted.items()):
        before = {"rules": [there[uid] for uid in wanted if uid in there]} if there else None
        written = group | {"rules": [*group["rules"], *theirs]}
        yield Change(
            action=_action(before),
            what="alert rules",
            name=group["title"],
            diff=difference(before, {"rules": group["rules"]}),
            do=partial(remote.write_rule_group, group["folderUid"], group["title"], written),
        )
    for uid in sorted(there.keys() - wanted.keys()):
        yield Change(
            action="remove", what="alert rule", name=uid, diff=[], do=partial(remote.remove_rule, uid)
        )


def _contact(remote: Remote, installation: Installation) -> Iterator[Change]:
    body = contact_point(installation)
    if body is None:
        return
    there = next((one for one in remote.contact_points() if one.get("uid") == body["uid"]), None)
    if not has_all(there, body):
        yield Change(
            action=_action(there),
            what="contact point",
            name=body["name"],
            diff=difference(there, body),
            do=partial(remote.write_contact_point, body, is_new=there is None),
        )
    tree, ours = remote.policies(), route()
    routes = tree.get("routes") or []
    if not any(has_all(one, ours) for one in routes):
        others = [one for one in routes if one.get("receiver") != ours["receiver"]]
        yield Change(
            action="update",
            what="notification policies",
            name=ours["receiver"],
            diff=[f"+ {json.dumps(ours)}"],
            do=partial(remote.write_policies, tree | {"routes": [ours, *others]}),
        )


def _is_our_rule(rule: dict[str, Any]) -> bool:
    return rule["uid"].startswith(_OUR_UID) and (rule.get("labels") or {}).get("source") == OURS


def _is_in(rule: dict[str, Any], group: dict[str, Any]) -> bool:
    return (rule["folderUID"], rule["ruleGroup"]) == (group["folderUid"], group["title"])


def _action(there: object) -> str:
    return "create" if there is None else "update"
