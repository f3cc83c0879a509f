"""Fetches small public documents for the doors, and nothing that a stranger could point us at.

Only https on its own port, no redirect, no proxy, no address that is not public (checked on what
the name resolved to, which is what is then connected to), 3 s, 64 KiB.
"""

import asyncio
import errno
import ipaddress
import re
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from fluent_connect.model.errors import RefusedError, UnreachableError

LARGEST = 64 * 1024
_TIMEOUT = 3.0
_OK = 200
_OLDEST = 10**9
_HTTPS = 443
_MAX_AGE = re.compile(r"max-age\s*=\s*(\d{1,9})", re.IGNORECASE)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_IP = ipaddress.IPv4Address | ipaddress.IPv6Address


class Document(msgspec.Struct, frozen=True):
    """What was fetched: how long it may be kept (seconds), and what time it was there."""

    body: bytes
    max_age: float | None = None
    date: float | None = None


class Fetcher:
    """Make it inside the event loop that uses it. `timeout` in seconds, from name to last byte."""

    def __init__(self, *, timeout: float = _TIMEOUT, largest: int = LARGEST) -> None:
        self._largest = largest
        self._public = _session(timeout, private=False)
        self._private = _session(timeout, private=True)

    async def get(self, url: str, *, private: bool = False) -> Document:
        """Return the document.

        private: a private address is meant, plain http and any port allowed. Raise RefusedError
        for a URL that is not to be asked or an answer that is not wanted, UnreachableError if there
        is none.
        """
        _check(url, private=private)
        session = self._private if private else self._public
        try:
            async with session.get(url, allow_redirects=False) as response:
                if response.status != _OK:
                    raise RefusedError(f"answered {response.status}", status=response.status)
                body = await self._read(response)
                return Document(body, _max_age(response), _date(response))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UnreachableError(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Let go of all connections."""
        await asyncio.gather(self._public.close(), self._private.close())

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        chunks, size = [], 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > self._largest:
                raise RefusedError(f"answered more than {self._largest} bytes")
            chunks.append(chunk)
        return b"".join(chunks)


def is_public(address: str) -> bool:
    """Say whether an address is on the public internet, also one that hides in another."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    hidden = _hidden(ip)
    return ip.is_global and not ip.is_multicast and (hidden is None or hidden.is_global)


def _hidden(ip: _IP) -> ipaddress.IPv4Address | None:
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour


class _PublicOnly(AbstractResolver):
    """Resolves names, and refuses those that lead to a private address."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        """Return the addresses of the host. Raise OSError if one of them is not public."""
        found = await self._resolver.resolve(host, port, family)  # type: ignore[arg-type]
        if not found or not all(is_public(each["host"]) for each in found):
            raise OSError(errno.EACCES, f"{host} is not at a public address")
        return found

    async def close(self) -> None:
        """Let go of the resolver."""
        await self._resolver.close()


def _session(timeout: float, *, private: bool) -> aiohttp.ClientSession:
    resolver: AbstractResolver = ThreadedResolver() if private else _PublicOnly()
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True),
        timeout=aiohttp.ClientTimeout(total=timeout),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"accept-encoding": "identity", "user-agent": "fluent-connect/0.1"},
    )


def _check(url: str, *, private: bool) -> None:
    """Raise RefusedError for a URL that we do not ask."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RefusedError(f"no URL: {error}") from error
    plain = url.isascii() and url.isprintable() and not set(url) & set(" \\#@")
    if not (plain and parts.hostname) or parts.scheme not in {"http", "https"}:
        raise RefusedError("not a plain https URL")
    if private:
        return
    if parts.scheme != "https" or port not in {None, _HTTPS}:
        raise RefusedError("only https is asked, on port 443")
    if _is_address(parts.hostname):
        raise RefusedError("a host is asked by its name")


def _is_address(host: str) -> bool:
    """Say whether it is an address in any of its spellings (127.1, 0x7f000001, 2130706433, ::1)."""
    last = host.rstrip(".").rpartition(".")[2]
    return ":" in host or re.fullmatch(r"(0[xX][0-9a-fA-F]*|\d+)", last) is not None


def _max_age(response: aiohttp.ClientResponse) -> float | None:
    found = _MAX_AGE.search(response.headers.get("cache-control", ""))
    return float(found[1]) if found else None


def _date(response: aiohttp.ClientResponse) -> float | None:
    """Return what time it is there; what a cache answers is older by its `Age`."""
    try:
        told = parsedate_to_datetime(response.headers.get("date", "")).timestamp()
        return told + min(int(response.headers.get("age", "0")), _OLDEST)
    except (ValueError, TypeError):
        return None
