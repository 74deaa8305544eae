"""A traffic camera's own health; what it sees travels as passage events.

Fields after Frigate's metrics and ONVIF's health topics.
"""

from devices.description import Attribute, DeviceKind, Field, Label
from devices.quantities import Quantity

KIND = DeviceKind(
    id="traffic-camera",
    label=Label(vi="Camera giao thông", en="Traffic camera"),
    interval_s=60.0,
    lateness_s=10.0,
    fields=(
        Field(
            name="stream_up",
            label=Label(vi="Luồng hình hoạt động", en="Stream up"),
            value="bool",
        ),
        Field(
            name="camera_fps",
            label=Label(vi="Tốc độ khung hình", en="Frame rate"),
            quantity=Quantity.FRAME_RATE,
            low=0,
            high=240,
            resolution=0.1,
        ),
        Field(
            name="skipped_fps",
            label=Label(vi="Khung hình bị bỏ", en="Skipped frames"),
            quantity=Quantity.FRAME_RATE,
            low=0,
            high=240,
            resolution=0.1,
        ),
        Field(
            name="luminance_pct",
            label=Label(vi="Độ sáng hình", en="Picture luminance"),
            quantity=Quantity.SHARE,
            low=0,
            high=100,
        ),
        Field(
            name="frame_hash",
            label=Label(vi="Mã băm khung hình", en="Hash of the last frame"),
            value="text",
        ),
        Field(
            name="clock_offset_ms",
            label=Label(vi="Lệch đồng hồ", en="Clock offset to NTP"),
            quantity=Quantity.LATENCY,
        ),
        Field(
            name="storage_free_pct",
            label=Label(vi="Bộ nhớ còn trống", en="Storage free"),
            quantity=Quantity.SHARE,
            low=0,
            high=100,
        ),
        Field(
            name="temp_c",
            label=Label(vi="Nhiệt độ", en="Temperature"),
            quantity=Quantity.TEMPERATURE,
            low=-40,
            high=125,
            resolution=0.1,
        ),
    ),
    attributes=(
        Attribute(
            name="site",
            label=Label(vi="Nơi lắp đặt", en="Where it stands: junction or school-gate"),
            value="text",
        ),
        Attribute(
            name="has_signal",
            label=Label(vi="Có đèn tín hiệu", en="Traffic lights at its stop line"),
            value="bool",
        ),
        Attribute(
            name="limit_kmh",
            label=Label(vi="Tốc độ cho phép", en="Speed limit"),
            quantity=Quantity.SPEED,
        ),
        Attribute(
            name="mpe_kmh",
            label=Label(vi="Sai số cho phép của thiết bị", en="Maximum permissible error of the speed meter"),
            quantity=Quantity.SPEED,
        ),
        Attribute(
            name="calibrated_from",
            label=Label(vi="Kiểm định từ ngày", en="Calibration valid from (ISO date and time)"),
            value="text",
        ),
        Attribute(
            name="calibrated_until",
            label=Label(vi="Kiểm định đến ngày", en="Calibration valid until (ISO date and time)"),
            value="text",
        ),
        Attribute(
            name="calibration_certificate",
            label=Label(vi="Số giấy kiểm định", en="Calibration certificate"),
            value="text",
        ),
    ),
)
