"""The platform itself: is everything that devices say taken in, stored, examined and told."""

from grafana.making import bars, figure, lines, listing, stacked, states, two
from grafana.queries.devices import NEWEST_AGE
from grafana.queries.faults import PLATFORM
from grafana.queries.platform import COLLECTOR, DEAD_LETTERS, NOTIFICATIONS, state_of
from grafana.queries.telemetry import field_over_time, rate
from grafana.spec import Board, Row
from grafana.thresholds import JOURNAL_FILL_PCT, JOURNAL_WARN_PCT, LAG_S, few_is_good

__all__ = ["BOARD"]

_INTAKE = [
    lines(
        two("Bản ghi nhận mỗi giây", "Records received a second"),
        two("Tất cả bộ thu thập.", "All collectors."),
        "cps", [rate(COLLECTOR, "received_count", two("đã nhận", "received"))],
    ),
    lines(
        two("Bản tin bị từ chối mỗi giây", "Dead letters a second"),
        two("Bản tin không đọc được, giữ lại để xem.", "What could not be understood, kept to be looked at."),
        "cps", [rate(COLLECTOR, "dead_letter_count", two("từ chối", "dead letters"))],
    ),
    lines(
        two("Nhật ký đã đầy", "Journal full to"),
        two("Đầy thì ngừng xác nhận, broker phải giữ.", "When it is full nothing is acknowledged and the broker must keep it."),
        "percent", [field_over_time(COLLECTOR, "journal_fill_pct", two("đầy nhất", "fullest"), function="max")],
        steps=few_is_good(JOURNAL_WARN_PCT, JOURNAL_FILL_PCT),
    ),
    lines(
        two("Chậm trễ", "Lag"),
        two("Tuổi của bản ghi chưa ghi kho, chưa xét lỗi.", "Age of the oldest record not stored, not examined."),
        "s",
        [field_over_time(COLLECTOR, "writer_lag_s", two("ghi kho", "storing"), function="max"),
         field_over_time(COLLECTOR, "detection_lag_s", two("phát hiện", "detection"), function="max")],
        steps=few_is_good(LAG_S / 2, LAG_S),
    ),
    states(
        two("Đã nối với broker", "Connected to the broker"),
        two("Từng bộ thu thập theo thời gian.", "Each collector over time."), [state_of("broker_connected")],
    ),
    states(
        two("Theo kịp luồng số liệu", "Stream is live"),
        two("Từng bộ thu thập theo thời gian.", "Each collector over time."), [state_of("caught_up")],
    ),
    states(
        two("Kho số liệu không ghi được", "Telemetry store cannot be written"),
        two("Từng bộ thu thập theo thời gian.", "Each collector over time."), [state_of("writer_failing")],
    ),
    lines(
        two("Thiết bị gửi quá nhiều", "Devices limited for flooding"),
        two("Số thiết bị đang bị hạn chế.", "Devices that are being limited."),
        "short", [field_over_time(COLLECTOR, "limited_device_count", two("thiết bị", "devices"), function="max")],
        steps=few_is_good(1, 10),
    ),
]  # fmt: skip

_OPERATIONS = [
    stacked(
        two("Bản tin bị từ chối theo lý do", "Dead letters by reason"),
        two("Mỗi phút.", "Each minute."),
        "short",
        [DEAD_LETTERS],
    ),
    bars(
        two("Thông báo theo trạng thái", "Notifications by state"),
        two("Thông báo đã lập trong kỳ.", "Notifications made in the period."),
        "short",
        NOTIFICATIONS,
        width=12,
    ),
    listing(
        two("Sự cố của hệ thống", "The platform's incidents"),
        two("Sự cố của bộ thu thập và của trung tâm.", "Incidents of collectors and of the centre itself."),
        PLATFORM,
    ),
    figure(
        two("Tuổi của số liệu mới nhất", "Age of the newest reading"),
        two("Của thiết bị vừa gửi gần đây nhất.", "Of the device that spoke last."),
        "s",
        NEWEST_AGE,
        few_is_good(LAG_S, 5 * LAG_S),
    ),
]  # fmt: skip

BOARD = Board(
    id="pipeline",
    title=two("Sức khoẻ hệ thống", "Pipeline health"),
    description=two("Nhận, ghi, xét lỗi, thông báo.", "Intake, storing, detection, notification."),
    rows=[
        Row(title=two("Thu thập", "Intake"), panels=_INTAKE),
        Row(title=two("Vận hành", "Operations"), panels=_OPERATIONS),
    ],
    since="now-6h",
)
