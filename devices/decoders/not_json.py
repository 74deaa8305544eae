"""Why a payload that looks like JSON is none, said so that whoever set up the device can mend it."""

import re

from devices.errors import Rejected, Rejection

__all__ = ["not_json"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FAULTS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"^\s*[{\[]\s*'"), "single quotes: this is what a program prints, not JSON"),
    (
        re.compile(rb"[:\[,]\s*-?(nan|inf(inity)?)\b", re.IGNORECASE),
        "JSON has no NaN and no infinity; leave it out",
    ),
    (
        re.compile(rb"[:\[,]\s*(True|False|None)\b"),
        "True, False and None are Python; JSON says true, false, null",
    ),
    (re.compile(rb",\s*[}\]]"), "a comma stands before a closing bracket"),
    (re.compile(rb"^\s*[^\s{\[\"0-9tfn-]"), "text stands before the JSON"),
)


def not_json(payload: bytes, why: str) -> Rejected:
    """The typed rejection; `why` is the parser's word, used where no usual fault is recognised.

    The detail never quotes the payload, which may hold what is personal.
    """
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError as error:
        return Rejected(Rejection.NOT_UTF8, f"JSON is UTF-8, byte {error.start} is not")
    return Rejected(Rejection.NOT_JSON, _fault(payload) or why)


def _fault(payload: bytes) -> str | None:
    if not payload.strip():
        return "the payload is empty"
    if payload.startswith(_BYTE_ORDER_MARK):
        return "a byte order mark stands before the JSON; have it written without one"
    return next((text for pattern, text in _FAULTS if pattern.search(payload)), None)
