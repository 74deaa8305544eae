"""What says from day to day what devices are meant to do, and what holds in a camera's lane."""

from devices.entities import (
    broadcast_programmes,
    calibrations,
    lighting_programmes,
    road_restrictions,
    road_sections,
    speed_limits,
)
from devices.entities.calibrations import Calibration
from devices.entities.lighting_programmes import LightingProgramme
from devices.entities.road_restrictions import RoadRestriction
from devices.entities.road_sections import RoadSection
from devices.entities.speed_limits import SpeedLimit
from devices.programmes import BroadcastProgramme

__all__ = ["PROGRAMMES", "Programme", "TrafficPlan"]

TrafficPlan = SpeedLimit | Calibration | RoadSection | RoadRestriction
"""What holds for those who drive past a camera."""

Programme = BroadcastProgramme | LightingProgramme | TrafficPlan

PROGRAMMES = (
    broadcast_programmes.ENTITY,
    lighting_programmes.ENTITY,
    speed_limits.ENTITY,
    calibrations.ENTITY,
    road_sections.ENTITY,
    road_restrictions.ENTITY,
)
"""The kinds of dated entities that detection follows."""
