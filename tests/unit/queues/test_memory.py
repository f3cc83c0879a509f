"""What the memory store promises beside the contract: it needs nothing, and can be searched."""

import asyncio

import pytest

from contracts.scene import SCRIBE, Clock, ids, parcel, put, puts, settle, state, take_all, take_one
from fluent_connect.journal.ledger import Ledger, ledger_statement
from fluent_connect.journal.record import recorder
from fluent_connect.model.fact import Delivered, Dropped, Queued, Received, Statement
from fluent_connect.model.outcome import Dead, Done, Fate, Later, Outcome, Parked
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE
from fluent_connect.queues.engines.memory import MemoryStore
from fluent_connect.queues.store import Verdict, Write


async def test_a_store_needs_nothing() -> None:
    store = MemoryStore()
    await put(store, parcel("p1", "lane"))
    assert await settle(store, await take_one(store), facts=(Delivered("x"),)) is Verdict.APPLIED
    assert await store.delivered() == 1
    await store.close()


async def test_without_a_recorder_facts_leave_no_trace() -> None:
    store = MemoryStore()
    assert await state(store, Received("r1", "main", 1.0, 1)) is Verdict.APPLIED
    rows = await store.read(Statement("SELECT name FROM sqlite_master WHERE name = 'receipt'"))
    assert rows == []
    await store.close()


async def test_a_search_sees_where_each_parcel_stands() -> None:
    clock = Clock()
    store = MemoryStore(SCRIBE, clock)
    await put(store, *(parcel(f"p{i}", f"lane{i}") for i in range(5)))
    taken = await take_all(store)
    fates: list[Fate] = [
        Later(60.0, "busy"),
        Parked("no parent", "ref"),
        Dead("broken", "trace"),
        Done(),
    ]
    await store.commit(
        *(Write(Outcome(fate=fate), each) for fate, each in zip(fates, taken, strict=False))
    )
    statement = Statement("SELECT id, state, tries, reason FROM parcel ORDER BY id")
    assert [tuple(row.values()) for row in await store.read(statement)] == [
        ("p0", 0, 1, "busy"),
        ("p1", 3, 0, "no parent"),
        ("p2", 4, 1, "broken"),
        ("p4", 1, 1, ""),
    ]
    await store.close()


async def test_the_ledger_closes_over_a_memory_store() -> None:
    clock = Clock()
    store = MemoryStore(recorder(), clock)
    for name in ("c1", "c2"):
        received = Received(name, "main", clock(), 2)
        outcome = Outcome(puts=puts(parcel(name), queue=CT_QUEUE), facts=(received,))
        assert list(await store.commit(Write(outcome))) == [Verdict.APPLIED]
    delivery = await take_one(store, CT_QUEUE)
    queued = Queued(
        "c1.0", "c1", "order.create", "acme", "1", "order", "o1", 1, "notification", clock()
    )
    await settle(store, delivery, put=puts(parcel("c1.0", "o1", origin="c1")), facts=(queued,))
    await settle(store, await take_one(store), Dead("broken"))
    ledger = Ledger.from_rows(await store.read(ledger_statement(clock())))
    assert (ledger.accepted, ledger.dead, ledger.waiting, ledger.unaccounted) == (2, 1, 1, 0)
    await state(store, Dropped(("c1.0",)))
    ledger = Ledger.from_rows(await store.read(ledger_statement(clock())))
    assert (ledger.skipped, ledger.dead, ledger.unaccounted) == (1, 0, 0)
    await store.close()


async def test_a_lease_that_ended_and_was_not_taken_again_can_still_be_settled() -> None:
    clock = Clock()
    store = MemoryStore(None, clock)
    await put(store, parcel("p1"))
    delivery = await take_one(store)
    clock.advance(31)
    assert await settle(store, delivery) is Verdict.APPLIED
    assert await take_all(store) == []


async def test_a_waiting_take_is_woken_by_the_end_of_a_lease() -> None:
    store = MemoryStore(lease=0.05)
    await put(store, parcel("p1"))
    await take_one(store)
    again = await asyncio.wait_for(store.take(EVENT_QUEUE, 1, 30.0), 5.0)
    assert [(each.parcel.id, each.tries) for each in again] == [("p1", 2)]


async def test_releasing_keeps_the_place_in_the_queue() -> None:
    clock = Clock()
    store = MemoryStore(None, clock)
    await put(store, parcel("p1"))
    clock.advance(1)
    await put(store, parcel("p2"))
    first = await take_one(store)
    clock.advance(1)
    await store.release(first)
    assert ids(await take_all(store)) == ["p1", "p2"]


@pytest.mark.parametrize("limit", [1, 3])
async def test_a_take_hands_out_no_more_than_its_limit(limit: int) -> None:
    store = MemoryStore()
    await put(store, *(parcel(f"p{i}") for i in range(5)))
    assert len(await store.take(EVENT_QUEUE, limit, 0.0)) == limit
