"""Any of apprise's services: mail, Telegram, and the JSON, XML and form hooks of Zalo and SMS gateways."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from apprise import Apprise, NotifyBase, NotifyFormat

from notify.channels import Message
from notify.errors import DeliveryLaterError

__all__ = ["AppriseChannel", "is_understood"]

_KEY_HEADER = "Idempotency-Key"
_LONGEST_REASON = 200
_SHORTEST_SECRET = 4


def is_understood(url: str) -> bool:
    """Whether apprise knows a service for an address and has all it needs for it. Nothing is connected."""
    with _words_of_apprise():
        return _service(url) is not None


class AppriseChannel:
    """Sends through the service that one apprise URL describes. The URL is a secret."""

    def __init__(self, id_: str, url: str) -> None:
        self.id = id_
        self._url = url
        self._secrets = _parts(url)

    def send(self, message: Message) -> None:
        """Hand it to the service, with the key as a header where the service has headers.

        Raises:
            DeliveryLaterError: the service did not take it; apprise does not say whether it ever will.
        """
        with _words_of_apprise() as said:
            if not self._is_taken(message):
                raise DeliveryLaterError(self._without_secrets(said) or "the service did not take it")

    def _is_taken(self, message: Message) -> bool:
        service = _service(self._url)
        if service is None:
            return False
        headers = getattr(service, "headers", None)
        if isinstance(headers, dict):
            headers[_KEY_HEADER] = message.key
        apprise = Apprise()
        apprise.add(service)
        if message.html is not None and service.notify_format == NotifyFormat.HTML:
            return bool(apprise.notify(message.html, message.title, body_format=NotifyFormat.HTML))
        return bool(apprise.notify(message.text, message.title, body_format=NotifyFormat.TEXT))

    def _without_secrets(self, said: list[str]) -> str:
        """What apprise said, without any part of the address that could be a secret."""
        text = " ".join(" ".join(said).split())
        for part in self._secrets:
            text = text.replace(part, "***")
        return text[:_LONGEST_REASON]


class _ThisThread(logging.Handler):
    """Keeps what one thread logs: channels send side by side, and their words must not mix."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message if it is this thread's."""
        if record.thread == self._thread:
            self.said.append(record.getMessage())


@contextmanager
def _words_of_apprise() -> Iterator[list[str]]:
    """What apprise logs meanwhile; it goes nowhere else, since it may quote addresses with tokens in them."""
    logger, handler = logging.getLogger("apprise"), _ThisThread()
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield handler.said
    finally:
        logger.removeHandler(handler)


def _service(url: str) -> NotifyBase | None:
    service = Apprise.instantiate(url, suppress_exceptions=True)
    return service if isinstance(service, NotifyBase) else None


def _parts(url: str) -> list[str]:
    """Everything between the punctuation of an address, longest first."""
    rest = url.partition("://")[2]
    found = {part for part in re.split(r"[/?&=@:,%]+", rest) if len(part) >= _SHORTEST_SECRET}
    return sorted(found, key=len, reverse=True)
