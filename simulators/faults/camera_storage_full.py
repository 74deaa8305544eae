"""A camera whose storage is full: no evidence is kept."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="camera_storage_full",
    kind="traffic-camera",
    title=Label(vi="Bộ nhớ camera đầy", en="Less than two percent of the storage is free"),
    effects=changed(Change(field="storage_free_pct", value=1, spread=0.6)),
    rules=("camera.storage_full",),
)
