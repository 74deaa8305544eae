"""What several answers have in common."""

from pydantic import BaseModel, ConfigDict

from devices.description import Label
from devices.registry import Registry

__all__ = ["DeviceRef", "LabelView", "Model", "ProblemDocument", "RuleRef"]


class Model(BaseModel):
    """A part of an answer or a request; unknown members of a request are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class LabelView(Model):
    """A text for people in both languages."""

    vi: str
    en: str

    @classmethod
    def of(cls, label: Label) -> "LabelView":
        """The label as it is."""
        return cls(vi=label.vi, en=label.en)


class RuleRef(Model):
    """The rule that found something, in the version that did."""

    id: str
    version: int


class DeviceRef(Model):
    """A device as other records name it."""

    id: str
    kind: str
    area: str
    """Slug of the current ward."""
    name: str

    @classmethod
    def of(cls, device: str, kind: str, area: str, registry: Registry) -> "DeviceRef":
        """A device's id, kind and area as a record has them, and its name as the registry has it now."""
        known = registry.get(device)
        return cls(id=device, kind=kind, area=area, name=known.name if known else "")


class ProblemDocument(BaseModel):
    """What went wrong (RFC 9457). Compare `type`; show `title`; log `detail`."""

    model_config = ConfigDict(
        extra="allow",
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:ioc:problem:not-found",
                    "title": "Not found",
                    "status": 404,
                    "detail": "there is no device 'lamp-0'",
                }
            ]
        },
    )

    type: str
    """Stable identifier, urn:ioc:problem:…"""
    title: str
    """What went wrong in general, in Vietnamese or English by Accept-Language."""
    status: int
    detail: str
    """What went wrong here, in English."""
    field: str | None = None
    """The parameter or member at fault."""
