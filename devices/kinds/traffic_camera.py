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
        Field(
            name="process_fps",
            label=Label(vi="Số khung hình xử lý", en="Frames processed"),
            quantity=Quantity.FRAME_RATE,
            low=0,
            high=240,
            resolution=0.1,
        ),
        Field(
            name="detection_fps",
            label=Label(vi="Số khung hình nhận dạng", en="Frames searched for objects"),
            quantity=Quantity.FRAME_RATE,
            low=0,
            high=1000,
            resolution=0.1,
        ),
        Field(
            name="blurry",
            label=Label(vi="Hình mờ", en="Picture too blurry"),
            value="bool",
        ),
        Field(
            name="too_dark",
            label=Label(vi="Hình quá tối", en="Picture too dark"),
            value="bool",
        ),
        Field(
            name="too_bright",
            label=Label(vi="Hình quá sáng", en="Picture too bright"),
            value="bool",
        ),
        Field(
            name="scene_changed",
            label=Label(vi="Khung cảnh thay đổi", en="Scene changed, perhaps turned away"),
            value="bool",
        ),
        Field(
            name="impaired_visibility",
            label=Label(vi="Tầm nhìn bị giảm", en="Visibility impaired"),
            value="bool",
        ),
        Field(
            name="storage_failed",
            label=Label(vi="Hỏng bộ lưu trữ", en="Storage failure"),
            value="bool",
        ),
        Field(
            name="fan_failed",
            label=Label(vi="Hỏng quạt", en="Fan failure"),
            value="bool",
        ),
        Field(
            name="power_supply_failed",
            label=Label(vi="Hỏng nguồn", en="Power supply failure"),
            value="bool",
        ),
        Field(
            name="temperature_critical",
            label=Label(vi="Nhiệt độ tới hạn", en="Temperature critical"),
            value="bool",
        ),
        Field(
            name="washer_low",
            label=Label(vi="Thiếu nước rửa", en="Washer liquid low"),
            value="bool",
        ),
        Field(
            name="storage_free_mb",
            label=Label(vi="Bộ lưu trữ còn trống", en="Free storage"),
            quantity=Quantity.MEGABYTES,
            low=0,
            high=1000000000,
        ),
        Field(
            name="cpu_pct",
            label=Label(vi="Bộ xử lý", en="Processor load"),
            quantity=Quantity.SHARE,
            low=0,
            high=100,
        ),
        Field(
            name="battery_pct",
            label=Label(vi="Pin", en="Battery"),
            quantity=Quantity.SHARE,
            low=0,
            high=100,
        ),
        Field(
            name="uptime_s",
            label=Label(vi="Thời gian chạy", en="Uptime"),
            quantity=Quantity.DURATION,
            low=0,
            high=3200000000,
        ),
        Field(
            name="auth_failure_count",
            label=Label(vi="Đăng nhập sai", en="Failed logins"),
            value="int",
            quantity=Quantity.COUNT,
            low=0,
        ),
        Field(
            name="link_up",
            label=Label(vi="Cổng mạng hoạt động", en="Network link up"),
            value="bool",
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
