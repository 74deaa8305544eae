"""One reading of 0 W from a burning lamp, as some meters give now and then."""

from devices.description import Label
from simulators.afflictions import briefly, changed
from simulators.changes import Change
from simulators.injection import FaultType, Injection
from simulators.world import World


def _is_lit(injection: Injection, world: World) -> bool:
    return world.lighting.state(injection.from_ms).dim_pct > 0


FAULT = FaultType(
    id="zero_sample",
    kind="streetlight",
    title=Label(vi="Một mẫu 0 W giả", en="A single reading of the burning lamp shows 0 W"),
    effects=briefly(changed(Change(field="power_w", value=0.0), Change(field="current_a", value=0.0))),
    rules=(),
    real=False,
    fits=_is_lit,
    shows="never: nothing is wrong",
)
