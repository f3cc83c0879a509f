"""A connector in miniature: the real router and retry policy between two faked systems."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.accounts import Account, Accounts, CommercetoolsAccess, FluentAccess
from fluent_connect.clients.commercetools.client import Commercetools
from fluent_connect.clients.commercetools.model import Update
from fluent_connect.clients.fluent.client import Fluent
from fluent_connect.clients.fluent.model import Event, Mutation, Upsert
from fluent_connect.clients.trace import Trace
from fluent_connect.handlers.message_handler import AnyHandler
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.codec import decode_message, encode
from fluent_connect.model.message import Message
from fluent_connect.model.outcome import Fate, Outcome, Superseded
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE, Parcel, Put
from fluent_connect.queues.engines.memory import MemoryStore
from fluent_connect.queues.retry import RetryPolicy
from fluent_connect.queues.store import Delivery, Verdict, Write
from fluent_connect.router.message_router import MessageRouter
from fluent_connect.router.routes import Route, RouteTable
from fluent_connect.testing.clock import FixedClock
from fluent_connect.testing.fake_commercetools import FakeCommercetools
from fluent_connect.testing.fake_fluent import FakeFluent

PROJECT = "test-project"
ACCOUNT = Account(
    name="TEST",
    retailer="1",
    commercetools=CommercetoolsAccess(
        project_key=PROJECT,
        auth_url="https://auth.invalid",
        api_url="https://api.invalid",
        client_id="test",
        client_secret="",
    ),
    fluent=FluentAccess(
        account="TEST",
        url="https://fluent.invalid",
        username="test",
        password="",
        client_id="TEST",
        client_secret="",
    ),
)
"""The account that messages of a bench are addressed to, unless it is given others."""


class Result(msgspec.Struct, frozen=True):
    """What became of one delivery.

    fate:    as an operator would see it; a failure has the fate that the retry policy gave it.
    pushed:  what went to Fluent in this delivery, in order, whatever came of it.
    updates: what went to commercetools in this delivery.
    emitted: messages for other handlers (refreshes, missing parents).
    error:   what the handler raised, if it did; a Skip is no error.
    """

    fate: Fate
    pushed: Sequence[Upsert | Mutation | Event]
    updates: Sequence[Update]
    emitted: Sequence[Message]
    error: Exception | None
    commercetools: FakeCommercetools
    fluent: FakeFluent

    @property
    def created(self) -> Mapping[str, Any]:
        """Return the `create` of the only upsert pushed. Raise ValueError if there are more."""
        upserts = [change for change in self.pushed if isinstance(change, Upsert)]
        if len(upserts) != 1:
            raise ValueError(f"{len(upserts)} upserts were pushed; the fate: {self.fate}")
        return upserts[0].create or {}


class Bench:
    """Hands messages to handlers, one by one, as the service would.

    Each handler stands under a route of its own name, or under the one it is given with.
    """

    def __init__(
        self,
        *handlers: AnyHandler | type[AnyHandler] | tuple[str, AnyHandler | type[AnyHandler]],
        commercetools: FakeCommercetools | None = None,
        fluent: FakeFluent | None = None,
        settings: Settings | None = None,
        props: Mapping[str, str] = {},
        accounts: Sequence[Account] = (ACCOUNT,),
    ) -> None:
        self.commercetools = commercetools or FakeCommercetools()
        self.fluent = fluent or FakeFluent()
        self.clock = FixedClock()
        self.store = MemoryStore(clock=self.clock)
        self.retry = RetryPolicy()
        named = (each if isinstance(each, tuple) else (each.name, each) for each in handlers)
        routes = RouteTable(Route(name, handler, props) for name, handler in named)
        self._routes = routes
        self.router = MessageRouter(
            self.store,
            routes,
            Accounts(accounts),
            self._clients,
            settings=lambda _: settings or Settings(),
            clock=self.clock,
        )

    def _clients(self, account: Account, trace: Trace) -> tuple[Commercetools, Fluent]:
        del account, trace
        return self.commercetools, self.fluent

    async def put(self, message: Message, payload: Mapping[str, object] | None = None) -> None:
        """Put a message on the Event Queue; `payload` is what its sender sent."""
        origin = None
        if payload is not None:
            origin = f"{message.id}-origin"
            await self.put_original(origin, encode(payload))
        ordered = message.name in self._routes and self._routes.find(message.name).ordered
        group = f"{message.account}/{message.name}"
        body = encode(message)
        parcel = Parcel(message.id, message.key, body, group=group, ordered=ordered, origin=origin)
        await self._commit(Put(EVENT_QUEUE, parcel))

    async def put_original(self, id: str, body: bytes) -> None:
        """Keep the bytes that messages with this origin were made of."""
        await self._commit(Put(CT_QUEUE, Parcel(id, "", body)))

    async def _commit(self, put: Put) -> None:
        await self.store.commit(Write(Outcome(puts=(put,))))

    async def step(self) -> Result | None:
        """Carry out the next delivery that is due; None if none is."""
        deliveries = await self.store.take(EVENT_QUEUE, 1, 0.0)
        return await self._carry_out(deliveries[0]) if deliveries else None

    async def drain(self, *, within: float = 7 * 86400.0) -> Sequence[Result]:
        """Carry out all that is due or comes due `within` seconds; the clock jumps there."""
        results: list[Result] = []
        waited = 0.0
        step = 1.0
        while waited <= within and (await self.store.depth(EVENT_QUEUE)).waiting:
            result = await self.step()
            if result is not None:
                results.append(result)
                step = 1.0
                continue
            self.clock.advance(step)
            waited, step = waited + step, step * 2
        return results

    async def _carry_out(self, delivery: Delivery) -> Result:
        pushed, updates = len(self.fluent.pushed), len(self.commercetools.updates)
        outcome = await self.router(delivery)
        fate = self._fate(delivery, outcome)
        decided = msgspec.structs.replace(outcome, fate=fate)
        (verdict,) = await self.store.commit(Write(decided, delivery))
        if verdict in {Verdict.SUPERSEDED, Verdict.DUPLICATE}:
            fate = Superseded(verdict.value)
        return Result(
            fate=fate,
            pushed=self.fluent.pushed[pushed:],
            updates=self.commercetools.updates[updates:],
            emitted=[decode_message(put.parcel.body) for put in outcome.puts],
            error=outcome.error,
            commercetools=self.commercetools,
            fluent=self.fluent,
        )

    def _fate(self, delivery: Delivery, outcome: Outcome) -> Fate:
        if outcome.fate is not None:
            return outcome.fate
        error = outcome.error or ValueError("an outcome without fate and error")
        return self.retry.next(delivery, error, now=self.clock(), chance=0.5, outage=False)
