"""Pictures come from allowed places only, within bounds, and are what their camera says."""

import gzip
import hashlib
from collections.abc import Sequence

import httpx
import pytest

from store.evidence.allowed import AllowList
from store.evidence.fetching import PictureFetcher, PictureProblemError

JPEG = b"\xff\xd8\xff\xe0 a picture"
URL = "http://cam-7.example/snap/92A12345.jpg"
PLACES = ("cam-7.example", "10.20.0.0/16", "https://nvr.example:8443/export")


def fetcher(
    answer: httpx.Response | Exception,
    addresses: Sequence[str] = ("192.0.2.7",),
    seen: list[httpx.Request] | None = None,
) -> PictureFetcher:
    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return PictureFetcher(
        AllowList(PLACES), 64, lambda _host, _port: list(addresses), httpx.MockTransport(handle)
    )


def picture(content: bytes = JPEG, media_type: str = "image/jpeg", status: int = 200) -> httpx.Response:
    return httpx.Response(status, stream=httpx.ByteStream(content), headers={"Content-Type": media_type})


def problem(fetching: PictureFetcher, url: str = URL, given: str | None = None) -> tuple[str, bool]:
    with pytest.raises(PictureProblemError) as caught:
        fetching.fetch(url, given)
    assert "92A" not in str(caught.value)
    return caught.value.problem, caught.value.is_final


def test_picture_comes_with_its_hash_from_the_address_that_was_checked() -> None:
    seen: list[httpx.Request] = []
    found = fetcher(picture(), seen=seen).fetch(URL, hashlib.sha256(JPEG).hexdigest())
    assert (found.content, found.suffix) == (JPEG, "jpg")
    assert (seen[0].url.host, seen[0].headers["host"]) == ("192.0.2.7", "cam-7.example")
    assert seen[0].extensions["sni_hostname"] == "cam-7.example"


@pytest.mark.parametrize(
    ("answer", "word", "is_final"),
    [
        (picture(b"<html>"), "no_picture", True),
        (picture(media_type="text/html"), "no_picture", True),
        (picture(JPEG + b"x" * 64), "too_large", True),
        (picture(status=404), "status_404", False),
        (httpx.Response(302, headers={"Location": "http://169.254.169.254/"}), "status_302", False),
        (httpx.ReadTimeout("slow"), "timeout", False),
        (httpx.ConnectError("gone"), "unreachable", False),
    ],
)
def test_what_cannot_be_evidence_is_named(answer: httpx.Response, word: str, is_final: bool) -> None:  # noqa: FBT001
    assert problem(fetcher(answer)) == (word, is_final)


def test_packed_content_is_never_unpacked() -> None:
    packed = httpx.Response(
        200,
        stream=httpx.ByteStream(gzip.compress(JPEG)),
        headers={"Content-Type": "image/jpeg", "Content-Encoding": "gzip"},
    )
    seen: list[httpx.Request] = []
    assert problem(fetcher(packed, seen=seen)) == ("no_picture", True)
    assert seen[0].headers["accept-encoding"] == "identity"


def test_picture_of_another_hash_is_refused() -> None:
    assert problem(fetcher(picture()), given="0" * 64) == ("sha256_differs", True)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104 - nothing listens there
        "224.0.0.1",
        "::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "240.0.0.1",
    ],
)
def test_name_that_leads_to_ourselves_is_not_asked(address: str) -> None:
    assert problem(fetcher(picture(), ["192.0.2.7", address]))[0] == "address_not_allowed"


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("http://cam-7.example/a.jpg", True),
        ("https://cam-7.example/a.jpg", True),
        ("http://cam-7.example:8080/a.jpg", False),
        ("http://cam-7.example.evil.test/a.jpg", False),
        ("http://user:secret@cam-7.example/a.jpg", False),
        ("ftp://cam-7.example/a.jpg", False),
        ("file:///etc/passwd", False),
        ("http://10.20.3.4/a.jpg", True),
        ("http://10.21.3.4/a.jpg", False),
        ("http://[::1]/a.jpg", False),
        ("https://nvr.example:8443/export/a.jpg", True),
        ("https://nvr.example:8443/exports/a.jpg", False),
        ("https://nvr.example:8443/export/../admin", False),
        ("https://nvr.example:8443/export/%2e%2e/admin", False),
        ("https://nvr.example:8443/export/%252e%252e/admin", False),
        ("https://nvr.example/export/a.jpg", False),
        ("http://other.example/a.jpg", False),
    ],
)
def test_only_places_of_the_list_are_allowed(url: str, is_allowed: bool) -> None:  # noqa: FBT001
    assert AllowList(PLACES).allows(httpx.URL(url)) is is_allowed


@pytest.mark.parametrize("entry", ["", "http://", "10.0.0.1/33", "a b", "host/path"])
def test_entry_that_is_no_place_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="network, a host or the beginning"):
        AllowList([entry])


@pytest.mark.parametrize("url", ["", "not a url", "http://"])
def test_what_is_no_url_is_final(url: str) -> None:
    assert problem(fetcher(picture()), url) == ("url_invalid", True)


def test_host_without_an_address_is_asked_again_later() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    fetching = PictureFetcher(AllowList(PLACES), 64, unknown)
    assert problem(fetching) == ("host_unknown", False)
    fetching.close()
