"""Evidence as the API shows it."""

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict

from api.models.common import Model
from api.times import Moment, moment, moment_or_none
from store.operations.picture_rows import PictureRecord, PictureState

__all__ = ["CheckView", "EvidenceView", "HeadView", "PictureView"]


class HeadView(Model):
    """The newest link of the chain. Whoever writes it down can prove that nothing before it was changed."""

    number: int
    hash: str


class CheckView(Model):
    """What a check found."""

    at: Moment
    links: int
    pictures: int
    is_whole: bool
    problem: str | None
    """The first broken link, and what is wrong there."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "CheckView":
        """The check in its row."""
        names = ("links", "pictures", "is_whole", "problem")
        return cls(at=moment(row["at_ms"]), **{name: row[name] for name in names})


class EvidenceView(Model):
    """How the evidence is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "head": {"number": 812, "hash": "9f" * 32},
                    "pictures": {"waiting": 2, "kept": 640, "failed": 1, "refused": 0, "removed": 12},
                    "last_check": {
                        "at": "2026-11-22T00:00:00.000Z", "links": 800, "pictures": 630, "is_whole": True,
                        "problem": None,
                    },
                }
            ]
        }
    )  # fmt: skip

    head: HeadView
    pictures: dict[str, int]
    """How many there are in each state."""
    last_check: CheckView | None


class PictureView(Model):
    """A picture of a violation, and what became of it."""

    place: int
    role: str
    state: PictureState
    problem: str | None
    """Why it could not be had, in a word."""
    sha256: str | None
    media_type: str | None
    bytes: int | None
    kept_at: Moment | None

    @classmethod
    def of(cls, picture: PictureRecord) -> "PictureView":
        """The picture as its row has it."""
        names = ("place", "role", "state", "problem", "sha256", "media_type", "bytes")
        values = {name: getattr(picture, name) for name in names}
        return cls(**values, kept_at=moment_or_none(picture.kept_at_ms))
