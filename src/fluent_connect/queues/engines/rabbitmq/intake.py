"""What RabbitMQ hands out of one queue: taken by prefetch, acknowledged by hand."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from hashlib import blake2b

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import ChannelNotFoundEntity

from fluent_connect.model.ids import new_id
from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.engines.rabbitmq import frames
from fluent_connect.queues.engines.rabbitmq.frames import HEADER, Properties
from fluent_connect.queues.engines.rabbitmq.link import PATIENCE, Link, closed, failing
from fluent_connect.queues.engines.rabbitmq.topology import declare
from fluent_connect.queues.engines.rabbitmq.wire import Listener
from fluent_connect.queues.foreign import foreign
from fluent_connect.queues.label import unpack
from fluent_connect.queues.store import Delivery, StoreError

_PREFETCH = 128
_PROBE = 5.0
"""Seconds between two looks at a queue that nothing comes from."""


class Intake:
    """The channel that takes from one queue. What it loses, the broker hands out again.

    A queue that was there before and is gone is declared anew: the journal knows what was in it.
    """

    def __init__(self, link: Link, name: str, queue: str) -> None:
        self._link = link
        self._name = name
        self._queue = queue
        self._seen = False
        self._epoch = 0
        self._channel: AbstractChannel | None = None
        self._source: AbstractQueue | None = None
        self._ended = False
        self._arrived: deque[tuple[int, Parcel]] = deque()
        self._out: dict[int, None] = {}
        self._more = asyncio.Event()
        self._looked = 0.0
        self._opening = asyncio.Lock()

    async def take(self, limit: int, wait: float) -> Sequence[Delivery]:
        """Return up to `limit` deliveries; wait for the first."""
        with failing(f"take from {self._queue}"):
            source = await self._opened()
            if wait <= 0 and len(self._arrived) < limit:
                await self._catch_up(source)
            elif not self._arrived:
                await self._wait(wait)
                await self._look_round(source)
            count = min(limit, len(self._arrived))
            return [self._delivery(*self._arrived.popleft()) for _ in range(count)]

    async def ack(self, leases: Sequence[str]) -> None:
        """Have the broker forget these; in one frame, if nothing before them is left out."""
        tags = self._ours(leases)
        if not tags or self._channel is None:
            return
        for tag in tags:
            self._out.pop(tag, None)
        with failing(f"acknowledge to {self._queue}"):
            channel = await self._channel.get_underlay_channel()
            # What came in answer to `get` may stand behind what came after it.
            if min(self._out, default=tags[-1] + 1) > tags[-1]:
                await channel.basic_ack(tags[-1], multiple=True)
                return
            for tag in tags:
                await channel.basic_ack(tag)

    async def release(self, leases: Sequence[str]) -> None:
        """Have the broker hand these out again."""
        if self._channel is None:
            return
        with failing(f"give back to {self._queue}"):
            channel = await self._channel.get_underlay_channel()
            for tag in self._ours(leases):
                self._out.pop(tag, None)
                await channel.basic_nack(tag, requeue=True)

    def holds(self, lease: str) -> bool:
        """Say whether a delivery is still ours."""
        return bool(self._ours([lease]))

    async def depth(self) -> int:
        """Return how many wait at the broker or here."""
        with failing(f"look at {self._queue}"):
            channel = await self._link.channel(confirms=False)
            declared = await channel.declare_queue(self._queue, passive=True)
            await channel.close()
            return (declared.declaration_result.message_count or 0) + len(self._out)

    async def close(self) -> None:
        """Give back all that was handed out."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await closed(channel)

    async def _catch_up(self, source: AbstractQueue) -> None:
        """Return once all has arrived that was handed out before: the answer to `get` is last."""
        message = await source.get(fail=False)
        if message is not None and message.delivery_tag is not None:
            told = Properties(message.headers, message.message_id, message.content_type)
            self._arrive(message.delivery_tag, _parcel(told, message.body))

    async def _wait(self, wait: float) -> None:
        self._more.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._more.wait()
        if self._is_lost() and not self._arrived:
            raise StoreError("the broker ended it")

    async def _look_round(self, source: AbstractQueue) -> None:
        """Begin anew where nothing comes though something is there, or the broker forgot us.

        A queue that is deleted and made again at once leaves its old consumers to wait for ever.
        """
        if self._arrived or time.monotonic() - self._looked < _PROBE:
            return
        self._looked = time.monotonic()
        declared = await source.channel.declare_queue(self._queue, passive=True)
        told = declared.declaration_result
        if not self._arrived and (told.message_count or not told.consumer_count):
            self._ended = True

    def restart(self) -> None:
        """Begin anew at the next take: the queue that we take from is another one now."""
        self._ended = True
        self._more.set()

    async def _opened(self) -> AbstractQueue:
        async with self._opening:
            if self._source is not None and not self._is_lost():
                return self._source
            self._source = None
            await self.close()
            self._epoch += 1
            self._arrived.clear()
            self._out.clear()
            # A server that has just started takes connections before its queues are there.
            async with asyncio.timeout(PATIENCE):
                self._source = await self._consume(self._epoch)
            self._seen = True
            return self._source

    async def _consume(self, epoch: int) -> AbstractQueue:
        wired = await self._link.wired(confirms=False)
        channel = self._channel = wired.channel
        await channel.set_qos(prefetch_count=_PREFETCH)
        try:
            source = await channel.get_queue(self._queue)
        except ChannelNotFoundEntity as error:
            if not self._seen:
                raise StoreError("no such queue: fluent-connect queues ensure") from error
            await declare(self._link, self._queue)
            raise StoreError("the queue was deleted; it is made again") from error

        def arrive(tag: int, properties: bytes, body: bytes) -> None:
            if epoch == self._epoch:
                self._arrive(tag, _read(properties, body))

        def end(*_: object) -> None:
            leave()
            if epoch == self._epoch:
                self._ended = True
                self._more.set()

        leave = wired.wire.listen(wired.number, Listener(delivered=arrive))
        self._ended = False
        channel.close_callbacks.add(end)
        (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(end)
        await source.consume(_never)
        return source

    def _is_lost(self) -> bool:
        """Say whether the channel is closed, or the broker cancelled its consumer."""
        return self._ended or self._channel is None or self._channel.is_closed

    def _arrive(self, tag: int, parcel: Parcel) -> None:
        self._arrived.append((tag, parcel))
        self._out[tag] = None
        self._more.set()

    def _delivery(self, tag: int, parcel: Parcel) -> Delivery:
        return Delivery(self._name, parcel, 1, None, f"{self._epoch}.{tag}", 0.0)

    def _ours(self, leases: Sequence[str]) -> list[int]:
        """Return the tags of those that this channel handed out and still holds, lowest first."""
        told = (lease.partition(".") for lease in leases)
        tags = (int(tag) for epoch, _, tag in told if epoch == str(self._epoch))
        return sorted(tag for tag in tags if tag in self._out)


async def _never(message: AbstractIncomingMessage) -> None:
    raise RuntimeError(f"{message.delivery_tag} came another way than over the wire")


def _read(properties: bytes, body: bytes) -> Parcel:
    packed = frames.packed(properties)
    return _ours(packed, body) or _parcel(frames.read(properties), body)


def _parcel(told: Properties, body: bytes) -> Parcel:
    ours = _ours(told.headers.get(HEADER), body)
    if ours is not None:
        return ours
    # A sender's id alone may be that of another message of a careless sender.
    digest = blake2b(body, digest_size=16).hexdigest()
    id_ = f"{told.message_id}/{digest}" if told.message_id else new_id()
    return foreign(id_, body, told.headers.items(), told.content_type)


def _ours(packed: object, body: bytes) -> Parcel | None:
    ours = unpack(packed) if isinstance(packed, str | bytes) else None
    return None if ours is None else Parcel(ours[0], "", body, ours[1])
