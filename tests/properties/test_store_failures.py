"""The n-th call of the store fails, for each n: nothing is lost, nothing doubled, nobody stops."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
import pytest

from fluent_connect.clients.accounts import Account, Accounts
from fluent_connect.clients.fluent.model import Event, Mutation, Pushed, Upsert
from fluent_connect.clients.trace import Trace
from fluent_connect.ingest.verify.door import Door
from fluent_connect.ingest.verify.open import Open
from fluent_connect.ingest.webhook import PATH, Webhook
from fluent_connect.journal.ledger import Ledger, ledger_statement
from fluent_connect.journal.record import recorder
from fluent_connect.listener.account_mapping import AccountMap, Target
from fluent_connect.listener.ct_queue_listener import CTQueueListener
from fluent_connect.listener.route_mapping import RouteMap, RouteMapping
from fluent_connect.model.fact import Statement
from fluent_connect.model.outcome import Fence, Later
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE, Parcel
from fluent_connect.queues.consumer import Consumer
from fluent_connect.queues.engines.memory import MemoryStore
from fluent_connect.queues.retry import RetryPolicy
from fluent_connect.queues.store import Delivery, Depth, Store, StoreError, Verdict, Write
from fluent_connect.router.message_router import MessageRouter
from fluent_connect.router.routes import Route, RouteTable
from fluent_connect.testing.bench import ACCOUNT, PROJECT
from fluent_connect.testing.fake_commercetools import FakeCommercetools
from fluent_connect.testing.fake_fluent import FakeFluent
from unit.router.handlers import OrderHandler

_MESSAGES = 50
_SENDERS = 10
_ROUTE = "orders"
_sleep = asyncio.sleep


class Failing:
    """A store whose n-th call raises StoreError; 0: none does."""

    def __init__(self, store: Store, nth: int) -> None:
        self._store = store
        self._nth = nth
        self.calls = 0

    def _count(self) -> None:
        self.calls += 1
        if self.calls == self._nth:
            raise StoreError(f"call {self._nth} fails")

    async def commit(self, *writes: Write) -> Sequence[Verdict]:
        self._count()
        return await self._store.commit(*writes)

    async def take(
        self, queue: str, limit: int, wait: float, *, paused: Collection[str] = ()
    ) -> Sequence[Delivery]:
        self._count()
        return await self._store.take(queue, limit, min(wait, 0.005), paused=paused)

    async def renew(self, *deliveries: Delivery) -> Sequence[bool]:
        self._count()
        return await self._store.renew(*deliveries)

    async def release(self, *deliveries: Delivery) -> None:
        self._count()
        await self._store.release(*deliveries)

    async def fences(self, *keys: str) -> Mapping[str, Fence]:
        self._count()
        return await self._store.fences(*keys)

    async def delivered(self) -> int:
        self._count()
        return await self._store.delivered()

    async def original(self, id: str) -> Parcel | None:
        self._count()
        return await self._store.original(id)

    async def read(self, statement: Statement) -> Sequence[Mapping[str, object]]:
        return await self._store.read(statement)

    async def depth(self, queue: str) -> Depth:
        return await self._store.depth(queue)

    async def close(self) -> None:
        await self._store.close()


class Counting(FakeFluent):
    """Counts how often each ref was created."""

    def __init__(self) -> None:
        super().__init__()
        self.created = Counter[str]()

    async def push(self, change: Upsert | Mutation | Event) -> Pushed:
        await _sleep(0)
        pushed = await super().push(change)
        self.created[pushed.ref] += pushed.how == "created"
        return pushed


class Scenario:
    """Fifty orders told to a door, carried by both consumers."""

    def __init__(self, nth: int, store: Store | None = None) -> None:
        orders = [{"id": f"o{number}", "version": 1} for number in range(_MESSAGES)]
        self.commercetools = FakeCommercetools({"order": orders})
        self.fluent = Counting()
        self.memory = store or MemoryStore(recorder())
        self.store = Failing(self.memory, nth)
        self.app = Webhook(self.store, {"default": Door(name="default", schemes=[Open()])})
        routes = RouteTable([Route(_ROUTE, OrderHandler)])
        retry = RetryPolicy(waits=(0.001,) * 3, bug_waits=(0.001,) * 2, stale_waits=(0.001,))
        accounts = AccountMap([Target(project_key=PROJECT, account="TEST", retailer="1")])
        listener = CTQueueListener(RouteMap([RouteMapping(name="order", route=_ROUTE)]), accounts)
        router = MessageRouter(self.store, routes, Accounts([ACCOUNT]), self._clients)
        self.consumers = [
            Consumer(self.store, queue, station, retry=retry, concurrency=8, renew_every=0.01)
            for queue, station in ((CT_QUEUE, listener), (EVENT_QUEUE, router))
        ]

    def _clients(self, account: Account, trace: Trace) -> tuple[FakeCommercetools, FakeFluent]:
        return self.commercetools, self.fluent

    async def run(self) -> Ledger:
        """Tell of all orders, wait for the end of everything, and return the ledger."""
        stop = asyncio.Event()
        running = [asyncio.create_task(each.run(stop)) for each in self.consumers]
        share = _MESSAGES // _SENDERS
        senders = (self._send(range(at * share, (at + 1) * share)) for at in range(_SENDERS))
        async with asyncio.timeout(20):
            await asyncio.gather(*senders)
            await self._settled(running)
            stop.set()
            await asyncio.gather(*running)
        return Ledger.from_rows(await self.memory.read(ledger_statement(2e9)))

    async def _settled(self, running: Sequence[asyncio.Task[None]]) -> None:
        while True:
            assert not any(task.done() for task in running), "a consumer has stopped"
            depths = [await self.memory.depth(queue) for queue in (CT_QUEUE, EVENT_QUEUE)]
            if not any(depth.waiting for depth in depths):
                return
            await _sleep(0.001)

    async def _send(self, numbers: range) -> None:
        for number in numbers:
            for _ in range(5):
                if await self._post(_notification(number)) == 202:
                    break
            else:
                raise AssertionError(f"order {number} was never accepted")

    async def _post(self, body: bytes) -> int:
        sent: list[Mapping[str, Any]] = []

        async def receive() -> Mapping[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"path": PATH, "method": "POST", "headers": []}
        await self.app(scope, receive, send)  # type: ignore[arg-type]
        return int(sent[0]["status"])

    def wrong(self) -> Sequence[str]:
        """Return the refs that were lost or doubled."""
        wanted = {f"o{number}": 1 for number in range(_MESSAGES)}
        refs = {*wanted, *self.fluent.created}
        return sorted(ref for ref in refs if self.fluent.created[ref] != wanted.get(ref))


def _notification(number: int) -> bytes:
    return msgspec.json.encode(
        {
            "notificationType": "Message",
            "projectKey": PROJECT,
            "id": f"m{number}",
            "version": 1,
            "sequenceNumber": 1,
            "resource": {"typeId": "order", "id": f"o{number}"},
            "resourceVersion": 1,
            "type": "OrderCreated",
        }
    )


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the second that a consumer waits after a failed call short."""

    async def shorter(seconds: float) -> None:
        await _sleep(0.001 if seconds == 1.0 else seconds)

    monkeypatch.setattr(asyncio, "sleep", shorter)


@pytest.mark.usefixtures("_hasty")
@pytest.mark.timeout(110)
async def test_whichever_call_of_the_store_fails_nothing_is_lost_or_doubled() -> None:
    calls, nth = 1, 0
    while nth <= calls:
        scenario = Scenario(nth)
        ledger = await scenario.run()
        calls = scenario.store.calls if nth == 0 else calls
        assert scenario.wrong() == [], f"call {nth}"
        told = (ledger.accepted, ledger.dead, ledger.waiting, ledger.unaccounted)
        assert told == (_MESSAGES, 0, 0, 0), f"call {nth}: {ledger}"
        nth += 1
    assert calls > _MESSAGES


def test_a_store_that_fails_costs_no_message_a_try() -> None:
    delivery = Delivery("event-queue", Parcel("a", "", b""), 3, 1000.0, "l", 2000.0)
    policy = RetryPolicy(bug_waits=(1.0,))

    fate = policy.next(delivery, StoreError("full"), now=1000.0, chance=0.5, outage=False)

    assert isinstance(fate, Later)
    assert not fate.counts
