"""The steps of a fault's life, as its history and the feed of changes name them."""

from enum import StrEnum

__all__ = ["Transition"]


class Transition(StrEnum):
    """A step in the life of a fault or a violation."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"
    SUSPECTED = "suspected"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    COMMENTED = "commented"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    STARTED = "started"
    RESOLVED = "resolved"
    VERIFIED = "verified_by_telemetry"
    NOT_VERIFIED = "repair_not_verified"
    REOPENED = "reopened"
    CLOSED = "closed"
    REOPENED_BY_CONDITION = "reopened_by_condition"
    ESCALATED = "escalated"
    OUT_OF_SERVICE = "out_of_service"
    BACK_IN_SERVICE = "back_in_service"
    FIRST_OPINION = "first_opinion"
    DISPUTED = "disputed"
    HANDED_ON = "handed_on"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    PLATE_CORRECTED = "plate_corrected"
