"""The words of a fault's life in both languages: what its history says to people."""

from collections.abc import Mapping

from devices.description import Label
from rules.lifecycle.item import WorkState
from rules.lifecycle.transition import Transition

__all__ = ["TRANSITION_WORDS", "WORK_WORDS", "words_table"]

TRANSITION_WORDS: Mapping[Transition, Label] = {
    Transition.RAISED: Label(vi="Phát hiện sự cố", en="Fault raised"),
    Transition.ACKNOWLEDGED: Label(vi="Đã tiếp nhận", en="Acknowledged"),
    Transition.CLEARED: Label(vi="Thiết bị đã trở lại bình thường", en="Condition cleared"),
    Transition.SUSPECTED: Label(vi="Nghi vấn vi phạm", en="Suspected violation"),
    Transition.ASSIGNED: Label(vi="Đã giao cho đội", en="Assigned to a crew"),
    Transition.UNASSIGNED: Label(vi="Đã thu hồi phân công", en="Assignment withdrawn"),
    Transition.COMMENTED: Label(vi="Ghi chú", en="Comment"),
    Transition.SHELVED: Label(vi="Tạm gác", en="Shelved"),
    Transition.UNSHELVED: Label(vi="Thôi tạm gác", en="Taken from the shelf"),
    Transition.STARTED: Label(vi="Bắt đầu sửa chữa", en="Work begun"),
    Transition.RESOLVED: Label(vi="Đội báo đã sửa xong", en="Repair reported"),
    Transition.VERIFIED: Label(vi="Số liệu đo xác nhận đã hết sự cố", en="Verified by telemetry"),
    Transition.NOT_VERIFIED: Label(
        vi="Đã báo sửa xong nhưng sự cố vẫn còn; mở lại",
        en="Repair reported, yet the fault is still there; open again",
    ),
    Transition.REOPENED: Label(vi="Mở lại", en="Opened again"),
    Transition.CLOSED: Label(vi="Đóng thủ công", en="Closed by hand"),
    Transition.REOPENED_BY_CONDITION: Label(
        vi="Đã đóng nhưng sự cố vẫn còn; tự mở lại", en="Closed, yet the condition still holds; open again"
    ),
    Transition.ESCALATED: Label(vi="Nâng mức nghiêm trọng", en="Severity raised"),
    Transition.OUT_OF_SERVICE: Label(
        vi="Xảy ra trong giờ bảo trì; không thông báo", en="Opened in maintenance; not notified"
    ),
    Transition.BACK_IN_SERVICE: Label(vi="Hết giờ bảo trì", en="Maintenance over"),
    Transition.FIRST_OPINION: Label(
        vi="Ý kiến của cán bộ thứ nhất; chờ cán bộ thứ hai",
        en="First officer's opinion; a second one is awaited",
    ),
    Transition.DISPUTED: Label(
        vi="Hai cán bộ có ý kiến khác nhau; chờ cán bộ thứ ba",
        en="Two officers disagree; a third one decides",
    ),
    Transition.HANDED_ON: Label(vi="Chuyển cán bộ khác quyết định", en="Handed to another officer"),
    Transition.CONFIRMED: Label(vi="Cán bộ xác nhận vi phạm", en="Confirmed by an officer"),
    Transition.REJECTED: Label(vi="Cán bộ bác bỏ nghi vấn", en="Rejected by an officer"),
    Transition.EXPIRED: Label(vi="Hết thời hạn xem xét", en="Not decided in time"),
    Transition.PLATE_CORRECTED: Label(vi="Cán bộ sửa biển số", en="Plate corrected by an officer"),
}

WORK_WORDS: Mapping[WorkState, Label] = {
    WorkState.OPEN: Label(vi="Chờ xử lý", en="Open"),
    WorkState.IN_PROGRESS: Label(vi="Đang sửa chữa", en="In progress"),
    WorkState.RESOLVED: Label(vi="Đã báo sửa xong", en="Resolved"),
    WorkState.VERIFIED: Label(vi="Số liệu đo xác nhận đã xong", en="Verified by telemetry"),
}


def words_table() -> str:
    """Every word as a Markdown table, as docs/life-of-a-fault.md holds it."""
    words: list[tuple[str, Label]] = [(str(key), label) for key, label in WORK_WORDS.items()]
    words += [(str(key), label) for key, label in TRANSITION_WORDS.items()]
    lines = ["| in the API | tiếng Việt | English |", "| --- | --- | --- |"]
    unique = dict.fromkeys(f"| `{word}` | {label.vi} | {label.en} |" for word, label in words)
    return "\n".join([*lines, *unique]) + "\n"
