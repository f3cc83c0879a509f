"""Our own HTTP over connections that aiohttp opened, against servers with odd manners."""

import asyncio
import contextlib
import datetime as dt
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from e2e.harness import until
from fluent_connect.clients.exchange import parted, written
from fluent_connect.clients.http import AiohttpTransport
from fluent_connect.clients.transport import Request
from fluent_connect.model.errors import UnreachableError

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Answers each request by the next of these, the last one again and again; None: hangs up."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.url = ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if answer is None:
                    return
                writer.write(answer)
                await writer.drain()
                if b"content-length" not in answer.lower() and b"chunked" not in answer:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def serving(
    *answers: bytes | None, context: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    server = Server(*answers)
    listening = await asyncio.start_server(server, "127.0.0.1", 0, ssl=context)
    scheme = "https" if context else "http"
    server.url = f"{scheme}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        await until(lambda: not server.open)


@asynccontextmanager
async def transport(
    connections: int = 4, keepalive: float = 30.0
) -> AsyncIterator[AiohttpTransport]:
    opened = AiohttpTransport(connections=connections, keepalive=keepalive)
    try:
        yield opened
    finally:
        await opened.close()


def get(server: Server, path: str = "/x") -> Request:
    return Request("GET", f"{server.url}{path}", {})


_ANSWERS = {
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
    "a hint before": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,
    "go on before": b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    "until the end": b"HTTP/1.1 200 OK\r\n\r\n{}",
    "the last": OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
    "packed unasked": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
    % (len(gzip.compress(b"{}")), gzip.compress(b"{}")),
}


@pytest.mark.parametrize("what", _ANSWERS)
async def test_however_an_answer_comes_it_is_read_whole(what: str) -> None:
    async with serving(_ANSWERS[what]) as server, transport() as client:
        for _ in range(2):
            answer = await client.send(get(server), 5)
            assert (answer.status, answer.body) == (200, b"{}")
    assert server.connections == (2 if what in {"until the end", "the last"} else 1)


_BROKEN = {
    "no HTTP": b"SSH-2.0-x\r\nContent-Length: 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    "chunks cut off": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunk\r\n\r\n",
    "packed wrong": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("what", _BROKEN)
async def test_what_is_no_answer_is_an_unclear_outcome(what: str) -> None:
    async with serving(_BROKEN[what], OK) as server, transport() as client:
        with pytest.raises(UnreachableError, match=r"connection lost|within") as caught:
            await client.send(Request("POST", f"{server.url}/x", {}, b"{}"), 0.5)
        assert caught.value.sent
        assert (await client.send(get(server), 5)).body == b"{}"


async def test_more_than_one_answer_is_no_answer_to_the_next_request() -> None:
    async with serving(OK + OK, OK) as server, transport() as client:
        await client.send(get(server), 5)
        await client.send(get(server), 5)
    assert server.connections == 2


async def test_a_connection_is_used_again() -> None:
    async with serving(OK) as server, transport() as client:
        for _ in range(5):
            await client.send(get(server), 5)
    assert server.connections == 1


async def test_a_read_that_met_a_closed_connection_goes_out_again() -> None:
    async with serving(OK, None, OK) as server, transport() as client:
        await client.send(get(server), 5)
        assert (await client.send(get(server), 5)).body == b"{}"
    assert len(server.requests) == 3


async def test_a_write_that_met_a_closed_connection_does_not() -> None:
    async with serving(OK, None, OK) as server, transport() as client:
        await client.send(get(server), 5)
        with pytest.raises(UnreachableError, match="hung up") as caught:
            await client.send(Request("POST", f"{server.url}/x", {}, b"{}"), 5)
    assert caught.value.sent
    assert len(server.requests) == 2


async def test_a_connection_that_was_closed_while_idle_is_not_used() -> None:
    async with serving(OK) as server, transport(keepalive=0.2) as client:
        await client.send(get(server), 5)
        await until(lambda: not server.open)
        await client.send(get(server), 5)
    assert server.connections == 2


async def test_no_more_are_open_than_may_be() -> None:
    async with serving(OK) as server, transport(connections=3) as client:
        answers = await asyncio.gather(*(client.send(get(server), 5) for _ in range(30)))
    assert len(answers) == 30
    assert server.connections <= 3


async def test_an_idle_connection_makes_room_for_another_origin() -> None:
    async with serving(OK) as one, serving(OK) as two, transport(connections=1) as client:
        for server in (one, two, one, two):
            assert (await client.send(get(server), 5)).body == b"{}"
    assert (one.connections, two.connections) == (2, 2)


async def test_who_waits_for_a_place_in_vain_never_left() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()
        gone.append(1)

    gone: list[int] = []
    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    async with transport(connections=1) as client:
        first = asyncio.create_task(client.send(Request("GET", url, {}), 5))
        await until(lambda: client._pool._busy)
        with pytest.raises(UnreachableError, match="no connection within") as caught:
            await client.send(Request("POST", url, {}, b"{}"), 0.1)
        assert not caught.value.sent
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        with pytest.raises(UnreachableError, match=r"no answer within 0\.2 s"):
            await client.send(Request("GET", url, {}), 0.2)
    listening.close()
    await until(lambda: len(gone) == 2)


async def test_closing_ends_what_is_under_way() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{") as server:
        client = AiohttpTransport()
        asked = asyncio.create_task(client.send(get(server), 5))
        await until(lambda: server.requests)
        await client.close()
        with pytest.raises(UnreachableError, match="closing"):
            await asked


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server shows that calls itself 127.0.0.1, and what trusts it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(pem)
    return shown, ssl.create_default_context(cafile=str(pem))


async def test_over_tls_all_is_the_same_and_nobody_is_believed_unproven(tmp_path: Path) -> None:
    shown, trusting = certificate(tmp_path)
    async with serving(OK, context=shown) as server:
        async with transport() as client:
            with pytest.raises(UnreachableError, match="certificate") as caught:
                await client.send(get(server), 5)
            assert not caught.value.sent
            client._connector._ssl = trusting
            for _ in range(3):
                assert (await client.send(get(server), 5)).body == b"{}"
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("url", "origin", "target"),
    [
        ("http://a/b?c=d", "http://a", "/b?c=d"),
        ("https://a:8443/", "https://a:8443", "/"),
        ("http://a", "http://a", "/"),
        ("http://a?b=/c", "http://a", "/?b=/c"),
        ("http://[::1]:80/x", "http://[::1]:80", "/x"),
    ],
)
def test_a_url_is_parted_into_where_and_what(url: str, origin: str, target: str) -> None:
    assert parted(url) == (origin, target)


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/", {"a": "b\r\nc: d"}),
        Request("GET", "/", {"a": "b\nc"}),
        Request("GET", "/", {"a\r": "b"}),
        Request("GET", "/", {"a": "b\r"}),
    ],
)
def test_nothing_is_smuggled_into_a_head(request_: Request) -> None:
    with pytest.raises(ValueError, match="line break"):
        written(request_, "/", "a")
    with pytest.raises(ValueError, match="line break"):
        written(Request("GET", "/", {}), "/ HTTP/1.1\r\nx: y", "a")


def test_a_body_tells_its_length_also_where_there_is_none() -> None:
    assert written(Request("POST", "", {}, b"{}"), "/", "a").endswith(
        b"Host: a\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert b"Content-Length: 0\r\n" in written(Request("POST", "", {}), "/", "a")
    assert b"Content-Length" not in written(Request("GET", "", {}), "/", "a")
