"""One run that writes nothing: what becomes of reads, writes, refusals and bugs."""

import asyncio
from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
import pytest

from fluent_connect.app.clients import Clients
from fluent_connect.app.config.sections import HttpSection
from fluent_connect.app.shadow.draw import Drawn, draw
from fluent_connect.app.shadow.rows import rows
from fluent_connect.app.shadow.transports import FILE_URL, NOWHERE_URL, FromFile, ReadOnly
from fluent_connect.clients.accounts import (
    Account,
    Accounts,
    CommercetoolsAccess,
    FluentAccess,
)
from fluent_connect.clients.fluent.model import Event, Mutation
from fluent_connect.clients.transport import Answer, Request
from fluent_connect.handlers.message_handler import (
    Change,
    Fetched,
    HandlerContext,
    MapContext,
    MessageHandler,
)
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import RetryableError, Skip, UnprocessableError
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference
from fluent_connect.router.desk import Desks
from fluent_connect.router.routes import Route, RouteTable

ACCOUNT = Account(
    name="ACCOUNT",
    retailer="1",
    commercetools=CommercetoolsAccess(
        project_key="project",
        auth_url=FILE_URL,
        api_url=FILE_URL,
        client_id="none",
        client_secret="none",
    ),
    fluent=FluentAccess(
        account="ACCOUNT",
        url=NOWHERE_URL,
        username="none",
        password="none",
        client_id="none",
        client_secret="none",
    ),
)
MESSAGE = Message(
    id="m.0",
    name="route",
    key="k",
    account=ACCOUNT.name,
    retailer=ACCOUNT.retailer,
    project_key=ACCOUNT.commercetools.project_key,
    resource=Reference("thing", "t-1"),
)


class Thing(msgspec.Struct, frozen=True):
    id: str
    version: int = 1
    name: str = ""


class Nowhere:
    """A transport that must not be needed."""

    async def send(self, request: Request, timeout: float) -> Answer:  # noqa: ASYNC109
        raise AssertionError(f"{request.method} {request.url} was sent")

    async def close(self) -> None:
        """Nothing is open."""


class Handler(MessageHandler[Thing]):
    name: ClassVar[str] = "Handler"

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[Thing]:
        assert message.resource is not None
        found = await context.commercetools.get(message.resource, Thing)
        return Fetched(found, found.version if found else None)

    def map(self, resource: Thing, message: Message, context: MapContext) -> Iterable[Change]:
        return [Mutation("createCategory", {"ref": resource.id, "name": resource.name * 300})]


async def drawn(
    handler: type[MessageHandler[Any]], *, held: Any = None, other: Account | None = None
) -> Drawn:
    """Draw the message with a commercetools that holds just this."""
    way = FromFile(Nowhere(), {} if held is None else {"t-1": held})
    clients = Clients([ACCOUNT], HttpSection(), transport=ReadOnly(way))
    routes = RouteTable([Route("route", handler)])
    desks = Desks(routes, Accounts([ACCOUNT]), lambda _: Settings())

    async def nothing() -> None:
        return None

    try:
        return await draw(desks, clients, MESSAGE, nothing, lambda *_: other)
    finally:
        await clients.close()


THING = {"id": "t-1", "version": 7, "name": "N"}


async def test_what_is_read_is_mapped_and_told() -> None:
    found = await drawn(Handler, held=THING)
    assert (found.outcome, found.version, found.source) == ("mapped", 7, THING)
    (made,) = found.outputs
    assert made.label == "createCategory t-1"


async def test_what_the_schema_refuses_stands_with_its_field() -> None:
    found = await drawn(Handler, held=THING)
    problems = {row.field: row.problem for row in rows(found, 0) if row.problem}
    assert problems["name"] == "is too long: 300 characters, at most 255"
    assert "is missing" in problems["catalogue"]


@pytest.mark.parametrize("way", ["push", "send", "update", "create"])
async def test_a_write_in_a_fetch_is_refused(way: str) -> None:
    class Writing(Handler):
        async def fetch(self, message: Message, context: HandlerContext) -> Fetched[Thing]:
            if way == "push":
                await context.fluent.push(Mutation("createCategory", {"ref": "c"}))
            elif way == "send":
                await context.fluent.send(Event(name="E", entity_type="ORDER"))
            elif way == "update":
                await context.commercetools.create("order", {}, Thing)
            else:
                await context.commercetools.delete(Reference("order", "o"), 1)
            raise AssertionError("it was carried out")

    found = await drawn(Writing)
    assert found.outcome == "dead"
    assert "nothing is written here" in found.reason


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (Skip("nothing to do"), "skipped", "nothing to do"),
        (UnprocessableError("no way"), "dead", "no way"),
        (RetryableError("later"), "waits", "later"),
    ],
)
async def test_a_refusal_is_told(error: Exception, outcome: str, reason: str) -> None:
    class Refusing(Handler):
        def map(self, resource: Thing, message: Message, context: MapContext) -> Iterable[Change]:
            raise error

    found = await drawn(Refusing, held=THING)
    assert (found.outcome, found.reason, found.source) == (outcome, reason, THING)


async def test_a_bug_is_told_with_its_line() -> None:
    class Buggy(Handler):
        def map(self, resource: Thing, message: Message, context: MapContext) -> Iterable[Change]:
            raise KeyError(resource.id)

    found = await drawn(Buggy, held=THING)
    assert found.outcome == "dead"
    assert found.reason.startswith("KeyError: 't-1' (")
    assert "test_draw.py:" in found.reason


async def test_what_is_gone_is_drawn_as_gone() -> None:
    found = await drawn(Handler)
    assert (found.outcome, found.reason) == ("skipped", "gone from commercetools")


async def test_another_accounts_resource_is_passed_on() -> None:
    other = msgspec.structs.replace(ACCOUNT, name="OTHER")
    found = await drawn(Handler, held=THING, other=other)
    assert (found.outcome, found.reason) == ("skipped", "belongs to OTHER/1: passed on")


async def test_a_handler_that_takes_too_long_is_stopped() -> None:
    class Slow(Handler):
        timeout = 0.01

        async def fetch(self, message: Message, context: HandlerContext) -> Fetched[Thing]:
            await asyncio.sleep(30)
            raise AssertionError

    found = await drawn(Slow)
    assert (found.outcome, found.reason) == ("waits", "Handler took longer than 0.01 s")
