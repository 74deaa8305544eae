"""Where the service's log goes: structured lines, one an event."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import structlog

__all__ = ["logging_to", "logging_to_stderr"]


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Append the log to a file as JSON lines while the block runs; afterwards it goes to stderr again.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("a", encoding="utf-8", buffering=1) as file, _logging_to(file):
        yield


@contextmanager
def logging_to_stderr() -> Iterator[None]:
    """Write the log to stderr as JSON lines while the block runs, for whoever supervises the process."""
    with _logging_to(sys.stderr):
        yield


@contextmanager
def _logging_to(file: TextIO) -> Iterator[None]:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=file),
        cache_logger_on_first_use=False,
    )
    _root_to(logging.StreamHandler(file))
    try:
        yield
    finally:
        structlog.reset_defaults()
        _root_to(logging.StreamHandler(sys.stderr))


def _root_to(handler: logging.Handler) -> None:
    """Warnings of the libraries go where ours go."""
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
