"""What a shadow run may send, and how a file stands for commercetools."""

import asyncio

import msgspec
import pytest

from fluent_connect.app.shadow.reads import reads
from fluent_connect.app.shadow.transports import (
    FILE_URL,
    NOWHERE_URL,
    FromFile,
    ReadOnly,
    embedded,
    nothing,
    once,
)
from fluent_connect.clients.fluent.graphql import operations
from fluent_connect.clients.transport import Answer, Request
from fluent_connect.model.errors import RefusedError, UnreachableError

API = "https://api.example.com/shop"
GRAPHQL = "https://acme.example.com/graphql"


class Wire:
    """A transport that counts, and fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.sent: list[Request] = []
        self._failures = failures

    async def send(self, request: Request, timeout: float) -> Answer:  # noqa: ASYNC109
        self.sent.append(request)
        if len(self.sent) <= self._failures:
            raise UnreachableError("no answer")
        return Answer(200, b"%d" % len(self.sent))

    async def close(self) -> None:
        self.sent.clear()


def asked(text: str) -> Request:
    return Request("POST", GRAPHQL, {}, msgspec.json.encode({"query": text, "variables": {}}))


@pytest.mark.parametrize(
    ("request_", "read"),
    [
        (Request("GET", f"{API}/orders/1", {}), True),
        (Request("POST", f"{API}/orders/search", {}, b"{}"), True),
        (asked("query a { me { id } }"), True),
        (asked("{ me { id } }"), True),
        (asked("mutation a { createOrder(input: {}) { id } }"), False),
        (asked("fragment f on Order { id } mutation a { createOrder { ...f } }"), False),
        (asked("query a { me { id } } mutation b { createOrder { id } }"), False),
        (asked("subscription a { orders { id } }"), False),
        (asked("no GraphQL"), False),
        (Request("POST", GRAPHQL, {}, b"not JSON"), False),
        (Request("POST", f"{API}/orders/1", {}, b"{}"), False),
        (Request("POST", "https://acme.example.com/api/v4.1/event/async", {}, b"{}"), False),
        (Request("DELETE", f"{API}/orders/1?version=1", {}), False),
        (Request("PUT", f"{API}/orders/search", {}), False),
    ],
)
def test_only_what_is_known_to_read_is_a_read(request_: Request, *, read: bool) -> None:
    assert reads(request_) is read


def test_all_our_mutations_are_writes_and_all_our_queries_reads() -> None:
    found = {name: reads(asked(each.text)) for name, each in operations().items()}
    assert found == {name: not operations()[name].text.startswith("mutation") for name in found}
    assert set(found.values()) == {True, False}


async def test_a_write_is_refused_and_never_sent() -> None:
    wire = Wire()
    with pytest.raises(RefusedError, match=r"nothing is written here, but POST /shop/orders/1"):
        await ReadOnly(wire).send(Request("POST", f"{API}/orders/1", {}, b"{}"), 1.0)
    assert wire.sent == []


async def test_signing_in_is_no_write() -> None:
    wire = Wire()
    await ReadOnly(wire).send(Request("POST", "https://auth.example.com/oauth/token", {}), 1.0)
    assert len(wire.sent) == 1


async def test_the_same_is_read_once_within_one_round() -> None:
    wire = Wire()
    transport = ReadOnly(wire)

    async def read(number: int) -> bytes:
        return (await transport.send(Request("GET", f"{API}/orders/{number}", {}), 1.0)).body

    with once():
        assert [await read(1), await read(1), await read(2)] == [b"1", b"1", b"2"]
    with once():
        assert await read(1) == b"3"
    assert await read(1) == b"4"


async def test_rounds_beside_each_other_share_nothing() -> None:
    wire = Wire()
    transport = ReadOnly(wire)

    async def round_() -> bytes:
        with once():
            await asyncio.sleep(0)
            return (await transport.send(Request("GET", f"{API}/orders/1", {}), 1.0)).body

    assert sorted(await asyncio.gather(round_(), round_())) == [b"1", b"2"]


async def test_what_could_not_be_read_is_not_read_for_one_of_two_only() -> None:
    transport = ReadOnly(Wire(failures=1))
    with once():
        for _ in range(2):
            with pytest.raises(UnreachableError):
                await transport.send(Request("GET", f"{API}/orders/1", {}), 1.0)


async def test_a_file_stands_for_commercetools() -> None:
    wire = Wire()
    transport = FromFile(wire, {"1": {"id": "1"}})

    async def ask(path: str, url: str = FILE_URL) -> Answer:
        return await transport.send(Request("GET", f"{url}{path}", {}), 1.0)

    assert msgspec.json.decode((await ask("/shop/orders/1?expand=a")).body) == {"id": "1"}
    assert (await ask("/shop/customers/9")).status == 404
    assert msgspec.json.decode((await ask("/shop/standalone-prices?where=x")).body)["results"] == []
    assert transport.absent == ["customers/9", "standalone-prices"]
    assert wire.sent == []
    await ask("/graphql", "https://acme.example.com")
    assert len(wire.sent) == 1


async def test_a_fluent_that_is_not_asked_holds_nothing() -> None:
    request = asked("query a { found: orders(first: 1) { edges { node { id } } } me { id } }")
    moved = msgspec.structs.replace(request, url=f"{NOWHERE_URL}/graphql")
    answer = await FromFile(Wire()).send(moved, 1.0)
    empty = {"edges": [], "pageInfo": {"hasNextPage": False}}
    assert msgspec.json.decode(answer.body)["data"] == {"found": empty, "me": None}
    assert nothing("no GraphQL") == {}


def test_what_is_expanded_in_a_file_is_there_too() -> None:
    payment = {"typeId": "payment", "id": "p", "obj": {"id": "p", "version": 3}}
    order = {"id": "o", "paymentInfo": {"payments": [payment, {"typeId": "payment", "id": "q"}]}}
    assert list(embedded(order)) == [("payment", "p", {"id": "p", "version": 3})]
