"""Making a running mosquitto read its passwords and access lists again, and cut off whom they do not know."""

import os
import signal
from pathlib import Path

from app.errors import StartError

__all__ = ["reload_broker"]


def reload_broker(pid_file: Path) -> None:
    """Send SIGHUP to the broker of that pid file.

    Raises:
        StartError: it does not run, or may not be told by us; what was changed has no effect yet.
    """
    try:
        os.kill(_pid(pid_file), signal.SIGHUP)
    except (OSError, ValueError) as error:
        raise StartError(
            f"the files are written, but the broker of {str(pid_file)!r} was not told ({error}): they have no"
            " effect yet; reload it (systemctl reload mosquitto), or give --pid-file"
        ) from error


def _pid(pid_file: Path) -> int:
    pid = int(pid_file.read_text(encoding="ascii").strip())
    if pid <= 1:  # 1 is the machine's own, 0 and below are groups of processes
        raise ValueError(f"{pid} is no broker")
    return pid
