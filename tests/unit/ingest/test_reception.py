"""The usual request straight off the connection, and the hand-over of every other one."""

import asyncio
import hmac
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from e2e.harness import until
from fluent_connect.app import server as module
from fluent_connect.app.server import Server
from fluent_connect.ingest import reception
from fluent_connect.ingest.verify.api_key import ApiKey
from fluent_connect.ingest.verify.door import Door, Secrets, schemes
from fluent_connect.ingest.webhook import PATH, Limits
from fluent_connect.queues.store import StoreError, Verdict
from unit.ingest.webhook_client import NOW, Client

HOST = "127.0.0.1"
SLOW = Limits(body=15.0, store=15.0)


def request(body: bytes = b"{}", *more: bytes, key: bytes = b"k", path: str = PATH) -> bytes:
    head = [
        b"POST %b HTTP/1.1" % path.encode(),
        b"host: a",
        b"x-api-key: %b" % key,
        b"content-type: application/json",
        b"content-length: %d" % len(body),
        *more,
    ]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


@asynccontextmanager
async def serving(client: Client) -> AsyncIterator[Server]:
    server = Server(client.app, HOST, 0, webhook=client.app)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class Sender:
    """One connection; `answers` reads as many answers as there are to be."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answer(self) -> tuple[int, bytes]:
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)
        lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
        body = await self.reader.readexactly(int(lines[b"content-length"]))
        return int(head.split(b" ", 2)[1]), body

    async def ask(self, data: bytes) -> tuple[int, bytes]:
        self.writer.write(data)
        return await self.answer()


@asynccontextmanager
async def sending(server: Server) -> AsyncIterator[Sender]:
    sender = Sender(*await asyncio.open_connection(HOST, server.port))
    try:
        yield sender
    finally:
        sender.writer.close()
        await asyncio.wait([asyncio.ensure_future(sender.writer.wait_closed())])


def bodies(client: Client) -> Sequence[bytes]:
    return [write.outcome.puts[0].parcel.body for write in client.store.writes]


class Count:
    """How many connections were handed over."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.handed = 0
        hand_over = reception.Reception._hand_over

        def counting(one: Any, data: Any) -> None:
            self.handed += 1
            hand_over(one, data)

        monkeypatch.setattr(reception.Reception, "_hand_over", counting)


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Count:
    return Count(monkeypatch)


async def test_the_usual_request_is_stored_and_answered_here(count: Count) -> None:
    client = Client(limits=SLOW)
    async with serving(client) as server, sending(server) as sender:
        for number in range(3):
            status, text = await sender.ask(request(b'{"n":%d}' % number))
            write = client.store.writes[number]
            assert (status, text) == (
                202,
                b'{"id":"%b"}' % write.outcome.puts[0].parcel.id.encode(),
            )
            assert write.outcome.puts[0].parcel.headers["content-type"] == "application/json"
    assert bodies(client) == [b'{"n":0}', b'{"n":1}', b'{"n":2}']
    assert client.seen == [("default", 202)] * 3
    assert count.handed == 0


async def test_requests_that_come_together_are_answered_in_their_order(count: Count) -> None:
    client = Client(limits=SLOW)
    async with serving(client) as server, sending(server) as sender:
        sender.writer.write(b"".join(request(b"[%d]" % number) for number in range(5)))
        told = [await sender.answer() for _ in range(5)]
    ids = [write.outcome.puts[0].parcel.id.encode() for write in client.store.writes]
    assert [text for _, text in told] == [b'{"id":"%b"}' % id_ for id_ in ids]
    assert bodies(client) == [b"[%d]" % number for number in range(5)]
    assert count.handed == 0


async def test_a_request_in_small_pieces_is_the_same(count: Count) -> None:
    client = Client(limits=SLOW)
    async with serving(client) as server, sending(server) as sender:
        for byte in request(b'{"a":1}'):
            sender.writer.write(bytes([byte]))
            await sender.writer.drain()
            await asyncio.sleep(0)
        assert (await sender.answer())[0] == 202
    assert bodies(client) == [b'{"a":1}']
    assert count.handed == 0


_OTHERS = {
    "another method": (b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", 404),
    "no such door": (request(path=f"{PATH}/no"), 404),
    "a wrong key": (request(key=b"x"), 401),
    "chunks": (
        b"POST %b HTTP/1.1\r\nhost: a\r\nx-api-key: k\r\ntransfer-encoding: chunked\r\n\r\n"
        b"2\r\n{}\r\n0\r\n\r\n" % PATH.encode(),
        202,
    ),
    "an encoded path": (request(path=PATH.replace("webhook", "web%68ook")), 202),
    "the last request": (request(b"{}", b"connection: close"), 202),
    "too large": (request(b"x" * 2000), 413),
    "packed": (request(b"{}", b"content-encoding: gzip"), 415),
    "an old version": (request().replace(b"HTTP/1.1", b"HTTP/1.0"), 202),
}


@pytest.mark.parametrize("what", _OTHERS)
async def test_what_is_not_usual_is_served_as_ever(count: Count, what: str) -> None:
    sent, status = _OTHERS[what]
    client = Client(
        Door(name="default", schemes=[ApiKey(["k"])], body_limit=1000),
        limits=SLOW,
    )
    async with serving(client) as server, sending(server) as sender:
        assert (await sender.ask(request(b"[0]")))[0] == 202
        assert (await sender.ask(sent))[0] == status
    assert count.handed == 1
    assert len(client.store.writes) == (2 if status == 202 else 1)


async def test_what_follows_a_hand_over_is_not_lost(count: Count) -> None:
    client = Client(limits=SLOW)
    async with serving(client) as server, sending(server) as sender:
        sender.writer.write(request(b"[1]") + request(key=b"x") + request(b"[2]"))
        assert [(await sender.answer())[0] for _ in range(3)] == [202, 401, 202]
    assert bodies(client) == [b"[1]", b"[2]"]
    assert count.handed == 1


async def test_a_stranger_is_refused_before_his_body_comes() -> None:
    client = Client(limits=SLOW)
    head, _, _ = request(b"x" * 1000, key=b"wrong").partition(b"x" * 1000)
    async with serving(client) as server, sending(server) as sender:
        assert (await sender.ask(head))[0] == 401


async def test_a_signed_body_is_judged_when_it_is_whole(count: Count) -> None:
    known = schemes(["standard-webhooks"], Secrets(secrets=["c2VjcmV0"]))
    client = Client(Door(name="default", schemes=known), limits=SLOW)
    stamp = str(int(NOW)).encode()
    digest = hmac.digest(b"secret", b"m-1.%b.[1]" % stamp, "sha256")
    signed = [
        b"webhook-id: m-1",
        b"webhook-timestamp: %b" % stamp,
        b"webhook-signature: v1,%b" % b64encode(digest),
    ]
    async with serving(client) as server, sending(server) as sender:
        sent = request(b"[1]", *signed)
        sender.writer.write(sent[:-2])
        await sender.writer.drain()
        assert (await sender.ask(sent[-2:]))[0] == 202
        assert count.handed == 0
        assert (await sender.ask(request(b"[2]", *signed)))[0] == 401
    assert bodies(client) == [b"[1]"]


@pytest.mark.parametrize("error", [StoreError("disk full"), RuntimeError("a bug")])
async def test_what_cannot_be_stored_is_asked_for_again(error: Exception) -> None:
    client = Client(limits=SLOW)
    async with serving(client) as server, sending(server) as sender:
        client.store.error = error
        assert (await sender.ask(request()))[0] == 503
        client.store.error = None
        client.store.verdict = Verdict.REFUSED
        assert (await sender.ask(request()))[0] == 503
        client.store.verdict = Verdict.APPLIED
        assert (await sender.ask(request()))[0] == 202
    assert [status for _, status in client.seen] == [503, 503, 202]


async def test_a_store_that_hangs_is_told_of_and_the_connection_goes_on() -> None:
    client = Client(limits=Limits(store=0.1))
    async with serving(client) as server, sending(server) as sender:
        client.store.hangs = True
        assert (await sender.ask(request()))[0] == 503
        client.store.hangs = False
        assert (await sender.ask(request()))[0] == 202


async def test_a_sender_that_leaves_is_counted_and_its_request_kept() -> None:
    client = Client(limits=SLOW)
    async with serving(client) as server:
        client.store.hangs = True
        async with sending(server) as sender:
            sender.writer.write(request())
            await until(lambda: client.app.intake._commits)
        await until(lambda: client.seen)
    assert client.seen == [("default", 499)]


@pytest.mark.parametrize("late", [request(), request().replace(b"POST", b"PUT")])
@pytest.mark.parametrize("used", [True, False])
async def test_a_stop_answers_what_was_on_its_way(
    monkeypatch: pytest.MonkeyPatch, *, used: bool, late: bytes
) -> None:
    monkeypatch.setattr(reception, "_ON_ITS_WAY", 5.0)
    client = Client(limits=SLOW)
    async with serving(client) as server, sending(server) as sender:
        if used:
            await sender.ask(request())
        stopping = asyncio.create_task(server.stop())
        await until(lambda: not any(each.is_serving() for each in server._server.servers))
        assert (await sender.ask(late))[0] == (202 if late == request() else 405)
        await stopping
        assert await sender.reader.read() == b""


async def test_a_stop_waits_a_moment_for_a_sender_who_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reception, "_ON_ITS_WAY", 0.05)
    async with serving(Client(limits=SLOW)) as server, sending(server) as sender:
        await server.stop()
        assert await asyncio.wait_for(sender.reader.read(), 10) == b""


async def test_a_stop_lets_what_is_being_stored_be_answered() -> None:
    client = Client(limits=SLOW)
    server = Server(client.app, HOST, 0, webhook=client.app)
    await server.start()
    go = asyncio.Event()
    commit = client.store.commit

    async def later(*writes: Any) -> Sequence[Verdict]:
        await go.wait()
        return await commit(*writes)

    client.store.commit = later  # type: ignore[method-assign]
    async with sending(server) as idle, sending(server) as sender:
        sender.writer.write(request())
        await until(lambda: client.app.intake._commits)
        stopping = asyncio.create_task(server.stop())
        assert await asyncio.wait_for(idle.reader.read(), 10) == b""
        assert not stopping.done()
        go.set()
        answer = await asyncio.wait_for(sender.reader.read(), 10)
        await stopping
    assert answer.startswith(b"HTTP/1.1 202")
    assert b"connection: close" in answer


async def test_a_thousand_idle_connections_end_and_hold_up_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_HEADERS_WITHIN", 0.5)
    client = Client(limits=SLOW)
    async with serving(client) as server:
        idle = [await asyncio.open_connection(HOST, server.port) for _ in range(1000)]
        async with sending(server) as sender:
            assert (await sender.ask(request()))[0] == 202
            ended = await asyncio.gather(*(reader.read() for reader, _ in idle))
            assert set(ended) == {b""}
            assert (await sender.ask(request()))[0] == 202
        for _, writer in idle:
            writer.close()


async def test_who_sends_far_ahead_of_our_answers_is_made_to_wait() -> None:
    client = Client(limits=SLOW)
    async with serving(client) as server, sending(server) as sender:
        sender.writer.write(b"".join(request(b"x" * 40_000) for _ in range(10)))
        assert [(await sender.answer())[0] for _ in range(10)] == [202] * 10
    assert len(client.store.writes) == 10
