"""A live change as the API shows it."""

from typing import Literal

from api.models.common import Model
from api.models.faults import FaultView
from api.models.incidents import IncidentView
from api.models.violations import ViolationView
from api.times import Moment

__all__ = ["ChangeView"]


class ChangeView(Model):
    """One change: the record as the change left it, in the member that its type names."""

    stream_seq: int
    """Grows by one with each change; also the event's id, for Last-Event-ID."""
    revision: int
    """The change's number in the store; grows, with gaps."""
    at: Moment
    type: Literal["fault", "violation", "incident"]
    change: str
    """Such as `raised`, `acknowledged`, `cleared`, `suspected`, or of an incident `opened` or `grown`."""
    fault: FaultView | None
    violation: ViolationView | None
    """Always with a masked plate, and without pictures and explanation."""
    incident: IncidentView | None
