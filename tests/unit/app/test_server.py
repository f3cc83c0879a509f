"""A port: bound, drained, and shut to those who take too long."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from e2e.harness import until
from fluent_connect.app import server as module
from fluent_connect.app.server import Server
from fluent_connect.ingest.verify.door import Door, Secrets, schemes
from fluent_connect.ingest.webhook import PATH, Limits, Webhook
from fluent_connect.journal.record import recorder
from fluent_connect.model.errors import ConfigError
from fluent_connect.queues.engines.memory import MemoryStore

HOST = "127.0.0.1"


class App:
    """Answers once it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.go = asyncio.Event()

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        self.asked += 1
        await self.go.wait()
        length = (b"content-length", b"2")
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[Server]:
    server = Server(app, HOST, 0, webhook=app if isinstance(app, Webhook) else None)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def said(
    server: Server, text: bytes
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Send the beginning of a request."""
    reader, writer = await asyncio.open_connection(HOST, server.port)
    writer.write(text)
    await writer.drain()
    try:
        yield reader, writer
    finally:
        writer.close()
        await asyncio.wait([asyncio.ensure_future(writer.wait_closed())])


async def test_a_stop_lets_what_runs_come_to_its_end_and_accepts_no_more() -> None:
    app = App()
    server = Server(app, HOST, 0)
    await server.start()
    port = server.port
    async with said(server, b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n") as (
        reader,
        _,
    ):
        await until(lambda: app.asked)
        stopping = asyncio.create_task(server.stop())
        await until(lambda: _refuses(port))
        app.go.set()
        assert (await reader.read()).endswith(b"ok")
        await stopping


def _refuses(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex((HOST, port)) != 0


async def test_a_port_that_is_taken_is_a_mistake_that_names_it() -> None:
    async with serving(App()) as first:
        second = Server(App(), HOST, first.port)
        with pytest.raises(ConfigError, match=f"port {first.port} on {HOST} cannot be had"):
            await second.start()


@pytest.mark.parametrize("begun", [b"", b"POST / HTTP/1.1\r\nhost: a\r\nx-slow"])
async def test_headers_that_do_not_come_end_the_connection(
    monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(module, "_HEADERS_WITHIN", 0.1)
    async with serving(App()) as server, said(server, begun) as (reader, _):
        assert await asyncio.wait_for(reader.read(), 30) == b""


async def test_a_body_that_takes_too_long_is_answered_408_and_the_connection_ends() -> None:
    store = MemoryStore(recorder())
    known = schemes(["api-key"], Secrets(keys=["k"]))
    doors = {"default": Door(name="default", schemes=known)}
    webhook = Webhook(store, doors, limits=Limits(body=0.2, sweep=0.05))
    head = f"POST {PATH} HTTP/1.1\r\nhost: a\r\nx-api-key: k\r\ncontent-length: 10\r\n\r\n12345"
    async with serving(webhook) as server, said(server, head.encode()) as (reader, _):
        answer = await asyncio.wait_for(reader.read(), 30)
    assert answer.startswith(b"HTTP/1.1 408")
    await store.close()
