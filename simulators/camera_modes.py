"""Knobs of a camera: what goes wrong in what it sees."""

__all__ = ["BLIND", "NO_HELMET", "OVERLOADED", "RED_RUNNING", "SPEEDING", "UNREADABLE", "WRONG_WAY"]

BLIND = "blind"
"""No vehicle is seen any more, whatever passes."""

NO_HELMET = "no-helmet"
"""Many riders of motorcycles wear no helmet."""

OVERLOADED = "overloaded"
"""Many motorcycles carry three or four people."""

RED_RUNNING = "red-running"
"""Some vehicles pass while the light is red."""

SPEEDING = "speeding"
"""Part of what passes is far too fast."""

UNREADABLE = "unreadable"
"""Most plates cannot be read."""

WRONG_WAY = "wrong-way"
"""Some vehicles come against the direction of their lane."""
