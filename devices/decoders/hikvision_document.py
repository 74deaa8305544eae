"""A Hikvision alert as texts by path, whether it comes as XML, as JSON or within a multipart message.

Namespaces differ by firmware and are ignored. A document type, and with it any entity, is refused.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn
from xml.parsers import expat

from devices.decoders.vendor import json_object
from devices.errors import Rejected, Rejection

__all__ = ["alert_texts"]

_ROOT = "EventNotificationAlert"
_DEEPEST = 32
_IN_MULTIPART = re.compile(
    rb"<(?:[A-Za-z0-9]+:)?EventNotificationAlert\b.*EventNotificationAlert>", re.DOTALL
)


def alert_texts(payload: bytes) -> dict[str, str]:
    """Texts of an alert by their path below the root; the first of equal paths counts.

    Raises:
        Rejected: no XML and no JSON, not this document, a document type, or deeper than any alert.
    """
    content = payload.strip()
    if content.startswith(b"{"):
        alert = json_object(content)
        inner = alert.get(_ROOT)
        texts: dict[str, str] = {}
        for path, text in _leaves(inner if isinstance(inner, dict) else alert, "", 0):
            texts.setdefault(path, text)
        return texts
    if content.startswith(b"--"):
        found = _IN_MULTIPART.search(content)
        if found is None:
            raise Rejected(Rejection.SCHEMA, f"a multipart message needs an {_ROOT} in it")
        content = found.group()
    return _XmlAlert(content).texts


def _leaves(parent: Mapping[str, Any], path: str, depth: int) -> Iterator[tuple[str, str]]:
    """The texts and numbers of a JSON object by their path; of an array, each element's."""
    if depth >= _DEEPEST:
        raise Rejected(Rejection.TOO_DEEP, "the JSON is nested deeper than any alert needs")
    for name, value in parent.items():
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, dict):
                yield from _leaves(item, f"{path}{name}/", depth + 1)
            elif isinstance(item, str | int | float) and not isinstance(item, bool):
                yield f"{path}{name}", str(item).strip()


class _XmlAlert:
    """Texts of an alert by their path below the root; the first of equal paths counts.

    Raises:
        Rejected: no XML, not this document, a document type, or deeper than any alert.
    """

    def __init__(self, content: bytes) -> None:
        self.texts: dict[str, str] = {}
        self._path: list[str] = []
        self._pieces: list[str] = []
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._pieces.append
        try:
            parser.Parse(content, True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise Rejected(Rejection.SCHEMA, f"malformed XML: {error}") from None

    def _start(self, tag: str, _attributes: Mapping[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if not self._path and name != _ROOT:
            raise Rejected(Rejection.SCHEMA, f"an {_ROOT} is needed, got {name[:64]!r}")
        if len(self._path) >= _DEEPEST:
            raise Rejected(Rejection.TOO_DEEP, "the XML is nested deeper than any alert needs")
        self._path.append(name)
        self._pieces.clear()

    def _end(self, _tag: str) -> None:
        text = "".join(self._pieces).strip()
        self._pieces.clear()
        if text:
            self.texts.setdefault("/".join(self._path[1:]), text)
        self._path.pop()


def _refuse_doctype(*_declaration: object) -> NoReturn:
    raise Rejected(Rejection.UNSUPPORTED, "XML with a document type is refused: it could define entities")
