"""What the consumer's tests share: a store with moods, a consumer at work, and stations."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager

from fluent_connect.model.outcome import Done, Outcome
from fluent_connect.model.parcel import EVENT_QUEUE, Parcel, Put
from fluent_connect.queues.consumer import Consumer, Station
from fluent_connect.queues.engines.memory import MemoryStore
from fluent_connect.queues.retry import RetryPolicy
from fluent_connect.queues.store import Delivery, Depth, StoreError, Verdict, Write

Committed = list[tuple[Write, Verdict]]


_sleep = asyncio.sleep


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Moody(MemoryStore):
    """A store that fails as often as it is told to, and forgets leases on demand."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock=clock or Clock())
        self.failing: dict[str, int] = {}
        self.refusing = 0
        self.lost: set[str] = set()
        self.renewed: list[str] = []
        self.released: list[str] = []
        self.asked: list[Collection[str]] = []
        self.slow: asyncio.Event | None = None
        self.syncing: asyncio.Event | None = None

    async def take(
        self, queue: str, limit: int, wait: float, *, paused: Collection[str] = ()
    ) -> Sequence[Delivery]:
        self._perhaps("take")
        self.asked.append(paused)
        if self.slow is not None:
            await self.slow.wait()
        return await super().take(queue, limit, min(wait, 0.01), paused=paused)

    async def commit(self, *writes: Write) -> Sequence[Verdict]:
        if any(write.delivery for write in writes):
            self._perhaps("commit")
            if self.syncing is not None:
                await self.syncing.wait()
            if self.refusing:
                self.refusing -= 1
                return [Verdict.REFUSED for _ in writes]
        return await super().commit(*writes)

    async def renew(self, *deliveries: Delivery) -> Sequence[bool]:
        self._perhaps("renew")
        self.renewed += [delivery.parcel.id for delivery in deliveries]
        return [
            alive and delivery.parcel.id not in self.lost
            for delivery, alive in zip(deliveries, await super().renew(*deliveries), strict=True)
        ]

    async def release(self, *deliveries: Delivery) -> None:
        self._perhaps("release")
        self.released += [delivery.parcel.id for delivery in deliveries]
        await super().release(*deliveries)

    async def put(self, *ids: str, group: str = "") -> None:
        parcels = (Parcel(id=id_, key="", body=b"{}", group=group) for id_ in ids)
        await super().commit(Write(Outcome(puts=[Put(EVENT_QUEUE, parcel) for parcel in parcels])))

    async def now(self) -> Depth:
        return await self.depth(EVENT_QUEUE)

    def _perhaps(self, name: str) -> None:
        if self.failing.get(name, 0) > 0:
            self.failing[name] -= 1
            raise StoreError(f"no {name} now")


class Stage:
    """A consumer at work, and what it has committed."""

    def __init__(self, store: Moody, consumer: Consumer, committed: Committed) -> None:
        self.store = store
        self.consumer = consumer
        self.committed = committed
        self.stop = asyncio.Event()
        self.task = asyncio.create_task(consumer.run(self.stop))

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not holds():
                await _sleep(0.001)

    async def settled(self, count: int) -> list[Outcome]:
        await self.until(lambda: len(self.committed) >= count)
        return [write.outcome for write, _ in self.committed]

    async def end(self) -> None:
        self.stop.set()
        async with asyncio.timeout(10):
            await self.task


@asynccontextmanager
async def at_work(
    station: Station,
    *,
    store: Moody | None = None,
    concurrency: int = 4,
    renew_every: float = 10.0,
    grace: float = 5.0,
    told: bool = True,
    paused: Callable[[], Collection[str]] = tuple,
    outage: Callable[[Delivery], bool] = lambda _: False,
    workers: int | None = None,
) -> AsyncIterator[Stage]:
    store = store or Moody()
    committed: Committed = []
    consumer = Consumer(
        store,
        EVENT_QUEUE,
        station,
        retry=RetryPolicy(bug_waits=(1.0,)),
        concurrency=concurrency,
        on_committed=(lambda w, v: committed.append((w, v))) if told else None,
        paused=paused,
        outage=outage,
        clock=Clock(),
        chance=lambda: 0.5,
        renew_every=renew_every,
        grace=grace,
        workers=workers,
    )
    stage = Stage(store, consumer, committed)
    try:
        yield stage
    finally:
        if not stage.task.done():
            await stage.end()


async def done(delivery: Delivery) -> Outcome:
    return Outcome(Done(delivery.parcel.id))


def blocked(gate: asyncio.Event) -> Station:
    async def station(delivery: Delivery) -> Outcome:
        await gate.wait()
        return await done(delivery)

    return station
