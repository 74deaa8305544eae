"""A feeder pillar of street lighting. Fields after TALQ CabinetMonitor and ElectricalMeter."""

from devices.description import Attribute, DeviceKind, Field, Label
from devices.quantities import Quantity

_PHASES = ((1, "R"), (2, "S"), (3, "T"))


def _phase_fields() -> tuple[Field, ...]:
    """Voltage, current and power of the three phases, in the order of the phases."""
    fields: list[Field] = []
    for number, letter in _PHASES:
        fields += [
            Field(
                name=f"voltage_l{number}_v",
                label=Label(vi=f"Điện áp pha L{number}", en=f"Phase L{number} voltage"),
                quantity=Quantity.VOLTAGE,
                low=0,
                high=500,
                resolution=0.1,
                smart_data_model=f"voltage{letter}",
                talq=f"phase{number}Voltage",
            ),
            Field(
                name=f"current_l{number}_a",
                label=Label(vi=f"Dòng điện pha L{number}", en=f"Phase L{number} current"),
                quantity=Quantity.CURRENT,
                low=0,
                high=400,
                resolution=0.01,
                smart_data_model=f"intensity{letter}",
                talq=f"phase{number}Current",
            ),
            Field(
                name=f"power_l{number}_w",
                label=Label(vi=f"Công suất pha L{number}", en=f"Phase L{number} active power"),
                quantity=Quantity.POWER,
                low=-100_000,
                high=100_000,
                resolution=1,
                smart_data_model=f"activePower{letter}",
                talq=f"phase{number}ActivePower",
            ),
        ]
    return tuple(fields)


KIND = DeviceKind(
    id="lighting-cabinet",
    label=Label(vi="Tủ điều khiển chiếu sáng", en="Lighting cabinet"),
    smart_data_model="StreetlightControlCabinet",
    interval_s=60.0,
    lateness_s=60.0,
    fields=(
        *_phase_fields(),
        Field(
            name="neutral_current_a",
            label=Label(vi="Dòng trung tính", en="Neutral current"),
            quantity=Quantity.CURRENT,
            low=0,
            high=400,
            resolution=0.01,
            talq="neutralCurrent",
        ),
        Field(
            name="power_factor_ratio",
            label=Label(vi="Hệ số công suất", en="Power factor"),
            quantity=Quantity.RATIO,
            low=-1,
            high=1,
            resolution=0.01,
            smart_data_model="powerFactorR",
            talq="totalPowerFactor",
        ),
        Field(
            name="frequency_hz",
            label=Label(vi="Tần số", en="Frequency"),
            quantity=Quantity.FREQUENCY,
            low=0,
            high=100,
            resolution=0.01,
            smart_data_model="frequency",
            talq="frequency",
        ),
        Field(
            name="energy_kwh",
            label=Label(vi="Điện năng tích luỹ", en="Cumulative energy"),
            quantity=Quantity.ENERGY,
            low=0,
            high=1e8,
            resolution=0.01,
            smart_data_model="energyConsumed",
            talq="totalActiveEnergy",
        ),
        Field(
            name="contactor_on",
            label=Label(vi="Công tắc tơ đóng", en="Contactor closed"),
            value="bool",
            talq="actualState",
        ),
        Field(
            name="cmd_on",
            label=Label(vi="Lệnh bật", en="Commanded on"),
            value="bool",
            talq="targetLightCommand",
        ),
        Field(
            name="manual_mode",
            label=Label(vi="Đang ở chế độ tay", en="Local override"),
            value="bool",
            smart_data_model="workingMode",
            talq="localOverride",
        ),
        Field(
            name="door_open",
            label=Label(vi="Cửa tủ mở", en="Cabinet door open"),
            value="bool",
            talq="cabinetDoorOpen",
        ),
        Field(
            name="leakage",
            label=Label(vi="Rò điện", en="Leakage detected"),
            value="bool",
            talq="leakageDetected",
        ),
        Field(
            name="temp_c",
            label=Label(vi="Nhiệt độ trong tủ", en="Cabinet temperature"),
            quantity=Quantity.TEMPERATURE,
            low=-40,
            high=125,
            resolution=0.1,
        ),
    ),
    attributes=(
        Attribute(
            name="nominal_v",
            label=Label(vi="Điện áp danh định", en="Nominal phase voltage"),
            quantity=Quantity.VOLTAGE,
            default=230.0,
        ),
        Attribute(
            name="contract_w",
            label=Label(vi="Công suất hợp đồng", en="Contract power"),
            quantity=Quantity.POWER,
        ),
    ),
)
