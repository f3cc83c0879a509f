"""The connector between the two sandboxes, in one process, without sockets and without waiting."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
from multidict import CIMultiDict

from fluent_connect.app import clients as app_clients
from fluent_connect.app.build import account_map, route_map, route_table
from fluent_connect.app.clients import Clients
from fluent_connect.app.config.load import load
from fluent_connect.app.config.result import Config
from fluent_connect.app.discovery import discover
from fluent_connect.clients.accounts import Accounts
from fluent_connect.clients.transport import Answer, Request
from fluent_connect.handlers.settings import Settings
from fluent_connect.listener.ct_queue_listener import CTQueueListener
from fluent_connect.model.errors import UnreachableError
from fluent_connect.model.ids import new_id
from fluent_connect.model.outcome import Outcome
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE, Parcel, Put
from fluent_connect.queues.consumer import Station
from fluent_connect.queues.engines.memory import MemoryStore
from fluent_connect.queues.retry import RetryPolicy
from fluent_connect.queues.store import Delivery, Store, Write
from fluent_connect.router.message_router import MessageRouter
from fluent_connect.sandbox.commercetools.project import Told
from fluent_connect.sandbox.commercetools.telling import notices
from fluent_connect.sandbox.control import seed
from fluent_connect.sandbox.door import Call, System
from fluent_connect.sandbox.door import encode as encode_json
from fluent_connect.sandbox.servers import Options, Sandbox
from fluent_connect.testing.clock import FixedClock

ENVIRONMENT = {
    "FC_PROJECT_KEY": "sandbox",
    "FC_CT_API_URL": "http://commercetools.test",
    "FC_CT_AUTH_URL": "http://commercetools.test",
    "FC_CT_CLIENT_ID": "sandbox",
    "FC_CT_CLIENT_SECRET": "sandbox",
    "FC_FLUENT_URL": "http://fluent.test",
    "FC_FLUENT_ACCOUNT": "SANDBOX",
    "FC_FLUENT_RETAILER": "1",
    "FC_FLUENT_USERNAME": "sandbox",
    "FC_FLUENT_PASSWORD": "sandbox",
    "FC_FLUENT_CLIENT_ID": "SANDBOX",
    "FC_FLUENT_CLIENT_SECRET": "sandbox",
    "FC_FLUENT_CATALOGUE": "DEFAULT:1",
    "FC_DOOR_SECRET": "secret",
}


class Direct:
    """A transport that hands requests to the sandbox's two systems as they are."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._systems: Mapping[str, System] = {
            "commercetools.test": sandbox.commercetools,
            "fluent.test": sandbox.fluent,
        }
        self.after: Callable[[Request], None] = lambda _: None
        """Called when a request was answered, before the answer arrives."""

    async def send(self, request: Request, timeout: float) -> Answer:  # noqa: ASYNC109
        url = urlsplit(request.url)
        system = self._systems[url.netloc]
        call = Call(
            method=request.method,
            segments=[unquote(part) for part in url.path.split("/") if part],
            query=parse_qsl(url.query, keep_blank_values=True),
            headers=CIMultiDict(request.headers),
            body=request.body or b"",
            client="direct",
        )
        call.faults = system.faults.pick(system.labels(call))
        await asyncio.sleep(0)
        if any(fault.kind == "reset" and not fault.processed for fault in call.faults):
            raise UnreachableError("connection reset")
        answer = await system.answer(call)
        self.after(request)
        await asyncio.sleep(0)
        if call.suffers("reset"):
            raise UnreachableError("connection reset")
        return Answer(answer.status, answer.body, answer.headers)

    async def close(self) -> None:
        pass


class World:
    """A sandbox with its shop in both systems, and a connector whose clock is ours.

    choices: what the account decides about its mappings, instead of the packaged configuration.
    """

    def __init__(self, choices: Settings | None = None) -> None:
        self._choices = choices
        self.sandbox = Sandbox(Options(customers=8, orders=0))
        self.told: list[bytes] = []
        self.clock = FixedClock()
        self.transport = Direct(self.sandbox)
        self._config = configuration()
        with mock.patch.object(app_clients, "open_transport", return_value=self.transport):
            self._clients = Clients(self._config.accounts, self._config.http)
        self._routes = route_table(
            self._config.routes, discover(self._config.packages, self._config.paths)
        )
        self.sandbox.commercetools.project.listener = self._tell

    async def open(self) -> None:
        """Have all that the shop begins with carried to Fluent."""
        seed(self.sandbox.commercetools, self.sandbox.shop, customers=8, orders=0)
        connector = self.connector()
        for body in self.take_told():
            await connector.deliver(body)
        await connector.drain()

    def connector(self, store: Store | None = None) -> "Connector":
        """Return a connector with a store of its own, which knows of nothing yet."""
        store = store or MemoryStore(clock=self.clock, lease=300.0)
        settings = self._config.settings
        listener = CTQueueListener(
            route_map(self._config.route_mapping, self._routes),
            account_map(self._config.accounts),
            clock=self.clock,
        )
        router = MessageRouter(
            store,
            self._routes,
            Accounts(self._config.accounts),
            self._clients,
            settings=lambda each: (
                self._choices or settings.get((each.name, each.retailer), Settings())
            ),
            clock=self.clock,
        )
        return Connector(store, listener, router, self.clock)

    def take_told(self) -> list[bytes]:
        """Return the notifications that were sent since the last time."""
        told, self.told = self.told, []
        return told

    def writes(self, after: int) -> Sequence[Mapping[str, Any]]:
        """Return all that was written to Fluent since."""
        return self.sandbox.fluent.entities.writes(after=after, limit=1_000_000)

    @property
    def written(self) -> int:
        """Return the number of the last write to Fluent."""
        database = self.sandbox.fluent.entities.database
        return int(database.execute("SELECT coalesce(max(seq), 0) FROM write").get)

    def _tell(self, told: Told) -> None:
        project = self.sandbox.commercetools.project
        self.told += [encode_json(notice.payload) for notice in notices(project, told)]


class Connector:
    """Listener, router and store, worked by hand."""

    def __init__(self, store: Store, listener: Station, router: Station, clock: FixedClock) -> None:
        self.store = store
        self._stations = {CT_QUEUE: listener, EVENT_QUEUE: router}
        self._clock = clock
        self._retry = RetryPolicy()

    async def deliver(self, body: bytes) -> None:
        """Let a notification in, as the door does."""
        headers = {"door": "default", "content-type": "application/json"}
        put = Put(CT_QUEUE, Parcel(new_id(), "", body, headers=headers))
        await self.store.commit(Write(Outcome(puts=(put,))))

    async def work(self, queue: str, limit: int) -> int:
        """Carry out up to `limit` deliveries of a queue side by side; return how many."""
        deliveries = await self.store.take(queue, limit, 0.0)
        await asyncio.gather(*(self._carry_out(queue, each) for each in deliveries))
        return len(deliveries)

    async def drain(self) -> None:
        """Carry out all that waits; the clock jumps to what is due later."""
        step = 0.5
        for _ in range(10_000):
            if await self.work(CT_QUEUE, 16) + await self.work(EVENT_QUEUE, 16):
                step = 0.5
            elif not await self.waiting():
                return
            else:
                self._clock.advance(step)
                step = min(step * 2, 3600.0)
        raise AssertionError("it never comes to an end")

    async def waiting(self) -> int:
        """Return how many parcels have not come to their end."""
        return sum([(await self.store.depth(queue)).waiting for queue in self._stations])

    async def dead(self) -> int:
        """Return how many parcels are dead."""
        return sum([(await self.store.depth(queue)).dead for queue in self._stations])

    async def _carry_out(self, queue: str, delivery: Delivery) -> None:
        try:
            outcome = await self._stations[queue](delivery)
        except Exception as error:  # noqa: BLE001 - as the consumer does
            outcome = Outcome(error=error)
        if outcome.error is not None:
            fate = self._retry.next(
                delivery, outcome.error, now=self._clock(), chance=0.5, outage=False
            )
            outcome = msgspec.structs.replace(outcome, fate=fate)
        await self.store.commit(Write(outcome, delivery))


def configuration() -> Config:
    """Return the packaged configuration between the two sandboxes."""
    with mock.patch.dict(os.environ, ENVIRONMENT):
        return load(None, (), ENVIRONMENT, {})
