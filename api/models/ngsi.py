"""Entities of NGSI-LD as the OpenAPI document describes them."""

from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["EntityView"]


class EntityView(BaseModel):
    """An entity: normalised, or simplified to keys and values."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    id: str
    """urn:ngsi-ld:{type}:{id}"""
    type: str
    location: dict[str, Any] | None = None
    """Where it is: a GeoProperty, or a GeoJSON point."""
