"""The city at a glance: figures, map, incidents, and how the platform itself does."""

from grafana.making import bars, device_map, figure, lines, listing, stacked, two
from grafana.queries import faults
from grafana.queries.devices import by_state, share_ok
from grafana.queries.telemetry import field_over_time
from grafana.queries.violations import TO_REVIEW
from grafana.spec import Board, Row
from grafana.thresholds import JOURNAL_FILL_PCT, JOURNAL_WARN_PCT, LAG_S, few_is_good, many_is_good

__all__ = ["BOARD"]

_FIGURES = [
    figure(
        two("Sự cố đang mở", "Open incidents"),
        two("Số sự cố chưa hết, kể cả của hệ thống.", "Incidents that have not ended, the platform's included."),
        "short", faults.OPEN, few_is_good(10, 50),
    ),
    figure(
        two("Sự cố mới trong kỳ", "Opened in the period"),
        two("Số sự cố mở trong khoảng thời gian đang xem.", "Incidents opened in the time shown."),
        "short", faults.OPENED,
    ),
    figure(
        two("Thời gian tiếp nhận (MTTA)", "Time to acknowledge (MTTA)"),
        two("Trung bình từ lúc mở đến lúc có người tiếp nhận, của sự cố mở trong kỳ.",
            "Mean from opening to acknowledgement, of incidents opened in the period."),
        "s", faults.MTTA, few_is_good(900, 3600),
    ),
    figure(
        two("Thời gian khôi phục (MTTR)", "Time to restoration (MTTR)"),
        two("Trung bình từ lúc mở đến lúc số liệu cho thấy đã hết, của sự cố hết trong kỳ.",
            "Mean from opening to the end that telemetry showed, of incidents that ended in the period."),
        "s", faults.MTTR, few_is_good(14_400, 86_400),
    ),
    figure(
        two("Thiết bị bình thường", "Devices without a fault"),
        two("Phần thiết bị đang vận hành không có lỗi nào mở.", "Share of devices in service without an open fault."),
        "percent",
        share_ok(),
        many_is_good(90, 97),
    ),
    figure(
        two("Vi phạm chờ xem xét", "Violations to review"),
        two("Nghi vấn vi phạm giao thông mà chưa cán bộ nào quyết định.",
            "Suspected traffic violations that no officer has decided yet."),
        "short", TO_REVIEW, few_is_good(100, 1000),
    ),
]  # fmt: skip

_INCIDENTS = [
    device_map(two("Thiết bị theo trạng thái", "Devices by state")),
    bars(
        two("Sự cố đang mở theo nguyên nhân", "Open incidents by cause"),
        two("Sự cố chưa hết, đếm theo nguyên nhân đã tìm ra.", "Incidents not yet ended, by the cause that was found."),
        "short",
        faults.CAUSES,
        width=12,
    ),
    stacked(
        two("Sự cố mới mỗi giờ", "Incidents opened each hour"),
        two("Theo mức độ nghiêm trọng.", "By severity."),
        "short", [faults.OPENED_BY_SEVERITY],
    ),
    listing(
        two("Sự cố đang mở lâu nhất", "Incidents open longest"),
        two("Một trăm sự cố chưa hết, lâu nhất trước.", "A hundred incidents that have not ended, longest first."),
        faults.LONGEST_OPEN,
    ),
]  # fmt: skip

_PLATFORM = [
    lines(
        two("Nhật ký của bộ thu thập", "Collectors' journal"),
        two("Phần dung lượng nhật ký đã dùng. Đầy thì ngừng nhận số liệu.",
            "Share of the journal's room in use. When it is full, nothing more is taken in."),
        "percent",
        [field_over_time("collector", "journal_fill_pct", two("đầy nhất", "fullest"), function="max")],
        steps=few_is_good(JOURNAL_WARN_PCT, JOURNAL_FILL_PCT), width=8,
    ),
    lines(
        two("Chậm trễ của hệ thống", "How far the platform is behind"),
        two("Số liệu đã nhận mà chưa ghi vào kho, chưa được xét lỗi.",
            "Age of what was received and is not yet stored, or not yet examined."),
        "s",
        [field_over_time("collector", "writer_lag_s", two("ghi kho", "storing"), function="max"),
         field_over_time("collector", "detection_lag_s", two("phát hiện lỗi", "detection"), function="max")],
        steps=few_is_good(LAG_S / 2, LAG_S), width=8,
    ),
    bars(
        two("Thiết bị theo trạng thái", "Devices by state"),
        two("Số thiết bị ở mỗi trạng thái.", "How many devices are in each state."),
        "short",
        by_state(),
    ),
]  # fmt: skip

BOARD = Board(
    id="overview",
    title=two("Toàn cảnh thành phố", "City overview"),
    description=two(
        "Chỉ số, bản đồ, sự cố và sức khoẻ của hệ thống.",
        "Figures, map, incidents and the platform's health.",
    ),
    rows=[
        Row(title=two("Chỉ số", "Figures"), panels=_FIGURES),
        Row(title=two("Sự cố", "Incidents"), panels=_INCIDENTS),
        Row(title=two("Hệ thống", "Platform"), panels=_PLATFORM),
    ],
)
