"""Takes the usual request at a door straight off its connection, many of them in one commit.

Usual is a proven POST with a length. Whatever else comes (chunks, refusals, handshakes, keys that
are being fetched, other paths, other methods) is handed to the ASGI server, with the connection and
every byte that came since the request began, as if it had been there from the start.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from http import HTTPStatus
from typing import cast

import httptools

from fluent_connect.ingest import replies
from fluent_connect.ingest.replies import ACCEPTED, Reply
from fluent_connect.ingest.room import FREE
from fluent_connect.ingest.webhook import GONE, Admitted, Webhook
from fluent_connect.model.killpoint import reach
from fluent_connect.queues.store import Verdict

_LARGEST_HEAD = 32 * 1024
_LARGEST = 1024 * 1024
"""Bytes of a body that is waited for here."""
_AHEAD = 64 * 1024
"""Bytes that a sender may be ahead of our answers."""
_ON_ITS_WAY = 0.5
"""Seconds for a request to come over a connection that exists when the server stops. To close it at
once would reset a sender whose request stands unread in its buffer."""


class Successor(asyncio.Protocol, ABC):
    """A protocol that takes a connection over."""

    @abstractmethod
    def shutdown(self) -> None:
        """End once what runs has its answer."""


class Reception(asyncio.Protocol):
    """One connection at the webhook's port.

    connections: all that the server waits for when it stops; each can `shutdown`.
    successor:   makes the protocol that serves what is not usual.
    """

    def __init__(
        self,
        webhook: Webhook,
        connections: set[object],
        successor: Callable[[], Successor],
    ) -> None:
        self._webhook = webhook
        self._connections = connections
        self._successor = successor
        self._parser = httptools.HttpRequestParser(self)
        self._came = bytearray()
        self._path = b""
        self._query = b""
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._looked = self._body_at = self._whole_at = 0
        self._admitted: Admitted | None = None
        self._begun = self._since = time.monotonic()
        self._served = self._paused = self._closing = False
        self._held = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request."""
        self.transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget the connection; what is being stored stays so, though nobody can be told."""
        self._connections.discard(self)
        self._give_back()
        admitted, self._admitted = self._admitted, None
        if admitted is not None:
            self._webhook.on_request(admitted.door.name, GONE, time.monotonic() - self._begun)

    def shutdown(self) -> None:
        """End once what runs, and what may be on its way already, has its answer."""
        self._closing = True
        asyncio.get_running_loop().call_later(_ON_ITS_WAY, self._let_go)

    def _let_go(self) -> None:
        """End if no request runs, unless the connection is someone else's by now."""
        if self in self._connections and self._admitted is None and not self._whole_at:
            self.transport.close()

    def overdue(self, now: float, *, head: float, idle: float) -> None:
        """End what takes too long: a head, a body, the store, or the next request."""
        waited = now - self._since
        limits = self._webhook.limits
        if self._admitted is not None:
            if waited > limits.store:
                self._refuse(self._admitted, replies.UNSTORED)
        elif self._whole_at:
            if waited > limits.body:
                self._say(_head(replies.SLOW.status, replies.SLOW.headers), replies.SLOW.text)
                self.transport.close()
        elif waited > (idle if self._served and not self._came else head):
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Take what came; one request at a time."""
        came = self._came
        if self._admitted is not None:
            came += data
            if len(came) > _AHEAD and not self._paused:
                self._paused = True
                self.transport.pause_reading()
        elif came:
            came += data
            self._go_on(came)
        else:
            self._since = self._begun = time.monotonic()
            self._go_on(data)

    def pause_writing(self) -> None:
        """Read no more requests of a sender who does not read our answers."""
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on reading."""
        if not self._paused:
            self.transport.resume_reading()

    def on_url(self, url: bytes) -> None:
        """Keep what is asked for; it may come in pieces."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; of one that stands twice the last one counts, as everywhere."""
        self._headers[name.lower()] = value

    def _go_on(self, data: bytes | bytearray) -> None:
        """Go as far with a request as what has come of it allows."""
        if not self._whole_at:
            end = data.find(b"\r\n\r\n", self._looked) + 4
            if end < 4:  # noqa: PLR2004 - not found
                self._looked = max(0, len(data) - 3)
                if len(data) > _LARGEST_HEAD:
                    self._hand_over(data)
                else:
                    self._keep(data)
                return
            self._looked = 0
            length = self._length(bytes(data[:end]))
            if length is None or (len(data) < end + length and not self._awaits(length)):
                self._hand_over(data)
                return
            self._body_at, self._whole_at = end, end + length
            self._since = time.monotonic()
        if len(data) < self._whole_at:
            self._keep(data)
            return
        self._give_back()
        admitted = self._admit(bytes(data[self._body_at : self._whole_at]))
        if admitted is None:
            self._hand_over(data)
            return
        rest = len(data) > self._whole_at
        self._came = bytearray(data[self._whole_at :]) if rest else bytearray()
        self._whole_at = 0
        self._admitted = admitted
        self._webhook.intake.add(admitted.write, partial(self._stored, admitted))

    def _keep(self, data: bytes | bytearray) -> None:
        if data is not self._came:
            self._came = bytearray(data)

    def _length(self, head: bytes) -> int | None:
        """Return how long the body of a usual request is; None if it is not usual."""
        self._headers = {}
        self._url = b""
        parser = self._parser
        try:
            parser.feed_data(head)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return None
        self._path, _, self._query = self._url.partition(b"?")
        usual = (
            parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not _UNUSUAL.intersection(self._headers)
            and not _ENCODED.intersection(self._url)
        )
        length = self._headers.get(b"content-length", b"")
        return int(length) if usual and length.isdigit() and len(length) < _DIGITS else None

    def _awaits(self, length: int) -> bool:
        """Say whether the rest of a body is waited for here, for which there has to be room."""
        path = self._path.decode("latin-1")
        usual = length <= _LARGEST and self._webhook.awaits(path, self._query, self._headers)
        beyond = max(0, length - FREE)
        if not usual or not self._webhook.room.take(beyond):
            return False
        self._held = beyond
        return True

    def _give_back(self) -> None:
        self._webhook.room.give(self._held)
        self._held = 0

    def _admit(self, body: bytes) -> Admitted | None:
        try:
            if body:
                self._parser.feed_data(body)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return None
        path = self._path.decode("latin-1")
        return self._webhook.admitted(path, self._query, self._headers, body)

    def _stored(self, admitted: Admitted, verdict: Verdict | None) -> None:
        """Answer, if the sender still waits for it."""
        if self._admitted is not admitted:
            return
        if verdict is not Verdict.APPLIED:
            self._refuse(admitted, replies.UNSTORED)
            return
        status = admitted.door.accepted
        self._say(_accepted(status), b'{"id":"%b"}' % admitted.id.encode())
        reach("ingest:after-answer")
        self._answered(admitted, status)

    def _refuse(self, admitted: Admitted, reply: Reply) -> None:
        self._say(_head(reply.status, reply.headers), reply.text)
        self._answered(admitted, reply.status)

    def _say(self, head: bytes, body: bytes) -> None:
        end = b"connection: close\r\n\r\n" if self._closing else b"\r\n"
        self.transport.write(b"%b%b%b" % (head, end, body))

    def _answered(self, admitted: Admitted, status: int) -> None:
        now = time.monotonic()
        self._webhook.on_request(admitted.door.name, status, now - self._begun)
        self._admitted = None
        self._since = self._begun = now
        self._served = True
        if self._closing:
            self.transport.close()
            return
        if self._paused:
            self._paused = False
            self.transport.resume_reading()
        if self._came:
            self._go_on(self._came)

    def _hand_over(self, data: bytes | bytearray) -> None:
        """Let the successor serve the connection from this request on."""
        self._connections.discard(self)
        self._give_back()
        successor = self._successor()
        self.transport.set_protocol(successor)
        successor.connection_made(self.transport)
        successor.data_received(bytes(data))
        if self._closing:
            successor.shutdown()


_UNUSUAL = frozenset({b"transfer-encoding", b"expect", b"upgrade"})
_ENCODED = frozenset(b"%#")
_DIGITS = 10


def _head(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the beginning of an answer, up to where further headers may follow."""
    told = b"".join(b"%b: %b\r\n" % each for each in headers)
    return b"HTTP/1.1 %d %b\r\n%b" % (status, HTTPStatus(status).phrase.encode(), told)


@lru_cache(maxsize=8)
def _accepted(status: int) -> bytes:
    return _head(status, ACCEPTED["headers"])
