"""The export pack: one zip of JSON, PDF and CSV with the pictures, and the hashes of all of them."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rules.review.case import STATE_WORDS
from store.evidence.chain import Link
from store.operations.evidence_links import ChainHead
from store.operations.picture_rows import PictureRecord
from store.operations.review_rows import Reviewed
from store.operations.reviews import ViolationEntry

__all__ = ["CSV_COLUMNS", "PackItem", "PackTerms", "csv_of", "json_of", "look_up_row", "zip_of"]

CSV_COLUMNS = (
    "Biển số", "Màu biển", "Loại phương tiện", "Thời gian vi phạm", "Địa điểm vi phạm", "Hành vi vi phạm",
    "Mã hành vi", "Trạng thái", "Đơn vị phát hiện vi phạm", "Nơi giải quyết vụ việc",
)  # fmt: skip
"""The fields of the public look-up, in its order."""

_CLASSES: Mapping[str, str] = {
    "car": "Ô tô", "motorcycle": "Mô tô, xe máy", "moped": "Xe gắn máy", "bus": "Ô tô khách",
    "truck": "Ô tô tải", "bicycle": "Xe đạp",
}  # fmt: skip
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, kw_only=True)
class PackItem:
    """A violation with all that belongs to it. `pictures` are those that are kept, with their content."""

    reviewed: Reviewed
    place: str
    history: Sequence[ViolationEntry]
    pictures: Sequence[tuple[PictureRecord, bytes]]
    links: Sequence[Link]


@dataclass(frozen=True, kw_only=True)
class PackTerms:
    """Who made a pack when and why, and the head of the chain then."""

    made_by: str
    made_at_ms: int
    reason: str
    head: ChainHead
    unit: str
    zone: ZoneInfo

    def local(self, at_ms: int) -> datetime:
        """A moment in the city's time."""
        return datetime.fromtimestamp(at_ms / 1000, self.zone)


def zip_of(items: Sequence[PackItem], terms: PackTerms, pdf: bytes) -> bytes:
    """The pack; `SHA256SUMS` has the hash of every other file, as `sha256sum -c` reads it."""
    files: dict[str, bytes] = {
        "violations.json": json.dumps(json_of(items, terms), ensure_ascii=False, indent=1).encode(),
        "violations.csv": csv_of(items, terms).encode("utf-8-sig"),
        "violations.pdf": pdf,
    }
    for item in items:
        for picture, content in item.pictures:
            files[picture_name(item, picture)] = content
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**files, "SHA256SUMS": sums.encode()}.items():
            archive.writestr(name, content)
    return packed.getvalue()


def picture_name(item: PackItem, picture: PictureRecord) -> str:
    """What a picture is called in the pack."""
    suffix = (picture.media_type or "image/jpeg").rpartition("/")[2].replace("jpeg", "jpg")
    return f"pictures/{item.reviewed.record.number}-{picture.place}.{suffix}"


def json_of(items: Sequence[PackItem], terms: PackTerms) -> dict[str, Any]:
    """Everything about the violations as plain data, with the links that a check needs."""
    return {
        "made_by": terms.made_by,
        "made_at": terms.local(terms.made_at_ms).isoformat(),
        "reason": terms.reason,
        "chain_head": str(terms.head),
        "violations": [_plain(item, terms) for item in items],
    }


def csv_of(items: Sequence[PackItem], terms: PackTerms) -> str:
    """The fields of the public look-up, a line for each violation."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(CSV_COLUMNS)
    lines.writerows([_harmless(cell) for cell in look_up_row(item, terms)] for item in items)
    return text.getvalue()


def look_up_row(item: PackItem, terms: PackTerms) -> list[str]:
    """What the public look-up says of a violation; what a camera does not tell is empty."""
    record, case = item.reviewed.record, item.reviewed.case
    return [
        case.present_plate or "",
        str(record.measured.get("plate_colour") or ""),
        _CLASSES.get(record.vehicle_class or "", record.vehicle_class or ""),
        f"{terms.local(record.occurred_at_ms):%H:%M, %d/%m/%Y}",
        item.place,
        record.title.vi,
        f"{record.rule}.{record.rule_version}",
        STATE_WORDS[case.state].vi,
        terms.unit,
        "",
    ]


def _plain(item: PackItem, terms: PackTerms) -> dict[str, Any]:
    record, case = item.reviewed.record, item.reviewed.case
    return {
        "id": record.id,
        "number": record.number,
        "state": case.state,
        "plate": case.present_plate,
        "plate_read": case.plate,
        "plate_confidence": record.plate_confidence,
        "rule": {"id": record.rule, "version": record.rule_version},
        "type": record.type,
        "title": {"vi": record.title.vi, "en": record.title.en},
        "device": record.device,
        "place": item.place,
        "area": record.area,
        "lane": record.lane,
        "occurred_at": terms.local(record.occurred_at_ms).isoformat(),
        "detected_at": terms.local(record.detected_at_ms).isoformat(),
        "vehicle_class": record.vehicle_class,
        "measured": dict(record.measured),
        "why": dict(record.why),
        "decided_by": case.decided_by,
        "reason": case.reason,
        "history": [
            {
                "at": terms.local(entry.at_ms).isoformat(), "who": entry.who, "transition": entry.transition,
                "comment": entry.comment, "why": entry.why,
            }
            for entry in item.history
        ],
        "pictures": [
            {"file": picture_name(item, picture), "role": picture.role, "sha256": picture.sha256}
            for picture, _ in item.pictures
        ],
        "links": [vars(link) for link in item.links],
    }  # fmt: skip


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
