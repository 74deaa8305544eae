"""The board of a kind of device, made from its description: a new kind gets its board with nothing edited."""

from collections.abc import Iterator
from dataclasses import replace

from devices.description import DeviceKind
from devices.quantities import Quantity
from grafana.making import bars, device_map, figure, lines, listing, stacked, two
from grafana.names import Source
from grafana.queries.devices import by_state, choice_of_kind, most_faulty, share_ok
from grafana.queries.faults import open_of_kind, raised
from grafana.queries.operations import one
from grafana.queries.platform import COLLECTOR
from grafana.queries.telemetry import CHOSEN, fields_over_time, latest
from grafana.spec import Board, Panel, Row, Variable
from grafana.thresholds import few_is_good, many_is_good
from grafana.units import unit_of

__all__ = ["kind_board"]

_NUMERIC = frozenset({"float", "int"})
_WORDS_A_TABLE = 12
_FAMILIES = (
    (two("Công suất", "Power"), {Quantity.POWER, Quantity.REACTIVE_POWER, Quantity.APPARENT_POWER}),
    (two("Điện năng", "Energy"), {Quantity.ENERGY, Quantity.REACTIVE_ENERGY, Quantity.APPARENT_ENERGY}),
    (two("Điện áp", "Voltage"), {Quantity.VOLTAGE}),
    (two("Dòng điện", "Current"), {Quantity.CURRENT}),
    (two("Tần số", "Frequency"), {Quantity.FREQUENCY}),
    (two("Môi trường", "Surroundings"), {Quantity.TEMPERATURE, Quantity.ILLUMINANCE}),
    (two("Sóng", "Radio"), {Quantity.SIGNAL, Quantity.LEVEL, Quantity.RADIO_FREQUENCY}),
    (two("Dữ liệu", "Data"), {Quantity.BYTES, Quantity.DATA_RATE}),
    (two("Thời gian", "Times"), {Quantity.DURATION, Quantity.LATENCY, Quantity.HOURS}),
    (two("Tốc độ", "Speed"), {Quantity.SPEED}),
    (two("Hình mỗi giây", "Frames a second"), {Quantity.FRAME_RATE}),
    (
        two("Mức và số đếm", "Levels and counts"),
        {Quantity.SHARE, Quantity.RATIO, Quantity.COUNT, Quantity.CODE, Quantity.MEGABYTES},
    ),
)
"""What is shown together: quantities of one family, each in its unit. Every quantity has one."""


def kind_board(kind: DeviceKind) -> Board:
    """State, faults, numbers by quantity and newest words of all devices of a kind, or of one."""
    mine = f"kind = '{kind.id}'"
    return Board(
        id=f"kind-{kind.id}",
        title=kind.label,
        description=two("Mọi thiết bị thuộc loại này, hoặc một thiết bị.", "All devices of this kind, or one of them."),
        rows=[
            Row(title=two("Trạng thái và lỗi", "State and faults"), panels=_state(mine)),
            Row(title=two("Số liệu", "Measurements"), panels=list(_measurements(kind))),
            *_place(kind, mine),
        ],
        variables=[
            Variable(
                name="device", title=two("Thiết bị", "Device"), source=Source.OPERATIONS, has_all=True,
                query=choice_of_kind(mine),
            )
        ],
    )  # fmt: skip


def _place(kind: DeviceKind, mine: str) -> list[Row]:
    """A map, where devices of the kind have places: collectors are in no street."""
    if kind.id == COLLECTOR:
        return []
    where = device_map(two("Vị trí và trạng thái", "Where and how"), mine, width=24)
    return [Row(title=two("Bản đồ", "Map"), panels=[where])]


def _state(mine: str) -> list[Panel]:
    return [
        figure(
            two("Thiết bị", "Devices"),
            two("Có trong sổ đăng ký.", "In the registry."), "short", one("count(*)", "devices", mine),
        ),
        figure(
            two("Không có lỗi", "Without a fault"),
            two("Phần thiết bị không có lỗi mở.", "Share of devices without an open fault."),
            "percent",
            share_ok(mine),
            many_is_good(90, 97),
        ),
        figure(
            two("Lỗi đang mở", "Open faults"),
            two("Lỗi chưa hết.", "Faults that have not ended."),
            "short", open_of_kind(mine), few_is_good(1, 50),
        ),
        bars(
            two("Theo trạng thái", "By state"),
            two("Số thiết bị ở mỗi trạng thái.", "How many devices are in each state."),
            "short",
            by_state(mine),
            width=12,
        ),
        stacked(
            two("Lỗi mới mỗi giờ", "Faults raised each hour"),
            two("Theo quy tắc.", "By rule."),
            "short", [raised(mine)],
        ),
        listing(
            two("Thiết bị có nhiều lỗi nhất", "Devices with most faults"),
            two("Số lỗi trong kỳ, trạng thái hiện nay và số liệu mới nhất.",
                "Faults in the period, the present state and the newest reading."),
            most_faulty(mine),
        ),
    ]  # fmt: skip


def _measurements(kind: DeviceKind) -> Iterator[Panel]:
    """A panel for each family of quantities that the kind measures, then the newest truth values and texts."""
    for name, quantities in _FAMILIES:
        fields = [one for one in kind.fields if one.value in _NUMERIC and one.quantity in quantities]
        if fields:
            yield replace(
                lines(
                    name,
                    two("Trung bình của các thiết bị đã chọn; giá trị nào không thiết bị nào gửi thì không có đường.",
                        "Mean over the chosen devices; what none of them sends has no line."),
                    unit_of(fields[0].quantity),
                    [fields_over_time(kind.table, fields, where=CHOSEN)],
                ),
                units={one.label: unit_of(one.quantity) for one in fields},
            )  # fmt: skip
    words = tuple(field for field in kind.fields if field.value not in _NUMERIC)[:_WORDS_A_TABLE]
    if words:
        yield listing(
            two("Trạng thái mới nhất", "Newest states"),
            two("Giá trị mới nhất trong kỳ của các thiết bị đã chọn, năm mươi thiết bị.",
                "Newest values of the period of the chosen devices, fifty of them."),
            latest(kind, words), width=24,
        )  # fmt: skip
