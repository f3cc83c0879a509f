"""Which processes share a database: who works is counted, who died is not."""

import asyncio

from contracts.scene import SCRIBE, Clock, parcel, put
from fluent_connect.model.lease import UNSURE
from fluent_connect.queues.engines.postgresql import Place, PostgresStore
from fluent_connect.queues.store import Shared

LEASE = 90.0


async def start(url: str, clock: Clock, role: str | None) -> PostgresStore:
    return await PostgresStore.open(Place.of(url), SCRIBE, clock=clock, role=role, lease=LEASE)


async def counted(store: PostgresStore, clock: Clock, count: int) -> None:
    """Let time pass until the store has looked, and counts as many as there should be."""
    for _ in range(100):
        clock.advance(2.0)
        await store.take("event-queue", 1, 0.0)
        if store.workers == count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{store.workers} work, not {count}")


async def test_processes_that_work_are_counted_until_they_leave(url: str) -> None:
    clock = Clock()
    first, second = await start(url, clock, "all"), await start(url, clock, "work")
    third, command = await start(url, clock, "ingest"), await start(url, clock, None)
    assert isinstance(first, Shared)
    await counted(second, clock, 2)
    await counted(first, clock, 2)
    await second.close()
    await counted(first, clock, 1)
    for store in (first, third, command):
        await store.close()


async def test_a_process_that_says_nothing_for_long_is_not_counted(url: str) -> None:
    clock, past = Clock(), Clock()
    silent = await start(url, past, "work")
    await counted(silent, past, 1)
    store = await start(url, clock, "work")
    await counted(store, clock, 2)
    clock.advance(60.0)
    await counted(store, clock, 1)
    for each in (silent, store):
        await each.close()


async def test_a_process_that_stands_still_keeps_its_leases_but_relies_on_them_no_more(
    url: str,
) -> None:
    clock, past = Clock(), Clock()
    still = await start(url, past, "work")
    await put(still, parcel("p1", "lane"))
    (delivery,) = await still.take("event-queue", 1, 1.0)
    assert delivery.until() == delivery.lease_until == past() + LEASE

    store = await start(url, clock, "work")
    clock.advance(60.0)
    await counted(store, clock, 1)
    assert await store.take("event-queue", 1, 0.0) == []

    past.advance(11.0)
    assert delivery.until() == UNSURE
    await counted(still, past, 2)
    assert delivery.until() == delivery.lease_until
    for each in (still, store):
        await each.close()
