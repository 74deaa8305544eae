"""The public keys of an OIDC issuer: kept for an hour, fetched anew when an unknown one signs."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import msgspec
import structlog

__all__ = ["KeySet", "KeySetUnavailableError", "fetched"]

_log = structlog.get_logger(__name__)

_KEPT_MS = 3_600_000
_AGAIN_AFTER_MS = 30_000
"""Not more often than this, whatever tokens are sent: they must not make us a weapon against the issuer."""
_TIMEOUT_S = 5.0
_LARGEST_BYTES = 1_048_576
_DISCOVERY = "/.well-known/openid-configuration"


class KeySetUnavailableError(Exception):
    """The issuer's keys were never had, and cannot be had now; trying again may help."""


def fetched(url: str) -> bytes:
    """What an address of the issuer answers.

    Raises:
        httpx.HTTPError: it answers nothing, or not well.
        ValueError: it answers too much.
    """
    answer = httpx.get(url, timeout=_TIMEOUT_S, follow_redirects=False).raise_for_status()
    if len(answer.content) > _LARGEST_BYTES:
        raise ValueError(f"the answer has more than {_LARGEST_BYTES} bytes")
    return answer.content


class KeySet:
    """Keys by their id. `url` is where they are; without one, the issuer is asked for it.

    While the issuer does not answer, the keys of before go on being good. Safe from any thread.
    """

    def __init__(
        self, issuer: str, url: str | None = None, *, fetch: Callable[[str], bytes] = fetched
    ) -> None:
        self._issuer = issuer
        self._url = url
        self._fetch = fetch
        self._keys: dict[str | None, jwt.PyJWK] | None = None
        self._fetched_ms: int | None = None
        self._lock = threading.Lock()

    def key(self, kid: str | None, now_ms: int) -> jwt.PyJWK:
        """The key of that id; without an id, the only one there is.

        Raises:
            LookupError: the issuer has no such key.
            KeySetUnavailableError: the keys were never had, and cannot be had now.
        """
        # Whose key is known does not wait for an issuer that another's unknown one made us ask.
        if not self._is_known(kid) or self._is_stale(kid, now_ms):
            with self._lock:
                if self._is_stale(kid, now_ms):
                    self._refresh(now_ms)
        keys = self._keys
        if keys is None:
            raise KeySetUnavailableError("the issuer's keys cannot be had now")
        if kid is None and len(keys) == 1:
            return next(iter(keys.values()))
        return keys[kid]

    def _is_known(self, kid: str | None) -> bool:
        keys = self._keys
        return keys is not None and (kid is None or kid in keys)

    def _is_stale(self, kid: str | None, now_ms: int) -> bool:
        fetched_ms, kept_ms = self._fetched_ms, _KEPT_MS if self._is_known(kid) else _AGAIN_AFTER_MS
        return fetched_ms is None or now_ms - fetched_ms >= kept_ms

    def _refresh(self, now_ms: int) -> None:
        self._fetched_ms = now_ms
        try:
            document = msgspec.json.decode(self._fetch(self._url or self._discovered()))
            self._keys = _keys_of(document)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError, jwt.PyJWTError) as error:
            _log.warning("the issuer's keys cannot be had", reason=type(error).__name__)

    def _discovered(self) -> str:
        document = msgspec.json.decode(self._fetch(self._issuer.rstrip("/") + _DISCOVERY))
        if not isinstance(document, dict) or document.get("issuer") != self._issuer:
            raise ValueError("the document is not of this issuer")
        self._url = str(document["jwks_uri"])
        return self._url


def _keys_of(document: Any) -> dict[str | None, jwt.PyJWK]:
    """The signing keys of a set, by id. What is for encryption, or of a kind unknown here, is left out."""
    usable = [key for key in jwt.PyJWKSet.from_dict(document).keys if key.public_key_use in (None, "sig")]
    return {key.key_id: key for key in usable}
