"""What says from day to day what devices are meant to do: programmes of broadcasts and of lighting."""

from devices.entities import broadcast_programmes, lighting_programmes
from devices.entities.lighting_programmes import LightingProgramme
from devices.programmes import BroadcastProgramme

__all__ = ["PROGRAMMES", "Programme"]

Programme = BroadcastProgramme | LightingProgramme

PROGRAMMES = (broadcast_programmes.ENTITY, lighting_programmes.ENTITY)
"""The kinds of dated entities that detection follows."""
