"""The connections to one RabbitMQ server, made when they are needed, and made again when cut."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import aio_pika
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from fluent_connect.queues.engines.rabbitmq.wire import Wire
from fluent_connect.queues.store import StoreError

FAILURES = (AMQPError, ChannelInvalidStateError, OSError)
PATIENCE = 5.0
"""Seconds to connect, or to be answered."""
LOOK = "if the server is up, a queue may have no leader: rabbitmq-queues quorum_status NAME"
"""What to look at where there is no answer."""
_FRAME = 128 * 1024
"""Bytes of a frame where the server names no limit."""


@contextmanager
def failing(doing: str) -> Iterator[None]:
    """Raise what the driver raises as StoreError."""
    try:
        yield
    except FAILURES as error:
        raise StoreError(f"{doing}: {told(error)}") from error


def told(error: BaseException) -> str:
    """Return what an error of the driver says."""
    silence = f"no answer in time; {LOOK}"
    return str(error) or (silence if isinstance(error, TimeoutError) else repr(error))


async def closed(channel: AbstractChannel) -> None:
    """Close a channel, or leave it to the end of its connection."""
    with suppress(*FAILURES):
        async with asyncio.timeout(PATIENCE):
            await channel.close()


class Wired(NamedTuple):
    """A channel, and the wire of its connection.

    frame: bytes of the largest frame that the server takes.
    """

    channel: AbstractChannel
    wire: Wire
    number: int
    frame: int


class _Connection(aio_pika.Connection):
    """A connection that lets us read and write what is ours."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.wire = Wire()
        self.kwargs["transport_factory"] = self.wire


class Link:
    """One connection to a server, shared by its channels.

    A server that is short of memory or disk reads no more from connections that publish: what
    publishes and what takes have a link each.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self._connection: _Connection | None = None
        self._opening = asyncio.Lock()

    async def channel(self, *, confirms: bool) -> AbstractChannel:
        """Return a new channel. Raise StoreError if the server cannot be reached."""
        return (await self.wired(confirms=confirms)).channel

    async def wired(self, *, confirms: bool) -> Wired:
        """Return a new channel with its wire. Raise StoreError if the server cannot be reached."""
        with failing("connect"):
            connection = await self._connected()
            async with asyncio.timeout(PATIENCE):
                channel: AbstractChannel = await connection.channel(publisher_confirms=confirms)
                inner = await channel.get_underlay_channel()
            frame = inner.connection.connection_tune.frame_max or _FRAME
            return Wired(channel, connection.wire, inner.number, frame)

    async def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with failing("close"):
                await connection.close()

    async def _connected(self) -> _Connection:
        async with self._opening:
            if self._connection is None or _is_cut(self._connection):
                self._connection = await aio_pika.connect(
                    self._server, timeout=PATIENCE, connection_class=_Connection
                )
            return self._connection


def _is_cut(connection: _Connection) -> bool:
    return connection.is_closed or not connection.connected.is_set()
