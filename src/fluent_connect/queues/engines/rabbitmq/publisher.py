"""Puts to RabbitMQ: all of a batch in one piece, each confirmed or refused by itself."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.engines.rabbitmq import frames
from fluent_connect.queues.engines.rabbitmq.link import Link, Wired, closed, failing, told
from fluent_connect.queues.engines.rabbitmq.wire import Listener
from fluent_connect.queues.store import StoreError


class ReturnedError(StoreError):
    """No queue takes it."""


class _Batch:
    """Puts that wait for their confirmations; `done` once none does."""

    __slots__ = ("done", "errors", "missing")

    def __init__(self, size: int) -> None:
        self.errors: list[Exception | None] = [None] * size
        self.missing = size
        self.done = asyncio.get_running_loop().create_future()

    def settle(self, place: int, error: Exception | None) -> None:
        self.errors[place] = self.errors[place] or error
        self.missing -= 1
        if not self.missing and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class Publisher:
    """A channel that puts."""

    def __init__(self, wired: Wired) -> None:
        self._channel = wired.channel
        self._wire = wired.wire
        self._number = wired.number
        self._frame = wired.frame
        self._tag = 0
        self._name = uuid4().hex
        self._waiting: dict[int, tuple[_Batch, int]] = {}
        self._ended: Exception | None = None
        listener = Listener(confirmed=self._confirm, returned=self._give_up)
        self._leave = self._wire.listen(self._number, listener)
        self._channel.close_callbacks.add(self._end)

    @classmethod
    async def open(cls, link: Link) -> "Publisher":
        """Return one that is ready. Raise StoreError if the server cannot be reached."""
        return cls(await link.wired(confirms=True))

    @property
    def is_closed(self) -> bool:
        """Say whether it can put no more."""
        return self._ended is not None or self._channel.is_closed

    async def put(self, queue: str, parcels: Sequence[Parcel]) -> Sequence[Exception | None]:
        """Return, for each parcel, None once a quorum keeps it, or why it does not."""
        if not parcels:
            return ()
        with failing(f"put on {queue}"):
            if self._ended is not None:
                raise self._ended
            batch = _Batch(len(parcels))
            written = [self._written(queue, each, batch, i) for i, each in enumerate(parcels)]
            try:
                self._wire.write(b"".join(written))
                await self._wire.drain()
                await batch.done
            finally:
                batch.done.cancel()
        return batch.errors

    async def close(self) -> None:
        """Let go of the channel; what it did not confirm it may never confirm."""
        await closed(self._channel)

    def _confirm(self, tag: int, multiple: bool, kept: bool) -> None:  # noqa: FBT001 - as told
        """Settle a put, or all up to it."""
        error = None if kept else StoreError("refused (Nack): is the queue full?")
        tags = [each for each in self._waiting if each <= tag] if multiple else [tag]
        for each in tags:
            batch, place = self._waiting.pop(each, (None, 0))
            if batch is not None:
                batch.settle(place, error)

    def _give_up(self, properties: bytes) -> None:
        """Note that no queue takes a put; what follows confirms only that it came."""
        tag = (frames.read(properties).message_id or "").rpartition(".")[2]
        batch, place = self._waiting.get(int(tag) if tag.isdecimal() else 0, (None, 0))
        if batch is not None:
            batch.errors[place] = ReturnedError("no such queue; fluent-connect queues ensure")

    def _written(self, queue: str, parcel: Parcel, batch: _Batch, place: int) -> bytes:
        self._tag += 1
        self._waiting[self._tag] = (batch, place)
        # The message's own id has to be unique, or a return is taken for another's.
        id_ = f"{self._name}.{self._tag}".encode()
        return frames.publish(self._number, queue, id_, parcel, self._frame)

    def _end(self, _: object, error: BaseException | None = None) -> None:
        self._leave()
        why = told(error) if error is not None else "closed"
        self._ended = StoreError(f"the channel ended: {why}")
        waiting, self._waiting = self._waiting, {}
        for batch, _place in waiting.values():
            batch.fail(self._ended)
