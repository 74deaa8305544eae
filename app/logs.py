"""Where the service's log goes: structured lines, one an event."""

import logging
from pathlib import Path
from typing import TextIO

import structlog

__all__ = ["log_to"]


def log_to(stream: TextIO | Path) -> None:
    """Send the log to a terminal, or append it to a file as JSON lines."""
    file = stream.open("a", encoding="utf-8", buffering=1) if isinstance(stream, Path) else stream
    renderer = (
        structlog.processors.JSONRenderer() if isinstance(stream, Path) else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=file),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        stream=file, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", force=True
    )
