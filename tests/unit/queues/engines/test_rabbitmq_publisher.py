"""A put of many is answered one by one, whatever becomes of the channel."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from pamqp import commands, frame, header

from contracts.scene import Clock, parcel
from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.engines.rabbitmq.link import Wired
from fluent_connect.queues.engines.rabbitmq.publisher import Publisher, ReturnedError
from fluent_connect.queues.engines.rabbitmq.wire import Wire
from fluent_connect.queues.store import StoreError


class _Wire(Wire):
    """Keeps what is written, and says with `drain` what a server answers."""

    def __init__(self) -> None:
        super().__init__(Clock())
        self.stream = self.reader()
        self.written = b""
        self.answer: Callable[[], Awaitable[None] | None] = lambda: None

    def write(self, written: bytes) -> None:
        self.written += written

    async def drain(self) -> None:
        answer = self.answer()
        if answer is not None:
            await answer

    def say(self, *said: object) -> None:
        written = (frame.marshal(each, 1) for each in said)  # type: ignore[arg-type]
        self.stream.feed_data(b"".join(written))

    def id(self, number: int) -> str:
        """Return what names the message that was written as number so and so."""
        rest, found = self.written, []
        while rest:
            size, _, each = frame.unmarshal(rest)
            rest = rest[size:]
            if isinstance(each, header.ContentHeader):
                found.append(str(each.properties.message_id))
        return found[number]


class _Channel:
    is_closed = False

    def __init__(self) -> None:
        self.close_callbacks: set[Any] = set()

    def end(self, error: Exception) -> None:
        self.is_closed = True
        for each in self.close_callbacks:
            each(self, error)


@pytest.fixture
async def wire() -> _Wire:
    return _Wire()


@pytest.fixture
def channel() -> Any:
    return _Channel()


@pytest.fixture
async def publisher(wire: _Wire, channel: Any) -> Publisher:
    return Publisher(Wired(channel, wire, 1, 4096))


PARCELS: Sequence[Parcel] = [parcel(f"p{i}") for i in range(4)]


async def test_each_is_confirmed_or_refused_by_itself(wire: _Wire, publisher: Publisher) -> None:
    def answer() -> None:
        wire.say(commands.Basic.Ack(2, multiple=True), commands.Basic.Nack(3))
        wire.say(commands.Basic.Ack(4))

    wire.answer = answer
    first, second, third, fourth = await publisher.put("queue", PARCELS)
    assert (first, second, fourth) == (None, None, None)
    assert isinstance(third, StoreError)


async def test_what_no_queue_takes_is_told_though_it_is_confirmed(
    wire: _Wire, publisher: Publisher
) -> None:
    def answer() -> None:
        properties = commands.Basic.Properties(message_id=wire.id(1))
        returned = commands.Basic.Return(312, "NO_ROUTE", "", "queue")
        wire.say(returned, header.ContentHeader(0, 0, properties))
        wire.say(commands.Basic.Ack(2, multiple=True))

    wire.answer = answer
    first, second = await publisher.put("queue", PARCELS[:2])
    assert first is None
    assert isinstance(second, ReturnedError)


async def test_a_return_that_names_nothing_of_ours_is_nobodys(
    wire: _Wire, publisher: Publisher
) -> None:
    def answer() -> None:
        for odd in ("", "x", "a.b", "a.99"):
            told = commands.Basic.Properties(message_id=odd)
            returned = commands.Basic.Return(312, "NO_ROUTE", "", "queue")
            wire.say(returned, header.ContentHeader(0, 0, told))
        wire.say(commands.Basic.Ack(1))

    wire.answer = answer
    assert await publisher.put("queue", PARCELS[:1]) == [None]


async def test_a_channel_that_ends_answers_all_that_wait(
    wire: _Wire, channel: Any, publisher: Publisher
) -> None:
    def answer() -> None:
        wire.say(commands.Basic.Ack(1))
        channel.end(ConnectionError("cut"))

    wire.answer = answer
    with pytest.raises(StoreError, match="cut"):
        await publisher.put("queue", PARCELS)
    assert publisher.is_closed
    with pytest.raises(StoreError, match="cut"):
        await publisher.put("queue", PARCELS)


async def test_a_put_that_is_given_up_leaves_nothing_that_fails_later(
    wire: _Wire, channel: Any, publisher: Publisher
) -> None:
    failed: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: failed.append(told))

    def answer() -> None:
        raise ConnectionResetError("lost")

    wire.answer = answer
    with pytest.raises(StoreError, match="lost"):
        await publisher.put("queue", PARCELS)
    wire.say(commands.Basic.Ack(1), commands.Basic.Nack(2))
    channel.end(ConnectionError("cut"))
    assert failed == []


async def test_nothing_is_put_in_vain(publisher: Publisher, wire: _Wire) -> None:
    assert list(await publisher.put("queue", ())) == []
    assert wire.written == b""
