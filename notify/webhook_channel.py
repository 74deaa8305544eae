"""Our own web hook: JSON with an idempotency key and a signature, as standardwebhooks.com describes them.

Who receives it checks the signature over `id.timestamp.body` with the shared secret, refuses old timestamps,
and takes what has a `webhook-id` that it knows as the repetition it is.
"""

import base64
import hashlib
import hmac
from http import HTTPStatus

import httpx
import msgspec

from devices.clock import Clock
from notify.channels import Message
from notify.errors import DeliveryLaterError, DeliveryRefusedError

__all__ = ["WebhookChannel", "signature"]

_BUSY = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_MOST_RETRY_AFTER_S = 3_600.0


def signature(secret: bytes, key: str, timestamp_s: int, body: bytes) -> str:
    """What proves that the body comes from who knows the secret: `v1,` and a base64 HMAC-SHA256."""
    signed = b".".join((key.encode(), str(timestamp_s).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


class WebhookChannel:
    """Posts notifications as JSON to one address."""

    def __init__(self, id_: str, url: str, secret: bytes, *, timeout_s: float, real_clock: Clock) -> None:
        self.id = id_
        self._url = url
        self._secret = secret
        self._clock = real_clock
        self._client = httpx.Client(timeout=timeout_s, follow_redirects=False)

    def send(self, message: Message) -> None:
        """Post it; any 2xx answer is a receipt.

        Raises:
            DeliveryLaterError: no answer, a server's error, or too many requests.
            DeliveryRefusedError: any other answer.
        """
        body = msgspec.json.encode(
            {"id": message.key, "title": message.title, "text": message.text, **message.data}
        )
        timestamp_s = self._clock.now_ms() // 1000
        headers = {
            "content-type": "application/json",
            "idempotency-key": message.key,
            "webhook-id": message.key,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": signature(self._secret, message.key, timestamp_s, body),
        }
        try:
            answer = self._client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            # Its text may name the address, which may hold a token.
            raise DeliveryLaterError(f"no answer: {type(error).__name__}") from error
        _judge(answer)


def _judge(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    if answer.is_server_error or answer.status_code in _BUSY:
        raise DeliveryLaterError(f"answered {answer.status_code}", after_s=_retry_after_s(answer))
    raise DeliveryRefusedError(f"answered {answer.status_code}, which repeating does not change")


def _retry_after_s(answer: httpx.Response) -> float | None:
    asked = answer.headers.get("retry-after", "")
    return min(float(asked), _MOST_RETRY_AFTER_S) if asked.isdecimal() else None
