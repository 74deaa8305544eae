"""Maintenance: how fast we answer and restore, what is open with whom, what fails again and again."""

from grafana.making import bars, figure, lines, listing, stacked, two
from grafana.queries import faults
from grafana.spec import Board, Row
from grafana.thresholds import few_is_good

__all__ = ["BOARD"]

_TIMES = [
    figure(
        two("MTTA", "MTTA"),
        two("Trung bình từ lúc mở đến lúc có người tiếp nhận, của sự cố mở trong kỳ.",
            "Mean from opening to acknowledgement, of incidents opened in the period."),
        "s", faults.MTTA, few_is_good(900, 3600),
    ),
    figure(
        two("MTTR", "MTTR"),
        two("Trung bình từ lúc mở đến lúc số liệu cho thấy đã hết, của sự cố hết trong kỳ.",
            "Mean from opening to the end that telemetry showed, of incidents that ended in the period."),
        "s", faults.MTTR, few_is_good(14_400, 86_400),
    ),
    figure(
        two("Chưa ai tiếp nhận", "Not acknowledged"),
        two("Sự cố mở trong kỳ mà chưa ai tiếp nhận.", "Incidents opened in the period that nobody acknowledged."),
        "short", faults.UNACKNOWLEDGED,
        few_is_good(5, 20),
    ),
    lines(
        two("MTTA và MTTR mỗi giờ", "MTTA and MTTR each hour"),
        two("MTTA theo giờ mở, MTTR theo giờ hết.", "MTTA by the hour of opening, MTTR by the hour of the end."),
        "s",
        faults.ACKNOWLEDGED_AND_RESTORED,
    ),
    lines(
        two("Mở và hết mỗi giờ", "Opened and ended each hour"),
        two("Số sự cố mở ra và số sự cố đã hết.", "Incidents opened, and incidents that ended."),
        "short",
        faults.OPENED_AND_ENDED,
    ),
    stacked(
        two("Lỗi mới mỗi giờ theo quy tắc", "Faults raised each hour, by rule"),
        two("Mọi lỗi, kể cả lỗi do một nguyên nhân khác gây ra.", "All faults, those that another cause explains included."),
        "short", [faults.raised()],
    ),
]  # fmt: skip

_OPEN = [
    listing(
        two("Còn mở theo đội và thời gian", "Open by crew and age"),
        two("Sự cố chưa hết; trống là chưa giao cho đội nào.", "Incidents not ended; empty is nobody's."),
        faults.OPEN_BY_CREW_AND_AGE,
    ),
    bars(
        two("Còn mở theo thời gian", "Open by age"),
        two("Sự cố chưa hết, theo thời gian đã mở.", "Incidents not ended, by how long they are open."),
        "short",
        faults.OPEN_BY_AGE,
        width=12,
    ),
    listing(
        two("Thiết bị hỏng lặp lại", "Devices that fail again and again"),
        two("Thiết bị có nhiều lỗi nhất trong kỳ.", "Devices with most faults in the period."),
        faults.REPEATING,
    ),
    listing(
        two("Lỗi mới nhất", "Newest faults"),
        two("Hai trăm lỗi mới nhất trong kỳ.", "The two hundred newest faults of the period."),
        faults.NEWEST,
    ),
]  # fmt: skip

BOARD = Board(
    id="maintenance",
    title=two("Bảo trì", "Maintenance"),
    description=two("MTTA, MTTR, việc còn mở, hỏng lặp lại.", "MTTA, MTTR, what is open, repeat failures."),
    rows=[
        Row(title=two("Thời gian", "Times"), panels=_TIMES),
        Row(title=two("Còn mở", "Open"), panels=_OPEN),
    ],
    since="now-7d",
)
