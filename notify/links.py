"""Links that open one incident's page without an account: signed, expiring, and kept as hashes only.

A token is made anew from its seed whenever its notification is sent, so that what the store holds (seeds and
hashes) makes no link for whoever reads it without the signing key.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from notify.errors import LinkRefusedError

__all__ = ["LinkKey", "new_seed"]

_TOKEN = re.compile(r"([A-Za-z0-9_-]{22})\.([0-9a-z]{1,9})\.([A-Za-z0-9_-]{22})")
_SEED_BYTES = 16
_SIGNATURE_BYTES = 16
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_SHORTEST_KEY_BYTES = 32


def new_seed() -> str:
    """A seed that nobody can guess."""
    return secrets.token_urlsafe(_SEED_BYTES)


@dataclass(frozen=True, repr=False)
class LinkKey:
    """The signing key.

    Raises:
        ValueError: it is too short to be one; it is not quoted.
    """

    secret: bytes

    def __post_init__(self) -> None:
        """Refuse what can be guessed."""
        if len(self.secret) < _SHORTEST_KEY_BYTES:
            raise ValueError(
                f"the signing key has {len(self.secret)} bytes and needs {_SHORTEST_KEY_BYTES};"
                " make one with: openssl rand -hex 32"
            )

    def token(self, seed: str, expires_s: int) -> str:
        """The token made of a seed, valid until a moment of real time (epoch s)."""
        head = f"{seed}.{_base36(expires_s)}"
        return f"{head}.{self._signed('link', head)}"

    def check(self, token: str, real_now_ms: int) -> str:
        """The hash under which a token's link is kept.

        Raises:
            LinkRefusedError: the token is not one of ours, or its time is over.
        """
        match = _TOKEN.fullmatch(token)
        if match is None:
            raise LinkRefusedError("the link is not whole")
        head, given = token.rpartition(".")[0], match[3]
        if not hmac.compare_digest(self._signed("link", head), given):
            raise LinkRefusedError("the link was not made here")
        if int(match[2], 36) * 1000 <= real_now_ms:
            raise LinkRefusedError("the link's time is over")
        return self.hash(token)

    def form_token(self, token: str) -> str:
        """What a form on the link's page sends along: who cannot read the page cannot make it."""
        return self._signed("form", token)

    def is_form_token(self, token: str, given: str) -> bool:
        """Whether a form came from the link's page."""
        return hmac.compare_digest(self.form_token(token).encode(), given.encode())

    @staticmethod
    def hash(token: str) -> str:
        """How a token is kept."""
        return hashlib.sha256(token.encode()).hexdigest()

    def _signed(self, purpose: str, text: str) -> str:
        digest = hmac.digest(self.secret, f"{purpose}:{text}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest[:_SIGNATURE_BYTES]).rstrip(b"=").decode()


def _base36(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text or "0"
