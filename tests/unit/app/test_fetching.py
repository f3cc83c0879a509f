import gzip
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from fluent_connect.app.fetching import Fetcher, is_public
from fluent_connect.model.errors import ConnectError, RefusedError, UnreachableError

FORBIDDEN = [
    "http://example.com/keys",
    "ftp://example.com/keys",
    "file:///etc/passwd",
    "gopher://example.com/",
    "//example.com/keys",
    "example.com/keys",
    "",
    "https://",
    "https:///keys",
    "https://127.0.0.1/keys",
    "https://127.1/keys",
    "https://2130706433/keys",
    "https://0x7f000001/keys",
    "https://0x7f.1/keys",
    "https://0177.0.0.1/keys",
    "https://127.0.0.1./keys",
    "https://10.0.0.1/keys",
    "https://169.254.169.254/latest/meta-data/",
    "https://192.168.1.1/keys",
    "https://172.16.0.1/keys",
    "https://100.64.0.1/keys",
    "https://0.0.0.0/keys",
    "https://[::1]/keys",
    "https://[::]/keys",
    "https://[::ffff:127.0.0.1]/keys",
    "https://[::ffff:7f00:1]/keys",
    "https://[fe80::1]/keys",
    "https://[fd00::1]/keys",
    "https://[64:ff9b::7f00:1]/keys",
    "https://localhost/keys",
    "https://localhost./keys",
    "https://LOCALHOST/keys",
    "https://user@example.com/keys",
    "https://user:pass@example.com/keys",
    "https://example.com@localhost/keys",
    "https://example.com:8443/keys",
    "https://example.com:22/keys",
    "https://example.com:x/keys",
    "https://example.com/keys#fragment",
    "https://example.com\\@localhost/keys",
    "https://example.com/a b",
    "https://example.com/a\r\nx: y",
    "https://exämple.com/keys",
    "https://[::1/keys",
]


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    made = Fetcher(timeout=0.5)
    yield made
    await made.close()


@pytest.mark.parametrize("url", FORBIDDEN)
async def test_s08_what_must_not_be_asked_is_not(url: str, fetcher: Fetcher) -> None:
    with pytest.raises(ConnectError):
        await fetcher.get(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.31.255.255",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "no address",
    ],
)
def test_s08_addresses_that_are_not_public_are_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2600:9000::1", "64:ff9b::808:808"])
def test_s08_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


async def test_s08_a_name_that_leads_inside_is_refused_when_it_is_connected_to(
    fetcher: Fetcher,
) -> None:
    with pytest.raises(UnreachableError, match="not at a public address"):
        await fetcher.get("https://localhost/keys")


class Served:
    """A server that answers as told."""

    def __init__(self) -> None:
        self.answer = web.Response(body=b"keys")
        self.asked: list[web.Request] = []

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return self.answer


@pytest.fixture
async def served() -> AsyncIterator[tuple[Served, str]]:
    made = Served()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.serve)
    async with TestServer(app, host="127.0.0.1") as server:
        yield made, str(server.make_url("/keys"))


async def test_a_private_address_is_asked_where_it_is_meant(
    fetcher: Fetcher, served: tuple[Served, str]
) -> None:
    server, url = served
    date = "Wed, 21 Oct 2015 07:28:00 GMT"
    headers = {"cache-control": "public, max-age=21600", "date": date, "age": "20"}
    server.answer = web.Response(body=b"keys", headers=headers)
    document = await fetcher.get(url, private=True)
    assert document.body == b"keys"
    assert document.max_age == 21600
    assert document.date == 1_445_412_500
    assert "cookie" not in server.asked[0].headers
    with pytest.raises(RefusedError):
        await fetcher.get(url)


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500, 204])
async def test_s08_only_a_plain_answer_is_taken_and_no_redirect_followed(
    status: int, fetcher: Fetcher, served: tuple[Served, str]
) -> None:
    server, url = served
    server.answer = web.Response(status=status, headers={"location": url + "2"})
    with pytest.raises(RefusedError, match=str(status)):
        await fetcher.get(url, private=True)
    assert len(server.asked) == 1


async def test_s08_an_answer_is_read_no_further_than_64_kib(
    fetcher: Fetcher, served: tuple[Served, str]
) -> None:
    server, url = served
    server.answer = web.Response(body=b"x" * 65_536)
    assert len((await fetcher.get(url, private=True)).body) == 65_536
    server.answer = web.Response(body=b"x" * 65_537)
    with pytest.raises(RefusedError, match="more than 65536"):
        await fetcher.get(url, private=True)
    squeezed = gzip.compress(b"x" * 10_000_000)
    server.answer = web.Response(body=squeezed, headers={"content-encoding": "gzip"})
    assert (await fetcher.get(url, private=True)).body == squeezed


async def test_nobody_there_is_unreachable(fetcher: Fetcher) -> None:
    with pytest.raises(UnreachableError):
        await fetcher.get("http://127.0.0.1:9/keys", private=True)


def test_s08_forty_cases_and_more_are_tried() -> None:
    assert len(set(FORBIDDEN)) >= 40
