"""Traffic: flow, speeds, suspected violations by place and type, and what waits for officers. Never a plate."""

from grafana.making import bars, device_map, figure, lines, listing, stacked, two
from grafana.queries import violations
from grafana.queries.telemetry import events_over_time, field_over_time
from grafana.spec import Board, Row
from grafana.thresholds import few_is_good

__all__ = ["BOARD"]

_MINE = "kind = 'traffic-camera'"

_FLOW = [
    figure(
        two("Lượt xe qua camera", "Passages"),
        two("Lượt xe mà camera ghi nhận trong kỳ.", "Passages that cameras recorded in the period."),
        "short", events_over_time("passage", two("lượt xe", "passages")),
    ),
    stacked(
        two("Lưu lượng theo phường", "Flow by ward"),
        two("Lượt xe qua các camera trong mỗi bước thời gian.", "Passages at all cameras in each step."),
        "short", [events_over_time("passage", None, by="area")], width=20,
    ),
    lines(
        two("Lưu lượng theo camera", "Flow by camera"),
        two("Lượt xe qua từng camera.", "Passages at each camera."),
        "short", [events_over_time("passage", None, by="device")], width=24,
    ),
]  # fmt: skip

_VIOLATIONS = [
    figure(
        two("Chờ xem xét", "To review"),
        two("Nghi vấn mà chưa cán bộ nào quyết định.", "Suspicions that no officer has decided yet."),
        "short", violations.TO_REVIEW, few_is_good(100, 1000),
    ),
    figure(
        two("Chờ lâu nhất", "Waiting longest"),
        two("Tuổi của nghi vấn lâu nhất chưa được quyết định.", "Age of the oldest suspicion not decided yet."),
        "s", violations.OLDEST_AGE,
        few_is_good(86_400, 259_200),
    ),
    stacked(
        two("Nghi vấn mỗi giờ", "Suspected violations each hour"),
        two("Theo loại. Chỉ là nghi vấn cho đến khi cán bộ quyết định.",
            "By type. Suspected until an officer decides."),
        "short", [violations.EACH_HOUR], width=16,
    ),
    listing(
        two("Theo nơi và loại", "By place and type"),
        two("Số nghi vấn trong kỳ ở mỗi camera.", "Suspected violations of the period at each camera."),
        violations.BY_PLACE,
    ),
    bars(
        two("Vượt quá giới hạn", "Over the limit"),
        two("Số nghi vấn quá tốc độ, theo mức vượt (km/h).", "Suspected speeding, by km/h over the limit."),
        "short",
        violations.OVER_LIMIT,
        width=12,
    ),
    lines(
        two("Tốc độ của nghi vấn", "Speed of suspicions"),
        two("Tốc độ trung bình của nghi vấn quá tốc độ mỗi giờ. Không phải tốc độ của dòng xe.",
            "Mean speed of suspected speeding each hour. It is not the speed of the traffic."),
        "velocitykmh",
        [violations.MEAN_SPEED],
    ),
    bars(
        two("Theo loại xe", "By class of vehicle"),
        two("Số nghi vấn trong kỳ.", "Suspected violations of the period."),
        "short",
        violations.BY_VEHICLE,
        width=12,
    ),
]  # fmt: skip

_CAMERAS = [
    lines(
        two("Hình mỗi giây", "Frames a second"),
        two("Trung bình và thấp nhất; camera chậm thì không ghi được xe nhanh.",
            "Mean and lowest; a slow camera misses fast vehicles."),
        "suffix: 1/s",
        [field_over_time("traffic_camera", "camera_fps", two("trung bình", "mean")),
         field_over_time("traffic_camera", "camera_fps", two("thấp nhất", "lowest"), function="min")],
    ),
    device_map(two("Camera theo trạng thái", "Cameras by state"), _MINE),
]  # fmt: skip

BOARD = Board(
    id="traffic",
    title=two("Giao thông", "Traffic"),
    description=two("Lưu lượng, nghi vấn vi phạm, việc chờ xem xét. Không có biển số.",
                    "Flow, suspected violations, what waits for review. No plates."),
    rows=[
        Row(title=two("Lưu lượng", "Flow"), panels=_FLOW),
        Row(title=two("Nghi vấn vi phạm", "Suspected violations"), panels=_VIOLATIONS),
        Row(title=two("Camera", "Cameras"), panels=_CAMERAS),
    ],
)  # fmt: skip
