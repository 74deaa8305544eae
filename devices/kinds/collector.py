"""Our own collector, a device among the others: its state is stored, watched and explained alike."""

from devices.description import DeviceKind, Field, Label
from devices.quantities import Quantity

KIND = DeviceKind(
    id="collector",
    label=Label(vi="Bộ thu thập dữ liệu", en="Telemetry collector"),
    interval_s=10.0,
    lateness_s=10.0,
    fields=(
        Field(
            name="broker_connected",
            label=Label(vi="Đã nối với broker", en="Connected to the broker"),
            value="bool",
        ),
        Field(
            name="caught_up",
            label=Label(vi="Đã theo kịp luồng dữ liệu", en="Stream is live"),
            value="bool",
        ),
        Field(
            name="broker_dropped_count",
            label=Label(vi="Bản tin broker đã bỏ", en="Messages the broker dropped"),
            value="int",
            quantity=Quantity.COUNT,
            low=0,
        ),
        Field(
            name="journal_fill_pct",
            label=Label(vi="Nhật ký đã đầy", en="Journal full to"),
            quantity=Quantity.SHARE,
            low=0,
            high=100,
            resolution=0.1,
        ),
        Field(
            name="journal_blocked",
            label=Label(
                vi="Nhật ký hết chỗ, ngừng xác nhận", en="Journal without room, nothing acknowledged"
            ),
            value="bool",
        ),
        Field(
            name="writer_failing",
            label=Label(vi="Kho đo xa không ghi được", en="Telemetry store cannot be written"),
            value="bool",
        ),
        Field(
            name="writer_lag_s",
            label=Label(vi="Ghi kho chậm", en="Storing is behind by"),
            quantity=Quantity.DURATION,
            low=0,
            resolution=0.1,
        ),
        Field(
            name="detection_lag_s",
            label=Label(vi="Phát hiện chậm", en="Detection is behind by"),
            quantity=Quantity.DURATION,
            low=0,
            resolution=0.1,
        ),
        Field(
            name="received_count",
            label=Label(vi="Bản ghi đã nhận", en="Records received"),
            value="int",
            quantity=Quantity.COUNT,
            low=0,
        ),
        Field(
            name="dead_letter_count",
            label=Label(vi="Bản ghi bị từ chối", en="Dead letters"),
            value="int",
            quantity=Quantity.COUNT,
            low=0,
        ),
        Field(
            name="limited_device_count",
            label=Label(vi="Thiết bị gửi quá nhiều", en="Devices limited for flooding"),
            value="int",
            quantity=Quantity.COUNT,
            low=0,
        ),
    ),
)
