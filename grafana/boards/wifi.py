"""Public Wi-Fi: users, availability, backhaul."""

from grafana.making import device_map, figure, lines, listing, stacked, two
from grafana.queries.devices import share_ok
from grafana.queries.faults import raised
from grafana.queries.telemetry import field_over_time, rate, summed, worst
from grafana.spec import Board, Row
from grafana.thresholds import few_is_good, many_is_good

__all__ = ["BOARD"]

_AP = "wifi_ap"
_MINE = "kind = 'wifi-ap'"

_USERS = [
    figure(
        two("Điểm phát bình thường", "Access points without a fault"),
        two("Phần điểm phát đang vận hành không có lỗi mở.", "Share of access points in service without an open fault."),
        "percent",
        share_ok(_MINE),
        many_is_good(95, 99),
    ),
    stacked(
        two("Người dùng", "Users"),
        two("Tổng số thiết bị đang kết nối, theo phường.", "Clients connected, by ward."),
        "short", [summed(_AP, ["client_count"], two("$tag_area", "$tag_area"), by_area=True)],
        width=20,
    ),
    lines(
        two("Lưu lượng", "Traffic"),
        two("Byte mỗi giây qua tất cả điểm phát.", "Bytes a second through all access points."),
        "Bps",
        [rate(_AP, "rx_bytes", two("nhận", "received")), rate(_AP, "tx_bytes", two("gửi", "sent"))],
    ),
    lines(
        two("Xác thực lỗi", "Authentication failures"),
        two("Số lần mỗi giây; nhiều là có người dò mật khẩu.", "By the second; many mean that somebody tries passwords."),
        "cps", [rate(_AP, "auth_failure_count", two("lần lỗi", "failures"))],
    ),
]  # fmt: skip

_BACKHAUL = [
    lines(
        two("Độ trễ đường truyền", "Backhaul round trip"),
        two("Trung bình và phân vị 95 của các điểm phát.", "Mean and 95th percentile over access points."),
        "ms",
        [field_over_time(_AP, "backhaul_rtt_ms", two("trung bình", "mean")),
         field_over_time(_AP, "backhaul_rtt_ms", two("cao nhất", "highest"), function="max")],
        steps=few_is_good(100, 300),
    ),
    lines(
        two("Mất gói đường truyền", "Backhaul packet loss"),
        two("Trung bình và cao nhất.", "Mean and highest."),
        "percent",
        [field_over_time(_AP, "backhaul_loss_pct", two("trung bình", "mean")),
         field_over_time(_AP, "backhaul_loss_pct", two("cao nhất", "highest"), function="max")],
        steps=few_is_good(1, 5),
    ),
    listing(
        two("Điểm phát mất gói nhiều nhất", "Access points by packet loss"),
        two("Mất gói trung bình trong kỳ của từng điểm phát.", "Mean loss of each access point in the period."),
        worst(_AP, "backhaul_loss_pct", "mean"), unit="percent",
    ),
    stacked(
        two("Lỗi mỗi giờ", "Faults each hour"),
        two("Lỗi của điểm phát, theo quy tắc.", "Faults of access points, by rule."),
        "short", [raised(_MINE)],
    ),
    device_map(two("Điểm phát theo trạng thái", "Access points by state"), _MINE, width=24),
]  # fmt: skip

BOARD = Board(
    id="wifi",
    title=two("Wi-Fi công cộng", "Public Wi-Fi"),
    description=two("Người dùng, sẵn sàng, đường truyền.", "Users, availability, backhaul."),
    rows=[
        Row(title=two("Người dùng", "Users"), panels=_USERS),
        Row(title=two("Đường truyền", "Backhaul"), panels=_BACKHAUL),
    ],
)
