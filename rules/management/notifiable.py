"""Whether people are told of a fault: the one place that decides it."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from devices.description import Label
from rules.management.standing import Hold

__all__ = ["Decision", "FaultState", "Reason", "notifiable", "reason_text"]


class Reason(StrEnum):
    """Why a fault is notified, or why not."""

    OWN_CAUSE = "own_cause"
    NOT_MANAGED = "not_managed"
    WAITING = "waiting_for_cause"
    SUPPRESSED = "suppressed"
    MAINTENANCE = "maintenance"
    SHELVED = "shelved"
    FLAPPING = "flapping"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultState:
    """Everything that may keep people from being told of a fault.

    `hold` is management's, None before it has seen the fault. `out_of_service` is the maintenance window that
    covers it, `shelved_until_ms` an operator's doing, `is_flapping` that it comes and goes.
    """

    hold: Hold | None
    out_of_service: str | None = None
    shelved_until_ms: int | None = None
    is_flapping: bool = False


class Decision(NamedTuple):
    """Whether people are told, and why or why not."""

    is_notified: bool
    reason: Reason


_TEXTS = MappingProxyType(
    {
        Reason.OWN_CAUSE: Label(
            vi="Sự cố có nguyên nhân riêng", en="The fault is its own cause"
        ),
        Reason.NOT_MANAGED: Label(
            vi="Sự cố chưa được xem xét", en="The fault has not been considered yet"
        ),
        Reason.WAITING: Label(
            vi="Chờ xem có nguyên nhân cấp trên không", en="Waiting whether a cause further up shows"
        ),
        Reason.SUPPRESSED: Label(
            vi="Do một sự cố cấp trên gây ra", en="Caused by a fault further up"
        ),
        Reason.MAINTENANCE: Label(vi="Đang trong thời gian bảo trì", en="Inside a maintenance window"),
        Reason.SHELVED: Label(vi="Người trực đã tạm gác", en="Shelved by an operator"),
        Reason.FLAPPING: Label(vi="Sự cố chập chờn", en="The fault comes and goes"),
    }
)  # fmt: skip


def notifiable(state: FaultState, now_ms: int) -> Decision:
    """Whether people are told of a fault in this state; what causes it is named first, then what hides it."""
    if state.hold is Hold.SUPPRESSED:
        return Decision(False, Reason.SUPPRESSED)
    if state.out_of_service is not None:
        return Decision(False, Reason.MAINTENANCE)
    if state.shelved_until_ms is not None and now_ms < state.shelved_until_ms:
        return Decision(False, Reason.SHELVED)
    if state.is_flapping:
        return Decision(False, Reason.FLAPPING)
    if state.hold is not Hold.FREE:
        return Decision(False, Reason.NOT_MANAGED if state.hold is None else Reason.WAITING)
    return Decision(True, Reason.OWN_CAUSE)


def reason_text(reason: Reason) -> Label:
    """A reason in words for people."""
    return _TEXTS[reason]
