"""Both transports against a real, small and ill-mannered server."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fluent_connect.clients.http import Request, Transport
from fluent_connect.clients.transports import Kind, open_transport
from fluent_connect.model.errors import UnreachableError

KINDS: list[Kind] = ["aiohttp", "pyreqwest"]


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Behave as the path of the request says."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            behaviour = head.split(b" ", 2)[1].decode().strip("/")
            if behaviour == "reset":
                writer.transport.abort()
                return
            if behaviour == "silent":
                await reader.read()
                return
            if behaviour == "short":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
                return
            body = head if behaviour == "echo" else b'{"a":1}'
            status = b"302 Found\r\nLocation: /echo" if behaviour == "moved" else b"200 OK"
            writer.write(
                b"HTTP/1.1 %b\r\nRetry-After: 7\r\nContent-Length: %d\r\n\r\n%b"
                % (status, len(body), body)
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


@asynccontextmanager
async def server() -> AsyncIterator[str]:
    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()


@pytest.fixture(params=KINDS)
async def transport(request: pytest.FixtureRequest) -> AsyncIterator[Transport]:
    if request.param == "pyreqwest":
        pytest.importorskip("pyreqwest")
    opened = open_transport(request.param, connections=4)
    yield opened
    await opened.close()


async def test_an_answer_is_read_whole(transport: Transport) -> None:
    async with server() as url:
        headers = {"User-Agent": "us", "Authorization": "Bearer t"}
        answer = await transport.send(Request("GET", f"{url}/echo", headers), 5)

    assert answer.status == 200
    assert b"Authorization: Bearer t".lower() in answer.body.lower()
    assert answer.body.lower().count(b"user-agent") == 1


async def test_a_redirect_is_not_followed(transport: Transport) -> None:
    async with server() as url:
        answer = await transport.send(Request("GET", f"{url}/moved", {}), 5)

    assert answer.status == 302
    assert answer.headers.get("retry-after") == "7"


@pytest.mark.parametrize("behaviour", ["reset", "short", "silent"])
async def test_what_may_have_been_carried_out_is_told_as_sent(
    transport: Transport, behaviour: str
) -> None:
    async with server() as url:
        with pytest.raises(UnreachableError) as caught:
            await transport.send(Request("POST", f"{url}/{behaviour}", {}, b"{}"), 0.2)

    assert caught.value.sent


async def test_a_call_after_a_time_out_finds_a_clean_connection(transport: Transport) -> None:
    async with server() as url:
        with pytest.raises(UnreachableError, match="within"):
            await transport.send(Request("GET", f"{url}/silent", {}), 0.05)
        answer = await transport.send(Request("GET", f"{url}/ok", {}), 5)

    assert answer.body == b'{"a":1}'


async def test_what_never_left_is_told_as_such(transport: Transport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    with pytest.raises(UnreachableError) as caught:
        await transport.send(Request("POST", f"http://127.0.0.1:{port}/", {}, b"{}"), 5)

    assert not caught.value.sent
