"""Panels in a few words: what boards are made of."""

from collections.abc import Sequence
from dataclasses import replace

from devices.description import Label
from grafana.queries.devices import on_map
from grafana.spec import Panel, Query, Step, Visual
from grafana.thresholds import PLAIN

__all__ = [
    "COLUMNS",
    "DEVICE_STATES",
    "bars",
    "device_map",
    "figure",
    "lines",
    "listing",
    "stacked",
    "states",
    "two",
]


def two(vi: str, en: str) -> Label:
    """A text in both languages."""
    return Label(vi=vi, en=en)


COLUMNS = {
    "device": two("Thiết bị", "Device"),
    "kind": two("Loại", "Kind"),
    "area": two("Phường", "Ward"),
    "street": two("Đường", "Street"),
    "state": two("Trạng thái", "State"),
    "severity": two("Mức độ", "Severity"),
    "number": two("Số", "Number"),
    "what": two("Sự cố", "What"),
    "since": two("Từ lúc", "Since"),
    "cleared": two("Hết lúc", "Cleared"),
    "crew": two("Đội", "Crew"),
    "faults": two("Số lỗi", "Faults"),
    "devices": two("Số thiết bị", "Devices"),
    "incidents": two("Số sự cố", "Incidents"),
    "violations": two("Số vi phạm nghi vấn", "Suspected violations"),
    "type": two("Loại vi phạm", "Type"),
    "age": two("Thời gian mở", "Age"),
    "measured": two("Số liệu lúc", "Last reading"),
    "letters": two("Số bản tin", "Letters"),
    "reason": two("Lý do", "Reason"),
    "channel": two("Kênh", "Channel"),
    "notifications": two("Số thông báo", "Notifications"),
    "rule": two("Quy tắc", "Rule"),
    "Time": two("Lúc", "Time"),
    "time": two("Lúc", "Time"),
    "programme": two("Chương trình", "Programme"),
    "source": two("Nguồn phát", "Source"),
    "phase": two("Giai đoạn", "Phase"),
    "spread": two("Tăng thêm", "Grown by"),
    "latitude": two("Vĩ độ", "Latitude"),
    "longitude": two("Kinh độ", "Longitude"),
}
"""Words for columns, wherever they are shown."""

DEVICE_STATES = {
    "ok": (two("bình thường", "ok"), "green"),
    "minor": (two("lỗi nhẹ", "minor fault"), "yellow"),
    "major": (two("lỗi lớn", "major fault"), "orange"),
    "critical": (two("nghiêm trọng", "critical fault"), "red"),
    "silent": (two("mất liên lạc", "silent"), "purple"),
    "never-seen": (two("chưa từng gửi", "never seen"), "#808080"),
    "not-in-service": (two("không vận hành", "not in service"), "blue"),
}


def figure(title: Label, description: Label, unit: str, query: Query, steps: Sequence[Step] = PLAIN) -> Panel:
    """One large figure."""
    return Panel(
        title=title, description=description, visual=Visual.STAT, unit=unit, queries=[query], width=4,
        height=5, steps=steps, decimals=1 if unit in {"s", "percent"} else None,
    )  # fmt: skip


def lines(
    title: Label, description: Label, unit: str, queries: Sequence[Query], *, width: int = 12,
    steps: Sequence[Step] = PLAIN,
) -> Panel:  # fmt: skip
    """Figures over time."""
    return Panel(
        title=title, description=description, visual=Visual.LINES, unit=unit, queries=queries, width=width,
        steps=steps,
    )  # fmt: skip


def stacked(
    title: Label, description: Label, unit: str, queries: Sequence[Query], *, width: int = 12
) -> Panel:
    """Figures over time, one upon the other: their height is the sum."""
    return replace(lines(title, description, unit, queries, width=width), is_stacked=True)


def bars(title: Label, description: Label, unit: str, query: Query, *, width: int = 8) -> Panel:
    """A bar for each row: the first column names it, the second is its length."""
    return Panel(
        title=title, description=description, visual=Visual.BARS, unit=unit, queries=[query], width=width,
        columns=COLUMNS, states=DEVICE_STATES,
    )  # fmt: skip


def listing(title: Label, description: Label, query: Query, *, unit: str = "none", width: int = 12) -> Panel:
    """Rows; a device in them leads to its board, its faults and the API."""
    return Panel(
        title=title, description=description, visual=Visual.TABLE, unit=unit, queries=[query], width=width,
        height=9, columns=COLUMNS, states=DEVICE_STATES,
    )  # fmt: skip


def states(title: Label, description: Label, queries: Sequence[Query], *, width: int = 12) -> Panel:
    """Truth values and words over time, as coloured bands."""
    return Panel(
        title=title, description=description, visual=Visual.STATES, unit="none", queries=queries, width=width
    )


def device_map(title: Label, where: str = "true", *, width: int = 12) -> Panel:
    """Where devices are, coloured by state; it wants nothing of the internet."""
    return Panel(
        title=title,
        description=two(
            "Mỗi chấm là một thiết bị, màu theo trạng thái. Bản đồ không tải gì từ internet.",
            "Each dot is a device, coloured by its state. The map loads nothing from the internet.",
        ),
        visual=Visual.MAP, unit="none", queries=[on_map(where)], width=width, height=14,
        columns=COLUMNS, states=DEVICE_STATES,
    )  # fmt: skip
