"""Words of notifications and of crews' pages, in Vietnamese and English."""

from collections.abc import Mapping

from devices.description import Label
from notify.grouping import Reason
from rules.faults import Severity

__all__ = ["REASONS", "SEVERITIES", "WORDS", "duration_words"]

REASONS: Mapping[Reason, Label] = {
    Reason.FIRST: Label(vi="Sự cố mới", en="New incident"),
    Reason.CHANGED: Label(vi="Sự cố thay đổi", en="Incidents changed"),
    Reason.CLEARED: Label(vi="Đã hết sự cố", en="All clear"),
    Reason.REPEAT: Label(vi="Nhắc lại: chưa ai tiếp nhận", en="Again: nobody has acknowledged"),
    Reason.ESCALATED: Label(vi="Chuyển cấp trên: chưa ai tiếp nhận", en="Escalated: nobody has acknowledged"),
    Reason.TEST: Label(vi="Tin thử, không có sự cố", en="A test, nothing is wrong"),
    Reason.REPORT: Label(vi="Báo cáo", en="Report"),
}

SEVERITIES: Mapping[Severity, Label] = {
    Severity.CRITICAL: Label(vi="Khẩn cấp", en="Critical"),
    Severity.MAJOR: Label(vi="Nghiêm trọng", en="Major"),
    Severity.MINOR: Label(vi="Nhẹ", en="Minor"),
    Severity.WARNING: Label(vi="Cảnh báo", en="Warning"),
}

WORDS: Mapping[str, Label] = {
    "acknowledge": Label(vi="Tiếp nhận", en="Acknowledge"),
    "acknowledged": Label(vi="Đã tiếp nhận", en="Acknowledged"),
    "cleared": Label(vi="Đã hết", en="Cleared"),
    "closed": Label(vi="Sự cố đã kết thúc", en="The incident is over"),
    "device": Label(vi="Thiết bị", en="Device"),
    "devices": Label(vi="thiết bị bị ảnh hưởng", en="devices affected"),
    "expired": Label(
        vi="Liên kết không còn hiệu lực. Xin gọi trung tâm điều hành.",
        en="This link is no longer valid. Please call the operations centre.",
    ),
    "history": Label(vi="Đã báo", en="Reported so far"),
    "incident": Label(vi="Sự cố", en="Incident"),
    "map": Label(vi="Mở bản đồ", en="Open the map"),
    "more": Label(vi="và {n} sự cố khác", en="and {n} more incidents"),
    "note": Label(vi="Ghi chú (không bắt buộc)", en="Note (optional)"),
    "ongoing": Label(vi="Đang xảy ra", en="Ongoing"),
    "open_page": Label(vi="Mở trang", en="Open the page"),
    "ref": Label(vi="Mã tin", en="Ref"),
    "repaired": Label(vi="Đã sửa xong", en="Repaired"),
    "repaired_said": Label(vi="Đã báo sửa xong", en="Repair reported"),
    "retry": Label(vi="Chưa ghi được, xin bấm lại.", en="Not saved, please try again."),
    "severity": Label(vi="Mức độ", en="Severity"),
    "since": Label(vi="Từ lúc", en="Since"),
    "thanks": Label(vi="Đã ghi nhận, cảm ơn.", en="Noted, thank you."),
    "verify": Label(
        vi="Hệ thống sẽ tự kiểm tra theo số đo của thiết bị.",
        en="The system will verify it by the device's own readings.",
    ),
    "where": Label(vi="Ở đâu", en="Where"),
    "why": Label(vi="Vì sao", en="Why"),
}


def duration_words(duration_ms: int) -> Label:
    """A duration for people, to the minute: `3 giờ 20 phút`, `3 h 20 min`; days from two on."""
    minutes = max(duration_ms, 0) // 60_000
    hours, minutes = divmod(minutes, 60)
    days, rest = divmod(hours, 24)
    if days >= 2:  # noqa: PLR2004 - up to two days people count in hours
        return Label(vi=f"{days} ngày {rest} giờ", en=f"{days} d {rest} h")
    if hours:
        return Label(vi=f"{hours} giờ {minutes} phút", en=f"{hours} h {minutes} min")
    return Label(vi=f"{minutes} phút", en=f"{minutes} min")
