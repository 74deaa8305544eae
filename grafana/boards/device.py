"""One device: any of its fields over time with its faults marked, its faults, its newest readings."""

from grafana.making import device_map, figure, lines, listing, two
from grafana.names import Source
from grafana.queries.devices import AGE_OF_DEVICE, CHOICE, CHOICE_OF_FIELDS, DEVICE, MEASUREMENT_OF_CHOICE
from grafana.queries.faults import MARKS, OF_DEVICE, OPEN_OF_DEVICE
from grafana.queries.telemetry import one_device
from grafana.spec import Annotation, Board, Row, Variable
from grafana.thresholds import few_is_good

__all__ = ["BOARD"]

BOARD = Board(
    id="device",
    title=two("Một thiết bị", "One device"),
    description=two("Giá trị theo thời gian, lỗi được đánh dấu, số liệu mới nhất.",
                    "Values over time, faults marked, newest readings."),
    rows=[
        Row(
            title=two("Thiết bị", "Device"),
            panels=[
                figure(
                    two("Lỗi đang mở", "Open faults"),
                    two("Số lỗi của thiết bị chưa hết.", "Faults of the device that have not ended."),
                    "short", OPEN_OF_DEVICE, few_is_good(1, 2),
                ),
                figure(
                    two("Tuổi của số liệu", "Age of the newest reading"),
                    two("Từ lúc nhận số liệu mới nhất.", "Since the newest reading was received."),
                    "s", AGE_OF_DEVICE,
                    few_is_good(600, 3600),
                ),
                listing(
                    two("Thông tin", "What it is"),
                    two("Theo sổ đăng ký.", "As the registry has it."),
                    DEVICE,
                    width=16,
                ),
            ],
        ),
        Row(
            title=two("Giá trị", "Values"),
            panels=[
                lines(
                    two("${field:text}", "${field:text}"),
                    two("Trung bình, thấp nhất và cao nhất của mỗi bước; lỗi được đánh dấu.",
                        "Mean, lowest and highest of each step; faults are marked."),
                    "none", [one_device("mean"), one_device("min"), one_device("max")], width=24,
                ),
            ],
        ),
        Row(
            title=two("Lỗi", "Faults"),
            panels=[
                listing(
                    two("Lỗi của thiết bị", "The device's faults"),
                    two("Mọi lỗi, mới nhất trước.", "All faults, newest first."),
                    OF_DEVICE,
                ),
                device_map(two("Vị trí", "Where it is"), "id = ${device:sqlstring}"),
            ],
        ),
    ],
    variables=[
        Variable(
            name="device", title=two("Thiết bị", "Device"), source=Source.OPERATIONS,
            query=CHOICE,
        ),
        Variable(
            name="measurement", title=two("Loại", "Kind"), source=Source.OPERATIONS, is_hidden=True,
            query=MEASUREMENT_OF_CHOICE,
        ),
        Variable(name="field", title=two("Giá trị", "Field"), source=Source.OPERATIONS, query=CHOICE_OF_FIELDS),
    ],
    annotations=[
        Annotation(
            title=two("Lỗi", "Faults"), color="red",
            query=MARKS,
        ),
    ],
)  # fmt: skip
