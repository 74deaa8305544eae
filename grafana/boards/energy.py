"""Street lighting energy: measured, expected, and saved against a stated baseline."""

from grafana.making import bars, figure, lines, listing, two
from grafana.names import Source
from grafana.queries.devices import MEAN_RATED_W, RATED_BY_AREA, share_faulty
from grafana.queries.telemetry import field_over_time, grown, grown_by_device, summed
from grafana.spec import Board, Row, Variable
from grafana.thresholds import BASELINE_LAMP_W, many_is_good

__all__ = ["BOARD"]

_LAMP = "streetlight"
_CABINET = "lighting_cabinet"
_PHASES = ("power_l1_w", "power_l2_w", "power_l3_w")

_ENERGY = [
    lines(
        two("Điện năng đèn: đo được và dự kiến", "Energy of lamps: measured and expected"),
        two("Đo được: công tơ của đèn. Dự kiến: giờ thắp sáng nhân công suất định mức trung bình (${rated_w:text} W). "
            "Mốc so sánh: giờ thắp sáng nhân $baseline_w W.",
            "Measured: the lamps' meters. Expected: burning hours times the mean rated power (${rated_w:text} W). "
            "Baseline: burning hours times $baseline_w W."),
        "kwatth",
        [grown(_LAMP, "energy_kwh", two("đo được", "measured")),
         grown(_LAMP, "burning_h", two("dự kiến", "expected"), factor=" * $rated_w / 1000"),
         grown(_LAMP, "burning_h", two("mốc so sánh", "baseline"), factor=" * $baseline_w / 1000")],
        width=24,
    ),
    lines(
        two("Giờ thắp sáng", "Burning hours"),
        two("Tổng giờ thắp sáng của các đèn trong mỗi bước thời gian.", "Hours that all lamps burned, in each step."),
        "h", [grown(_LAMP, "burning_h", two("giờ đèn", "lamp hours"))],
    ),
    lines(
        two("Công suất", "Power"),
        two("Tổng công suất của đèn và của tủ điều khiển.", "Power of all lamps, and of all cabinets."),
        "watt",
        [summed(_LAMP, ["power_w"], two("đèn", "lamps")), summed(_CABINET, _PHASES, two("tủ", "cabinets"))],
    ),
    lines(
        two("Mức sáng và mức được lệnh", "Dim level"),
        two("Mức sáng trung bình của các đèn.", "Mean dim level of the lamps."),
        "percent", [field_over_time(_LAMP, "dim_pct", two("mức sáng", "dim level"))],
    ),
    lines(
        two("Hệ số công suất", "Power factor"),
        two("Trung bình của đèn và tủ; dưới 0,9 ngành điện có thể tính tiền phản kháng.",
            "Mean of lamps and cabinets; below 0.9 the utility may charge for reactive energy."),
        "none",
        [field_over_time(_LAMP, "power_factor_ratio", two("đèn", "lamps")),
         field_over_time(_CABINET, "power_factor_ratio", two("tủ", "cabinets"))],
    ),
]  # fmt: skip

_DEVICES = [
    listing(
        two("Điện năng theo tủ", "Energy by cabinet"),
        two("Điện năng mỗi tủ đã dùng trong kỳ.", "What each cabinet used in the period."),
        grown_by_device(_CABINET, "energy_kwh"), unit="kwatth",
    ),
    bars(
        two("Công suất định mức theo phường", "Rated power by ward"),
        two("Tổng công suất định mức của đèn đang vận hành.", "Rated power of lamps in service, added up."),
        "watt",
        RATED_BY_AREA,
    ),
    figure(
        two("Đèn có lỗi", "Lamps with a fault"),
        two("Phần đèn đang vận hành có lỗi mở.", "Share of lamps in service with an open fault."),
        "percent",
        share_faulty("kind = 'streetlight'"),
        (many_is_good(90, 97)[2],),
    ),
]  # fmt: skip

BOARD = Board(
    id="energy",
    title=two("Điện năng chiếu sáng", "Street lighting energy"),
    description=two("kWh, giờ thắp sáng, dự kiến và đo được, tiết kiệm so với mốc.",
                    "kWh, burning hours, expected and measured, savings against a baseline."),
    rows=[
        Row(title=two("Điện năng", "Energy"), panels=_ENERGY),
        Row(title=two("Thiết bị", "Devices"), panels=_DEVICES),
    ],
    variables=[
        Variable(
            name="rated_w", title=two("Công suất định mức trung bình (W)", "Mean rated power (W)"),
            source=Source.OPERATIONS, is_hidden=True,
            query=MEAN_RATED_W,
        ),
        Variable(
            name="baseline_w", title=two("Mốc: W mỗi đèn trước cải tạo", "Baseline: W a lamp before renewal"),
            query=str(BASELINE_LAMP_W),
        ),
    ],
    since="now-7d",
)  # fmt: skip
