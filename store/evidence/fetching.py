"""Fetching a picture from a camera: from allowed places only, within bounds, and checked."""

import hashlib
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from store.evidence.allowed import AllowList

__all__ = ["Fetched", "PictureFetcher", "PictureProblemError", "resolve"]

_CONNECT_S = 5.0
_READ_S = 10.0
_WHOLE_S = 30.0
_SIGNATURES: dict[str, tuple[str, bytes]] = {
    "image/jpeg": ("jpg", b"\xff\xd8\xff"),
    "image/png": ("png", b"\x89PNG\r\n\x1a\n"),
}


class PictureProblemError(Exception):
    """A picture could not be had. Nothing of the URL is in it: a file's name may quote the plate.

    Attributes:
        problem: a stable word.
        is_final: whether trying again cannot help.
    """

    def __init__(self, problem: str, *, is_final: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.is_final = is_final


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A picture as it came."""

    content: bytes
    media_type: str
    sha256: str

    @property
    def suffix(self) -> str:
        """What a file of it is called at the end."""
        return _SIGNATURES[self.media_type][0]


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host.

    Raises:
        OSError: it has none.
    """
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class PictureFetcher:
    """Fetches pictures; safe to share between threads. Close it when done."""

    def __init__(
        self,
        allowed: AllowList,
        largest_bytes: int,
        resolver: Callable[[str, int], Sequence[str]] = resolve,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._allowed = allowed
        self._largest_bytes = largest_bytes
        self._resolve = resolver
        # Neither redirects nor proxies of the environment: they lead where the list does not.
        timeout = httpx.Timeout(_READ_S, connect=_CONNECT_S)
        self._client = httpx.Client(
            timeout=timeout, follow_redirects=False, trust_env=False, transport=transport
        )

    def fetch(self, text: str, given_sha256: str | None = None) -> Fetched:
        """The picture at a URL; with the hash that its camera gave, if it gave one.

        Raises:
            PictureProblemError: it cannot be had, or is not what it should be.
        """
        url = self._checked(text)
        address = self._address(url)
        content, media_type = self._read(url, address)
        found = hashlib.sha256(content).hexdigest()
        if given_sha256 is not None and found != given_sha256:
            raise PictureProblemError("sha256_differs", is_final=True)
        return Fetched(content=content, media_type=media_type, sha256=found)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _checked(self, text: str) -> httpx.URL:
        try:
            url = httpx.URL(text)
        except httpx.InvalidURL:
            raise PictureProblemError("url_invalid", is_final=True) from None
        if not url.host:
            raise PictureProblemError("url_invalid", is_final=True)
        if not self._allowed.allows(url):
            # Not final: the settings may come to name the camera.
            raise PictureProblemError("host_not_allowed")
        return url

    def _address(self, url: httpx.URL) -> str:
        """The address to ask; resolved once: a name that answers differently the next time gains nothing."""
        try:
            addresses = self._resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
        except OSError:
            raise PictureProblemError("host_unknown") from None
        if not addresses or not all(self._allowed.allows_address(one) for one in addresses):
            raise PictureProblemError("address_not_allowed")
        return addresses[0]

    def _read(self, url: httpx.URL, address: str) -> tuple[bytes, str]:
        ends_s = time.monotonic() + _WHOLE_S
        # The connection goes to the address that was checked; name and certificate are still the host's.
        request = self._client.build_request(
            "GET",
            url.copy_with(host=address),
            # Packed content is refused: a little of it can unpack to more than there is memory.
            headers={"Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity"},
            extensions={"sni_hostname": url.host},
        )
        try:
            answer = self._client.send(request, stream=True)
            try:
                media_type = _media_type(answer)
                content = self._body(answer, ends_s)
            finally:
                answer.close()
        except httpx.HTTPError as error:
            raise PictureProblemError(_word_of(error)) from None
        if not content.startswith(_SIGNATURES[media_type][1]):
            raise PictureProblemError("no_picture", is_final=True)
        return content, media_type

    def _body(self, answer: httpx.Response, ends_s: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in answer.iter_raw():
            size += len(part)
            if size > self._largest_bytes:
                raise PictureProblemError("too_large", is_final=True)
            if time.monotonic() > ends_s:
                raise PictureProblemError("too_slow")
            parts.append(part)
        return b"".join(parts)


def _media_type(answer: httpx.Response) -> str:
    if answer.status_code != httpx.codes.OK:
        raise PictureProblemError(f"status_{answer.status_code}")
    media_type: str = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _SIGNATURES:
        raise PictureProblemError("no_picture", is_final=True)
    return media_type


def _word_of(error: httpx.HTTPError) -> str:
    return "timeout" if isinstance(error, httpx.TimeoutException) else "unreachable"
