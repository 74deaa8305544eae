"""Plates hidden wherever they stand in a violation, not only in the members that are named after them."""

from dataclasses import replace

from devices.masking import hide
from devices.plates import mask
from store.operations.records import ViolationRecord
from store.operations.review_rows import Reviewed
from store.operations.reviews import ViolationEntry

__all__ = ["masked", "masked_entry", "masked_review"]


def masked(violation: ViolationRecord, *others: str | None) -> ViolationRecord:
    """The violation with its plate masked: as a member, and inside texts, however it is separated there."""
    plates = [violation.plate, *others]
    if not any(plates):
        return violation
    hidden = {name: hide(getattr(violation, name), plates) for name in ("event", "measured", "images", "why")}
    return replace(violation, plate=_mask(violation.plate), **hidden)


def masked_review(reviewed: Reviewed) -> Reviewed:
    """The violation under review with both its plates masked."""
    case = reviewed.case
    hidden = replace(case, plate=_mask(case.plate), corrected_plate=_mask(case.corrected_plate))
    return replace(reviewed, record=masked(reviewed.record, case.corrected_plate), case=hidden)


def masked_entry(entry: ViolationEntry, reviewed: Reviewed) -> ViolationEntry:
    """A row of the history without the plates of its violation; earlier corrections are masked as well."""
    why = {name: _mask(value) if name in ("plate", "before") else value for name, value in entry.why.items()}
    plates = [
        reviewed.case.plate,
        reviewed.case.corrected_plate,
        entry.why.get("plate"),
        entry.why.get("before"),
    ]
    return replace(entry, comment=hide(entry.comment, plates), why=hide(why, plates))


def _mask(plate: str | None) -> str | None:
    return None if plate is None else mask(plate)
