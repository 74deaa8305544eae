"""Loudspeakers: was the programme kept, and what proves that it was heard."""

from grafana.making import device_map, figure, lines, listing, two
from grafana.queries.devices import kept_programme, most_faulty
from grafana.queries.telemetry import by_device, events_over_time, field_over_time, recent_events
from grafana.spec import Board, Row
from grafana.thresholds import few_is_good, many_is_good

__all__ = ["BOARD"]

_SPEAKER = "loudspeaker"
_MINE = "kind = 'loudspeaker'"

_PROGRAMME = [
    figure(
        two("Loa giữ đúng lịch", "Speakers that kept the programme"),
        two("Phần cụm loa không có lỗi sai lịch nào trong kỳ.", "Share of speakers without a fault off programme in the period."),
        "percent",
        kept_programme(_MINE),
        many_is_good(90, 98),
    ),
    figure(
        two("Lượt phát đã kết thúc", "Broadcasts that ended"),
        two("Sự kiện phát do loa tự báo, trong kỳ.", "Broadcast events that speakers reported, in the period."),
        "short", events_over_time("broadcast", two("lượt phát", "broadcasts"), where=" AND \"phase\" = 'ended'"),
    ),
    lines(
        two("Bằng chứng phát", "Proof of play"),
        two("Lượt phát bắt đầu và kết thúc do loa tự báo.", "Broadcasts begun and ended, as speakers reported them."),
        "short",
        [events_over_time("broadcast", two("bắt đầu", "started"), where=" AND \"phase\" = 'started'"),
         events_over_time("broadcast", two("kết thúc", "ended"), where=" AND \"phase\" = 'ended'")],
        width=16,
    ),
    listing(
        two("Lượt phát gần đây", "Recent broadcasts"),
        two("Một trăm sự kiện phát mới nhất.", "The hundred newest broadcast events."),
        recent_events("broadcast", ("programme", "source", "phase")),
    ),
    listing(
        two("Loa có nhiều lỗi nhất", "Speakers with most faults"),
        two("Số lỗi trong kỳ và trạng thái hiện nay.", "Faults in the period, and the present state."),
        most_faulty(_MINE),
    ),
]  # fmt: skip

_HEALTH = [
    lines(
        two("Âm lượng", "Volume"),
        two("Âm lượng đã đặt của từng cụm loa.", "The volume that each speaker is set to."),
        "percent", [by_device(_SPEAKER, "volume_pct")],
    ),
    lines(
        two("Nhiệt độ ampli", "Amplifier temperature"),
        two("Trung bình và cao nhất.", "Mean and highest."),
        "celsius",
        [field_over_time(_SPEAKER, "amp_temp_c", two("trung bình", "mean")),
         field_over_time(_SPEAKER, "amp_temp_c", two("cao nhất", "highest"), function="max")],
        steps=few_is_good(60, 80),
    ),
    lines(
        two("Mất gói luồng phát", "Stream packet loss"),
        two("Trung bình và cao nhất.", "Mean and highest."),
        "percent",
        [field_over_time(_SPEAKER, "stream_loss_pct", two("trung bình", "mean")),
         field_over_time(_SPEAKER, "stream_loss_pct", two("cao nhất", "highest"), function="max")],
        steps=few_is_good(2, 10),
    ),
    device_map(two("Cụm loa theo trạng thái", "Speakers by state"), _MINE),
]  # fmt: skip

BOARD = Board(
    id="speakers",
    title=two("Truyền thanh", "Loudspeakers"),
    description=two(
        "Giữ lịch phát, bằng chứng phát, sức khoẻ loa.", "Programme kept, proof of play, health of speakers."
    ),
    rows=[
        Row(title=two("Lịch phát", "Programme"), panels=_PROGRAMME),
        Row(title=two("Sức khoẻ", "Health"), panels=_HEALTH),
    ],
)
