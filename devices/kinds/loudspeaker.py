"""An IP loudspeaker of a ward's public-address system.

No open data model exists for it; the fields follow what Axis and 2N devices publish and Circular
39/2020/TT-BTTTT's classes of messages.
"""

from devices.description import Attribute, DeviceKind, Field, Label
from devices.quantities import Quantity

KIND = DeviceKind(
    id="loudspeaker",
    label=Label(vi="Cụm loa truyền thanh", en="IP loudspeaker"),
    interval_s=60.0,
    lateness_s=60.0,
    fields=(
        Field(
            name="playing",
            label=Label(vi="Đang phát", en="Playing"),
            value="bool",
        ),
        Field(
            name="muted",
            label=Label(vi="Tắt tiếng", en="Muted"),
            value="bool",
        ),
        Field(
            name="volume_pct",
            label=Label(vi="Âm lượng", en="Volume"),
            quantity=Quantity.SHARE,
            low=0,
            high=100,
        ),
        Field(
            name="programme",
            label=Label(vi="Chương trình đang phát", en="Programme now playing"),
            value="text",
        ),
        Field(
            name="source",
            label=Label(vi="Nguồn phát", en="Source of the stream"),
            value="text",
        ),
        Field(
            name="amp_current_a",
            label=Label(vi="Dòng điện ampli", en="Amplifier current"),
            quantity=Quantity.CURRENT,
            low=0,
            high=50,
            resolution=0.01,
        ),
        Field(
            name="amp_temp_c",
            label=Label(vi="Nhiệt độ ampli", en="Amplifier temperature"),
            quantity=Quantity.TEMPERATURE,
            low=-40,
            high=150,
            resolution=0.1,
        ),
        Field(
            name="supply_v",
            label=Label(vi="Điện áp nguồn", en="Supply voltage"),
            quantity=Quantity.VOLTAGE,
            low=0,
            high=500,
            resolution=0.1,
        ),
        Field(
            name="signal_dbm",
            label=Label(vi="Sóng di động", en="Mobile signal"),
            quantity=Quantity.SIGNAL,
            low=-150,
            high=0,
        ),
        Field(
            name="stream_loss_pct",
            label=Label(vi="Mất gói luồng phát", en="Stream packet loss"),
            quantity=Quantity.SHARE,
            low=0,
            high=100,
            resolution=0.1,
        ),
        Field(
            name="casing_open",
            label=Label(vi="Vỏ loa bị mở", en="Casing open"),
            value="bool",
        ),
        Field(
            name="registered",
            label=Label(vi="Đã đăng ký luồng hoặc SIP", en="Registered at its stream or SIP server"),
            value="bool",
        ),
        Field(
            name="self_test_passed",
            label=Label(vi="Tự kiểm tra đạt", en="Last self-test passed"),
            value="bool",
        ),
        Field(
            name="calibrated",
            label=Label(vi="Đã hiệu chỉnh để tự kiểm tra", en="Calibrated for its self-test"),
            value="bool",
        ),
        Field(
            name="schedule_version",
            label=Label(vi="Phiên bản lịch phát", en="Schedule applied"),
            value="text",
        ),
        Field(
            name="last_played",
            label=Label(vi="Nội dung phát gần nhất", en="Last played"),
            value="text",
        ),
        Field(
            name="buffer_underrun_count",
            label=Label(vi="Số lần cạn bộ đệm", en="Buffer underruns"),
            value="int",
            quantity=Quantity.COUNT,
            low=0,
        ),
        Field(
            name="storage_free_mb",
            label=Label(vi="Thẻ nhớ còn trống", en="Free storage"),
            quantity=Quantity.MEGABYTES,
            low=0,
            high=10000000,
        ),
        Field(
            name="battery_pct",
            label=Label(vi="Pin", en="Battery"),
            quantity=Quantity.SHARE,
            low=0,
            high=100,
        ),
        Field(
            name="clock_offset_ms",
            label=Label(vi="Lệch đồng hồ", en="Clock offset"),
            quantity=Quantity.LATENCY,
            low=-86400000,
            high=86400000,
        ),
        Field(
            name="uptime_s",
            label=Label(vi="Thời gian chạy", en="Uptime"),
            quantity=Quantity.DURATION,
            low=0,
            high=3200000000,
        ),
        Field(
            name="device_status",
            label=Label(vi="Trạng thái thiết bị tự báo", en="Status the device reports"),
            value="text",
        ),
    ),
    attributes=(
        Attribute(
            name="rated_w",
            label=Label(vi="Công suất loa", en="Rated power"),
            quantity=Quantity.POWER,
        ),
        Attribute(
            name="nominal_v",
            label=Label(vi="Điện áp danh định", en="Nominal supply voltage"),
            quantity=Quantity.VOLTAGE,
            default=24.0,
        ),
    ),
)
