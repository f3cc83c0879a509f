"""What goes over a connection to RabbitMQ: parcels and confirmations by us, the rest by aio-pika.

For each message aio-pika makes several tasks and futures, and waits for the socket before it sends
the next. It opens connection and channels, keeps them alive and closes them; the frames that come
by the thousand are read and written here, without a task.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from ssl import SSLContext
from typing import Any, NamedTuple, SupportsIndex

from fluent_connect.queues.engines.rabbitmq import frames

_ALIVE_EVERY = 5.0
_FOREIGN = b"AMQP"
"""How a server answers that speaks another version: not in frames."""


def _unasked(*_: object) -> None:
    raise ConnectionError("the server tells a channel what it did not ask for")


class Listener(NamedTuple):
    """Told what comes over its channel. What it raises ends the connection.

    delivered: tag, properties and body of a message that the server handed out.
    confirmed: tag; whether all before it are meant too; whether the server keeps what was put.
    returned:  properties of what no queue takes; that it is confirmed comes after that.
    """

    delivered: Callable[[int, bytes, bytes], None] = _unasked
    confirmed: Callable[[int, bool, bool], None] = _unasked
    returned: Callable[[bytes], None] = _unasked


class _Message:
    """One that is coming. `tag`: None if it is returned; `missing`: bytes of its body."""

    __slots__ = ("missing", "parts", "properties", "tag")

    def __init__(self, tag: int | None) -> None:
        self.tag = tag
        self.properties = b""
        self.parts: list[bytes] = []
        self.missing = 0


class Wire:
    """A connection's stream of bytes; handed to aio-pika as its `transport_factory`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._listeners: dict[int, Listener] = {}
        self._clock = clock
        self._writer: asyncio.StreamWriter | None = None

    async def create(
        self, url: Any, ssl_context_provider: Any = None, **options: Any
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect as `asyncio.open_connection` does, with a reader that keeps what is ours."""
        secure: SSLContext | None = None
        if url.scheme == "amqps":
            secure = await ssl_context_provider.get_context()
        loop = asyncio.get_running_loop()
        reader = self.reader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.create_connection(
            lambda: protocol, url.host, url.port, ssl=secure, **options
        )
        self._writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        return reader, self._writer

    def reader(self) -> asyncio.StreamReader:
        """Return what takes the bytes that come: aio-pika reads from it all that is not ours."""
        return _Reader(self._listeners, self._clock)

    def listen(self, channel: int, listener: Listener) -> Callable[[], None]:
        """Tell a listener what comes over a channel; return how to end that."""
        self._listeners[channel] = listener

        def end() -> None:
            # Another channel may have the number by now.
            if self._listeners.get(channel) is listener:
                del self._listeners[channel]

        return end

    def write(self, written: bytes) -> None:
        """Send whole frames."""
        if self._writer is None:
            raise ConnectionError("not connected")
        self._writer.write(written)

    async def drain(self) -> None:
        """Wait until there is room for more."""
        if self._writer is not None:
            await self._writer.drain()


class _Reader(asyncio.StreamReader):
    """Hands on what listeners want, whole, in order; all else is read by aio-pika."""

    def __init__(self, listeners: dict[int, Listener], clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._listeners = listeners
        self._rest = b""
        self._coming: dict[int, _Message] = {}
        self._framed: bool | None = None
        self._alive = clock()

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        """Take what came, at any border."""
        came = self._rest + bytes(data)
        if self._framed is None and len(came) >= len(_FOREIGN):
            self._framed = not came.startswith(_FOREIGN)
        if self._framed is False:
            self._rest = b""
            super().feed_data(came)
            return
        self._rest = came[self._split(came) :]

    def feed_eof(self) -> None:
        """Pass on what is left, a broken frame, and the end; over TLS it is told twice."""
        rest, self._rest = self._rest, b""
        if rest:
            super().feed_data(rest)
        super().feed_eof()

    def _split(self, data: bytes) -> int:
        """Pass on the whole frames, and return where they end."""
        at = others = 0
        while len(data) - at >= frames.SHORTEST:
            kind, channel, size = frames.HEAD.unpack_from(data, at)
            end = at + size + frames.SHORTEST
            if end > len(data):
                break
            listener = self._listeners.get(channel)
            if listener is not None:
                payload = data[at + frames.HEAD.size : end - 1]
                if self._is_ours(listener, channel, kind, payload):
                    super().feed_data(data[others:at])
                    others = end
            at = end
        super().feed_data(data[others:at])
        if others:
            self._keep_alive()
        return at

    def _is_ours(self, listener: Listener, channel: int, kind: int, payload: bytes) -> bool:
        if kind == frames.METHOD:
            return self._begins(listener, channel, payload)
        message = self._coming.get(channel)
        if message is None:
            return False
        if kind == frames.PROPERTIES:
            message.properties = payload
            message.missing = frames.SIZE.unpack_from(payload)[2]
        else:
            message.parts.append(payload)
            message.missing -= len(payload)
        if message.missing <= 0:
            del self._coming[channel]
            if message.tag is None:
                listener.returned(message.properties)
            else:
                listener.delivered(message.tag, message.properties, b"".join(message.parts))
        return True

    def _begins(self, listener: Listener, channel: int, method: bytes) -> bool:
        self._coming.pop(channel, None)
        name, at = method[:4], 4
        if name == frames.DELIVER:
            at += 1 + method[at]  # the consumer's tag: a channel has one
            self._coming[channel] = _Message(frames.TAG.unpack_from(method, at)[0])
        elif name == frames.RETURN:
            self._coming[channel] = _Message(None)
        elif name in {frames.ACK, frames.NACK}:
            (tag,) = frames.TAG.unpack_from(method, at)
            multiple = bool(method[at + frames.TAG.size] & 1)
            listener.confirmed(tag, multiple, name == frames.ACK)
        else:
            return False
        return True

    def _keep_alive(self) -> None:
        """Have aio-pika know that the server lives: it sends heartbeats only when it is silent."""
        now = self._clock()
        if now - self._alive >= _ALIVE_EVERY:
            self._alive = now
            super().feed_data(frames.HEARTBEAT)
