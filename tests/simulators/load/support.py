"""A few devices that always say the same."""

from simulators.load.messages import DeviceMessages


def devices(count: int) -> list[DeviceMessages]:
    return [
        DeviceMessages(
            f"L{n}", f"ioc/v1/a/streetlight/L{n}/telemetry", (b',"power_w":1.5}', b',"power_w":12.5}')
        )
        for n in range(count)
    ]
