"""Where a panel leads: to the device, its faults, and the API that knows it all."""

from grafana_foundation_sdk.models.dashboard import DashboardLink, DashboardLinkType

from devices.description import Label
from grafana.names import board_uid

__all__ = ["device_links", "panel_links"]

_DEVICE = Label(vi="Mở bảng của thiết bị", en="Open the device's board")
_FAULTS = Label(vi="Lỗi của thiết bị (API)", en="The device's faults (API)")
_API = Label(vi="Thiết bị trong API", en="The device in the API")
_ALL_FAULTS = Label(vi="Bảng bảo trì và lỗi", en="Maintenance and faults")
_ALL_API = Label(vi="Mọi lỗi trong API", en="All faults in the API")


def panel_links(language: str) -> list[DashboardLink]:
    """Links at the head of every panel."""
    return [
        _link(_ALL_FAULTS, language, f"/d/{board_uid('maintenance', language)}?${{__url_time_range}}"),
        _link(_ALL_API, language, "${api}/v1/faults?state=active"),
    ]


def device_links(language: str, device: str) -> list[dict[str, object]]:
    """Links of a value; `device` is how Grafana reads its device, and its kind's measurement follows."""
    board = f"/d/{board_uid('device', language)}?var-device={device}&${{__url_time_range}}"
    return [
        {"title": _say(_DEVICE, language), "url": board, "targetBlank": False},
        {"title": _say(_FAULTS, language), "url": f"${{api}}/v1/faults?device={device}", "targetBlank": True},
        {"title": _say(_API, language), "url": f"${{api}}/v1/devices/{device}", "targetBlank": True},
    ]


def _link(label: Label, language: str, url: str) -> DashboardLink:
    return DashboardLink(
        title=_say(label, language), type_val=DashboardLinkType.LINK, icon="external link", url=url, tags=[],
        target_blank=url.startswith("$"),
    )  # fmt: skip


def _say(label: Label, language: str) -> str:
    return label.vi if language == "vi" else label.en
