"""HTTP/1.1 on one connection: a request goes out, its answer comes back, then the next one may."""

import asyncio
import zlib
from collections.abc import Callable, Mapping

import httptools

from fluent_connect.clients.transport import Answer, Request
from fluent_connect.model.errors import UnreachableError

_TOLD = 300
"""Headers are put together for these statuses only: of a success nobody reads them."""
_FINAL = 200
_FRAMES = frozenset({b"content-length", b"transfer-encoding"})
_EITHER = zlib.MAX_WBITS | 32
"""Has zlib find out by itself whether it is gzip or deflate."""


class DroppedError(UnreachableError):
    """A connection that had served before was closed, without a byte in answer to this request.

    The other side may have hung up before the request arrived: what does no harm twice is repeated.
    """


class Exchange(asyncio.Protocol):
    """One connection that somebody else has opened, from now on ours.

    lost: told once, when the connection is no more.
    """

    def __init__(self, transport: asyncio.Transport, lost: "Callable[[Exchange], None]") -> None:
        self.idle_since = 0.0
        self.deadline = self.patience = 0.0
        self.origin = ""
        self._transport = transport
        self._lost = lost
        self._parser = httptools.HttpResponseParser(self)
        self._waiting: asyncio.Future[Answer] | None = None
        self._served = False
        self._keep = True
        self._gone = False
        self._clear()

    @property
    def reusable(self) -> bool:
        """Say whether another request may go out here."""
        return self._keep and self._waiting is None and not self._transport.is_closing()

    def ask(self, data: bytes, loop: asyncio.AbstractEventLoop) -> "asyncio.Future[Answer]":
        """Send a request; the future holds its answer, or UnreachableError."""
        self._waiting = waiting = loop.create_future()
        self._transport.write(data)
        return waiting

    def fail(self, error: UnreachableError) -> None:
        """Give up: whoever waits gets the error, and the connection is of no more use."""
        self._keep = False
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)
        self.abort()

    def abort(self) -> None:
        """Hang up at once, as after an answer that nobody waits for any more."""
        self._keep = False
        self._waiting = None
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read what came; unasked it is no answer to anything."""
        if self._waiting is None:
            self.abort()
            return
        self._touched = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.fail(UnreachableError(f"connection lost: no HTTP answer: {error}"))
            return
        if self._whole:
            self._settle()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits, unless all that came until the end is the answer."""
        if self._gone:
            return
        self._gone = True
        if self._waiting is not None:
            if self._headers_whole and not self._framed and exc is None:
                self._keep = False
                self._settle()
            else:
                self.fail(self._broken(exc))
        self._lost(self)

    def on_message_begin(self) -> None:
        """Begin an answer; a second one was not asked for."""
        self._keep = self._keep and not self._whole

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header as it came."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Note that what follows is the body."""
        self._headers_whole = True

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Have an answer, unless it only says that there will be one."""
        if self._parser.get_status_code() < _FINAL:
            self._clear()
            self._touched = True
            return
        self._whole = True
        self._keep = self._keep and self._parser.should_keep_alive()

    @property
    def _framed(self) -> bool:
        """Say whether the answer tells its own length, so that it cannot just end."""
        return any(name.lower() in _FRAMES for name, _ in self._headers)

    def _settle(self) -> None:
        waiting, self._waiting = self._waiting, None
        try:
            answer = self._answer()
        except zlib.error as error:
            self._waiting = waiting
            self.fail(UnreachableError(f"connection lost: the answer cannot be unpacked: {error}"))
            return
        self._served = True
        self._clear()
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def _answer(self) -> Answer:
        pieces = self._body
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        status = self._parser.get_status_code()
        for name, value in self._headers:
            if len(name) == 16 and name.lower() == b"content-encoding":  # noqa: PLR2004
                body = _unpacked(body, value)
        return Answer(status, body, self._told() if status >= _TOLD else _NONE)

    def _told(self) -> Mapping[str, str]:
        return {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self._headers
        }

    def _broken(self, error: Exception | None) -> UnreachableError:
        if self._served and not self._touched:
            return DroppedError("connection lost: the other side hung up")
        told = "the other side hung up" if error is None else str(error) or type(error).__name__
        return UnreachableError(f"connection lost: {told}")

    def _clear(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._headers_whole = self._whole = self._touched = False


_NONE: Mapping[str, str] = {}


def _unpacked(body: bytes, coding: bytes) -> bytes:
    """Return a body as it was before it was packed, though nobody asked for that."""
    if not body or coding.strip().lower() == b"identity":
        return body
    return zlib.decompress(body, _EITHER)


def parted(url: str) -> tuple[str, str]:
    """Return the origin of an absolute URL, and what a request asks it for."""
    at = url.find("/", 8)  # past "http://h"
    query = url.find("?")
    if at < 0 or 0 <= query < at:
        origin, mark, rest = url.partition("?")
        return origin, f"/{mark}{rest}"
    return url[:at], url[at:]


def written(request: Request, target: str, host: str) -> bytes:
    """Return a request as it goes out. Raise ValueError if a header would end before its end."""
    body = request.body
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    elif request.method not in _BARE:
        lines.append("Content-Length: 0")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1:
        raise ValueError(f"a line break in a header or in the target of {request.method}")
    data = f"{head}\r\n\r\n".encode("latin-1")
    return data if body is None else data + body


_BARE = frozenset({"GET", "HEAD", "DELETE"})
"""Methods that need not say that they have no body."""
