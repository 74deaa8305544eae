"""Where pictures may be fetched from: cameras and recorders that the settings name, and nowhere else.

A message names the URL, so whoever can publish could make the service ask anything inside the city's network.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import httpx

__all__ = ["AllowList"]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class AllowList:
    """Networks (`10.20.0.0/16`), hosts (`nvr.example`, `nvr.example:8080`), beginnings of URLs.

    Raises:
        ValueError: an entry is none of these.
    """

    entries: Sequence[str]

    def __post_init__(self) -> None:
        for entry in self.entries:
            if _network(entry) is None and _prefix(entry) is None and _host(entry) is None:
                raise ValueError(
                    "a place to fetch pictures from is a network, a host or the beginning of a URL,"
                    f" got {entry!r}"
                )

    def allows(self, url: httpx.URL) -> bool:
        """Whether a URL names one of the places."""
        if url.scheme not in _PORTS or not url.host or url.userinfo:
            return False
        # A server may read %2e%2e as a way up: such a path proves nothing about where it leads.
        if ".." in unquote(unquote(url.path)).split("/"):
            return False
        return any(self._fits(entry, url) for entry in self.entries)

    def allows_address(self, address: str) -> bool:
        """Whether a host of the list may be asked at an address: never ourselves or a cloud's own services.

        A network of the list may name even those.
        """
        found = _unmapped(ipaddress.ip_address(address))
        networks = [network for network in map(_network, self.entries) if network is not None]
        if any(found in network for network in networks):
            return True
        special = found.is_loopback or found.is_link_local or found.is_multicast or found.is_unspecified
        return not special and not found.is_reserved

    def _fits(self, entry: str, url: httpx.URL) -> bool:
        network, literal = _network(entry), _address(url.host)
        if network is not None:
            return literal is not None and literal in network
        prefix = _prefix(entry)
        if prefix is not None:
            same = (url.scheme, url.host, _port(url)) == (prefix.scheme, prefix.host, _port(prefix))
            path = prefix.path if prefix.path.endswith("/") else prefix.path + "/"
            return same and (url.path.startswith(path) or url.path == prefix.path)
        host = _host(entry)
        return host is not None and url.host == host[0] and _port(url) == (host[1] or _PORTS[url.scheme])


def _unmapped(address: _Address) -> _Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _network(entry: str) -> _Network | None:
    try:
        return ipaddress.ip_network(entry)
    except ValueError:
        return None


def _address(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _prefix(entry: str) -> httpx.URL | None:
    if "://" not in entry:
        return None
    try:
        url = httpx.URL(entry)
    except httpx.InvalidURL:
        return None
    return url if url.scheme in _PORTS and url.host and not url.query else None


def _host(entry: str) -> tuple[str, int | None] | None:
    """A host, and its port where one is named."""
    try:
        url = httpx.URL(f"http://{entry}/")
    except httpx.InvalidURL:
        return None
    whole = entry.lower() in (url.host, f"{url.host}:{url.port}", f"{url.host}:80")
    if not url.host or not whole:
        return None
    return url.host, 80 if entry.endswith(":80") else url.port


def _port(url: httpx.URL) -> int:
    return url.port or _PORTS[url.scheme]
