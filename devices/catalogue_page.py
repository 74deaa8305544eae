"""The page that shows every kind and field, generated from the descriptions."""

from collections.abc import Iterable

from devices.catalogue import PASSIVE_KINDS, kinds
from devices.description import Attribute, DeviceKind, Field

__all__ = ["catalogue_page"]

_HEAD = """\
# Kinds of device / Các loại thiết bị

Generated from `devices/kinds/` by `ioc kinds`; edit the descriptions, not this page.

A field that a device does not send is absent, never zero. A value outside its range is a broken reading and
becomes a dead letter. What is merely unhealthy is a rule, see `rules/catalogue/`.
"""


def catalogue_page() -> str:
    """The page as Markdown."""
    passive = ", ".join(f"`{name}`" for name in sorted(PASSIVE_KINDS))
    tail = f"\n## Passive assets / Tài sản không có đo xa\n\n{passive}: an id and a position, no telemetry.\n"
    return _HEAD + "".join(_kind(kind) for kind in kinds().values()) + tail


def _kind(kind: DeviceKind) -> str:
    model = f" Smart Data Model: `{kind.smart_data_model}`." if kind.smart_data_model else ""
    attributes = "".join(map(_attribute, kind.attributes))
    return (
        f"\n## `{kind.id}`: {kind.label.vi} / {kind.label.en}\n\n"
        f"Reports every {kind.interval_s:g} s unless the registry says otherwise; a reading may come"
        f" {kind.lateness_s:g} s late and still be put in its place by the rules.{model}\n\n"
        "| field | meaning | type | unit | range | resolution | Smart Data Models | TALQ |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
        f"{''.join(_rows(kind.fields))}"
        "\n| registry | meaning | unit | needed |\n| --- | --- | --- | --- |\n"
        f"{attributes}"
    )


def _attribute(attribute: Attribute) -> str:
    needed = "yes" if attribute.required else ""
    meaning = f"{attribute.label.vi} / {attribute.label.en}"
    return f"| `{attribute.name}` | {meaning} | {attribute.quantity.symbol} | {needed} |\n"


def _rows(fields: Iterable[Field]) -> Iterable[str]:
    for field in fields:
        cells = (
            f"`{field.name}`",
            f"{field.label.vi} / {field.label.en}",
            field.value,
            field.quantity.symbol,
            _range(field),
            "" if field.resolution is None else f"{field.resolution:g}",
            "" if field.smart_data_model is None else f"`{field.smart_data_model}`",
            "" if field.talq is None else f"`{field.talq}`",
        )
        yield f"| {' | '.join(cells)} |\n"


def _range(field: Field) -> str:
    if field.choices:
        return ", ".join(field.choices)
    if field.low is None and field.high is None:
        return ""
    low = "" if field.low is None else f"{field.low:,g}"
    high = "" if field.high is None else f"{field.high:,g}"
    return f"{low} … {high}"
