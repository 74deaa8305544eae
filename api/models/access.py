"""Keys and the audit log as the API shows them."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from api.models.common import Model
from api.parameters import known_kind
from api.roles import Caller, Role, Scope
from api.times import Moment, QueryMoment, moment, moment_or_none
from store.operations.audit import AuditEntry, ChainReport
from store.operations.keys import ApiKey, NewKey

__all__ = [
    "AuditView", "CallerView", "ChainView", "KeyRequest", "KeyView", "MadeKeyView", "RotateRequest",
]  # fmt: skip

_MOST = 1_000
_Area = Annotated[str, Field(pattern="^[a-z0-9-]{1,64}$")]
_Kind = Annotated[str, Field(max_length=64), AfterValidator(known_kind)]


class CallerView(Model):
    """Who asks, and what they may do."""

    name: str
    scopes: list[Scope]
    areas: list[str] | None
    """The wards that they may see; null for all."""
    kinds: list[str] | None
    """The kinds of device that they may see; null for all."""

    @classmethod
    def of(cls, caller: Caller) -> "CallerView":
        """The caller as known."""
        areas, kinds = caller.reach.areas, caller.reach.kinds
        return cls(
            name=caller.name,
            scopes=sorted(caller.scopes),
            areas=None if areas is None else sorted(areas),
            kinds=None if kinds is None else sorted(kinds),
        )


class KeyView(Model):
    """A key without its secret."""

    prefix: str
    name: str
    role: str
    scopes: tuple[str, ...]
    """What it may do at most; empty for all that its role may."""
    areas: tuple[str, ...]
    kinds: tuple[str, ...]
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    last_used_at: Moment | None
    """To the minute."""

    @classmethod
    def of(cls, key: ApiKey) -> "KeyView":
        """The key as it stands."""
        return cls(**_members(key))


class MadeKeyView(KeyView):
    """A key just made."""

    token: str
    """What its holder sends. Nobody can ever be shown it again."""

    @classmethod
    def made(cls, new: NewKey) -> "MadeKeyView":
        """The key with its secret."""
        return cls(**_members(new.key), token=new.token)


def _members(key: ApiKey) -> dict[str, Any]:
    return {
        "prefix": key.prefix,
        "name": key.name,
        "role": key.role,
        "scopes": tuple(key.scopes),
        "areas": tuple(key.areas),
        "kinds": tuple(key.kinds),
        "created_at": moment(key.created_at_ms),
        "expires_at": moment_or_none(key.expires_at_ms),
        "revoked_at": moment_or_none(key.revoked_at_ms),
        "last_used_at": moment_or_none(key.last_used_ms),
    }


class KeyRequest(Model):
    """A key to make."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]
    """Who will hold it; the audit log says this name."""
    role: Role
    scopes: Annotated[tuple[Scope, ...], Field(max_length=_MOST)] = ()
    areas: Annotated[tuple[_Area, ...], Field(max_length=_MOST)] = ()
    kinds: Annotated[tuple[_Kind, ...], Field(max_length=_MOST)] = ()
    expires_at: QueryMoment | None = None


class RotateRequest(Model):
    """How a key is to be replaced."""

    overlap_s: Annotated[int, Field(ge=0, le=30 * 86_400)] = 86_400
    """How long the old one opens still."""


class AuditView(Model):
    """One thing that somebody did."""

    row: int
    at: Moment
    who: str
    action: str
    target: str
    detail: Mapping[str, Any]

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditView":
        """The entry as it was written."""
        at = moment(entry.at_ms)
        return cls(
            row=entry.row, at=at, who=entry.who, action=entry.action, target=entry.target, detail=entry.detail
        )


class ChainView(Model):
    """What a check of the audit log found."""

    whole: bool
    links: int
    """Entries that are as they were written."""
    head: str
    """NUMBER:HASH of the last of them: note it elsewhere, `ioc audit verify --head` compares."""
    older: int
    """Entries from before the chain: nothing vouches for them."""
    broken_at: int | None
    """The first row that was changed or lost."""
    problem: str

    @classmethod
    def of(cls, found: ChainReport) -> "ChainView":
        """The report as it is."""
        return cls(
            whole=found.is_whole,
            links=found.links,
            head=f"{found.links}:{found.head}",
            older=found.older,
            broken_at=found.broken_at,
            problem=found.problem,
        )
