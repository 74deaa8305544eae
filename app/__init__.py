"""The composition root: settings, wiring, life cycle and the `ioc` command."""

import time

STARTED_S = time.monotonic()
"""When the process began to load the program, by the monotonic clock; what start-up time is counted from."""
