"""The frames that we read and write ourselves, however they are cut, beside those of aio-pika."""

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pamqp.frame
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pamqp import body, commands, header
from yarl import URL

from contracts.scene import Clock
from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.engines.rabbitmq import frames
from fluent_connect.queues.engines.rabbitmq.wire import Listener, Wire
from fluent_connect.queues.label import unpack
from unit.clients.test_exchange import certificate

_SMALL = 4096


def _marshal(frame: object, channel: int = 1) -> bytes:
    return pamqp.frame.marshal(frame, channel)  # type: ignore[arg-type]


def _message(method: object, content: bytes, channel: int = 1, **properties: object) -> bytes:
    """Return the frames of a message as a server sends them."""
    told = commands.Basic.Properties(**properties)  # type: ignore[arg-type]
    parts = [content[i : i + 100] for i in range(0, len(content), 100)]
    written = [method, header.ContentHeader(0, len(content), told), *map(body.ContentBody, parts)]
    return b"".join(_marshal(each, channel) for each in written)


def _deliver(tag: int, content: bytes = b"body", channel: int = 1, **properties: object) -> bytes:
    method = commands.Basic.Deliver("consumer", tag, False, "", "queue")
    return _message(method, content, channel, **properties)


def _frames(written: bytes) -> Iterator[object]:
    while written:
        size, _, frame = pamqp.frame.unmarshal(written)
        written = written[size:]
        yield frame


class Told:
    """Keeps what a listener is told."""

    def __init__(self) -> None:
        self.delivered: list[tuple[int, bytes]] = []
        self.confirmed: list[tuple[int, bool, bool]] = []
        self.returned: list[str | None] = []

    @property
    def listener(self) -> Listener:
        return Listener(
            lambda tag, _, content: self.delivered.append((tag, content)),
            lambda *told: self.confirmed.append(told),
            lambda properties: self.returned.append(frames.read(properties).message_id),
        )


async def _feed(wire: Wire, *pieces: bytes) -> bytes:
    """Return what is left for aio-pika of what a server sends."""
    reader = wire.reader()
    for piece in pieces:
        reader.feed_data(piece)
    reader.feed_eof()
    return await reader.read()


# --- what we write


@settings(max_examples=50)
@given(
    st.binary(max_size=3 * _SMALL),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300),
    st.dictionaries(st.text(st.characters(codec="ascii")), st.text(st.characters(codec="utf-8"))),
)
def test_a_put_is_read_by_others_as_it_was_written(
    content: bytes, id_: str, headers: dict[str, str]
) -> None:
    parcel = Parcel(id_, "", content, headers)
    written = frames.publish(7, "queue", b"name.1", parcel, _SMALL)
    method, told, *parts = _frames(written)
    assert isinstance(method, commands.Basic.Publish)
    assert (method.exchange, method.routing_key, method.mandatory) == ("", "queue", True)
    assert isinstance(told, header.ContentHeader)
    assert told.body_size == len(content)
    assert told.properties.delivery_mode == 2
    assert told.properties.message_id == "name.1"
    packed = (told.properties.headers or {})[frames.HEADER]
    assert isinstance(packed, str | bytes)
    assert unpack(packed) == (id_, headers)
    assert b"".join(each.value for each in parts if isinstance(each, body.ContentBody)) == content


def test_what_a_short_string_cannot_hold_is_left_to_the_header() -> None:
    parcel = Parcel("i" * 256, "", b"", {"content-type": "t" * 256})
    _, told = _frames(frames.publish(1, "queue", b"name.1", parcel, _SMALL))
    assert isinstance(told, header.ContentHeader)
    assert told.properties.correlation_id is None
    assert told.properties.content_type is None


def test_the_label_of_a_put_is_found_without_reading_the_rest() -> None:
    parcel = Parcel("p1", "", b"", {"content-type": "text/plain"})
    written = frames.publish(1, "queue", b"name.1", parcel, _SMALL)
    (size,) = (len(_marshal(next(_frames(written)))),)
    found = frames.packed(written[size + frames.HEAD.size : -1])
    assert found is not None
    assert unpack(found) == ("p1", parcel.headers)


@pytest.mark.parametrize(
    "headers", [{}, {"x-delivery-count": 1}, {frames.HEADER: "a", "x": "b"}, {frames.HEADER: 1}]
)
def test_headers_of_others_are_read_whole(headers: dict[str, Any]) -> None:
    properties = commands.Basic.Properties(headers=headers, message_id="m", content_type="t")
    payload = header.ContentHeader(0, 0, properties).marshal()
    assert frames.packed(payload) is None
    assert frames.read(payload) == frames.Properties(headers, "m", "t")


@given(st.binary(max_size=40))
def test_properties_that_cannot_be_read_say_nothing_and_raise_nothing(odd: bytes) -> None:
    payload = frames.SIZE.pack(60, 0, 0) + b"\x20\x00" + odd
    frames.packed(payload)
    frames.read(payload)


# --- what we read


@pytest.mark.parametrize("size", [1, 2, 7, 64, 100_000])
async def test_what_comes_is_parted_wherever_it_is_cut(size: int) -> None:
    taking, putting = Told(), Told()
    wire = Wire(Clock())
    wire.listen(1, taking.listener)
    wire.listen(2, putting.listener)
    others = [
        _marshal(commands.Channel.OpenOk(), 1),
        frames.HEARTBEAT,
        _message(commands.Basic.GetOk(9, False, "", "queue", 0), b"got"),
        _deliver(5, b"another's", channel=3),
        _marshal(commands.Basic.Ack(6), 3),
    ]
    ours = [
        _deliver(1, b"x" * 250, headers={"a": "b"}),
        _deliver(2, b""),
        _marshal(commands.Basic.Ack(3, multiple=True), 2),
        _marshal(commands.Basic.Nack(4), 2),
        _message(commands.Basic.Return(312, "NO_ROUTE", "", "q"), b"back", 2, message_id="m.5"),
    ]
    sent = b"".join(each for pair in zip(others, ours, strict=True) for each in pair)
    left = await _feed(wire, *(sent[i : i + size] for i in range(0, len(sent), size)))
    assert left == b"".join(others)
    assert taking.delivered == [(1, b"x" * 250), (2, b"")]
    assert putting.confirmed == [(3, True, True), (4, False, False)]
    assert putting.returned == ["m.5"]


async def test_a_message_cut_short_is_not_taken_for_the_next() -> None:
    told, wire = Told(), Wire(Clock())
    wire.listen(1, told.listener)
    cut = _marshal(commands.Basic.Deliver("consumer", 1, False, "", "q"))
    got = _message(commands.Basic.GetOk(2, False, "", "q", 0), b"got")
    assert await _feed(wire, cut + got) == got
    assert told.delivered == []


async def test_a_number_that_a_new_channel_has_is_not_taken_from_it() -> None:
    old, new, wire = Told(), Told(), Wire(Clock())
    leave = wire.listen(1, old.listener)
    end = wire.listen(1, new.listener)
    leave()
    await _feed(wire, _deliver(1))
    assert (old.delivered, new.delivered) == ([], [(1, b"body")])
    end()
    assert await _feed(wire, _deliver(2)) == _deliver(2)


async def test_a_server_of_another_version_is_left_to_aio_pika() -> None:
    assert await _feed(Wire(Clock()), b"AM", b"QP\0\0\x09\x01", b"more") == b"AMQP\0\0\x09\x01more"


async def test_what_is_broken_off_is_passed_on_and_the_end_may_be_told_twice() -> None:
    wire = Wire(Clock())
    wire.listen(1, Told().listener)
    reader = wire.reader()
    reader.feed_data(_deliver(1)[:-9])
    reader.feed_eof()
    reader.feed_eof()
    assert _deliver(1)[:-9].endswith(await reader.read())


async def test_aio_pika_is_told_that_a_server_lives_that_only_hands_out() -> None:
    clock, told = Clock(), Told()
    wire = Wire(clock)
    wire.listen(1, told.listener)
    reader = wire.reader()
    for tag in range(1, 4):
        reader.feed_data(_deliver(tag))
        clock.advance(6)
    reader.feed_eof()
    assert await reader.read() == frames.HEARTBEAT * 2
    assert len(told.delivered) == 3


async def test_a_channel_that_is_told_what_it_did_not_ask_for_says_so() -> None:
    wire = Wire(Clock())
    wire.listen(1, Listener())
    with pytest.raises(ConnectionError):
        await _feed(wire, _deliver(1))


@pytest.mark.parametrize("scheme", ["amqp", "amqps"])
async def test_it_connects_as_aio_pika_would(scheme: str, tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readexactly(5))
        writer.write(_deliver(1) + frames.HEARTBEAT)
        writer.close()

    shown, trusting = certificate(tmp_path)

    class Provider:
        async def get_context(self) -> ssl.SSLContext:
            return trusting

    secure = shown if scheme == "amqps" else None
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=secure)
    told, wire = Told(), Wire(Clock())
    wire.listen(1, told.listener)
    port = server.sockets[0].getsockname()[1]
    url = URL(f"{scheme}://127.0.0.1:{port}")
    reader, writer = await wire.create(url, ssl_context_provider=Provider())
    wire.write(b"hello")
    await wire.drain()
    assert await reader.read() == frames.HEARTBEAT
    assert (heard, told.delivered) == ([b"hello"], [(1, b"body")])
    writer.close()
    server.close()


def test_what_is_not_connected_writes_nothing() -> None:
    with pytest.raises(ConnectionError):
        Wire().write(b"x")
