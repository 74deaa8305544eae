"""A public Wi-Fi access point. Fields after OpenWISP monitoring and NetJSON."""

from devices.description import Attribute, DeviceKind, Field, Label
from devices.quantities import Quantity

KIND = DeviceKind(
    id="wifi-ap",
    label=Label(vi="Điểm Wi-Fi công cộng", en="Public Wi-Fi access point"),
    smart_data_model="WifiAccessPoint",
    interval_s=60.0,
    lateness_s=60.0,
    fields=(
        Field(
            name="client_count",
            label=Label(vi="Số thiết bị kết nối", en="Clients connected"),
            value="int",
            quantity=Quantity.COUNT,
            low=0,
            high=10_000,
            smart_data_model="clientsConnected",
        ),
        Field(
            name="rx_bytes",
            label=Label(vi="Số byte nhận", en="Bytes received"),
            value="int",
            quantity=Quantity.BYTES,
            low=0,
        ),
        Field(
            name="tx_bytes",
            label=Label(vi="Số byte gửi", en="Bytes sent"),
            value="int",
            quantity=Quantity.BYTES,
            low=0,
        ),
        Field(
            name="backhaul_up",
            label=Label(vi="Đường truyền hoạt động", en="Backhaul reachable"),
            value="bool",
        ),
        Field(
            name="backhaul_rtt_ms",
            label=Label(vi="Độ trễ đường truyền", en="Backhaul round trip"),
            quantity=Quantity.LATENCY,
            low=0,
            high=60_000,
            resolution=0.1,
        ),
        Field(
            name="backhaul_loss_pct",
            label=Label(vi="Mất gói đường truyền", en="Backhaul packet loss"),
            quantity=Quantity.SHARE,
            low=0,
            high=100,
            resolution=0.1,
        ),
        Field(
            name="channel_load_pct",
            label=Label(vi="Tải kênh", en="Channel utilisation"),
            quantity=Quantity.SHARE,
            low=0,
            high=100,
        ),
        Field(
            name="noise_dbm",
            label=Label(vi="Mức nhiễu", en="Noise floor"),
            quantity=Quantity.SIGNAL,
            low=-120,
            high=0,
        ),
        Field(
            name="auth_failure_count",
            label=Label(vi="Số lần xác thực lỗi", en="Authentication failures"),
            value="int",
            quantity=Quantity.COUNT,
            low=0,
        ),
        Field(
            name="cpu_pct",
            label=Label(vi="Tải CPU", en="CPU load"),
            quantity=Quantity.SHARE,
            low=0,
            high=100,
        ),
        Field(
            name="memory_pct",
            label=Label(vi="Bộ nhớ đã dùng", en="Memory used"),
            quantity=Quantity.SHARE,
            low=0,
            high=100,
        ),
        Field(
            name="uptime_s",
            label=Label(vi="Thời gian chạy", en="Uptime"),
            quantity=Quantity.DURATION,
            low=0,
            high=1e9,
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
            name="client_capacity_count",
            label=Label(vi="Số kết nối tối đa", en="Client capacity"),
            value="int",
            quantity=Quantity.COUNT,
        ),
    ),
)
