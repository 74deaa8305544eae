"""A loudspeaker whose stream is full of holes."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType
from simulators.moments import next_broadcast

FAULT = FaultType(
    id="stream_loss",
    kind="loudspeaker",
    title=Label(vi="Luồng phát mất gói nhiều", en="A quarter of the stream is lost while a programme plays"),
    effects=changed(Change(field="stream_loss_pct", value=25.0, spread=10.0, when="playing")),
    rules=("speaker.stream_loss",),
    observable=next_broadcast,
    shows="the next broadcast",
    lasts=("4h", "16h"),
)
