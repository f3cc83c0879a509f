"""The contract of a Store that keeps a file: what survives, and what a second Store sees."""

from contracts.engines import LEASE, OpenStore
from contracts.scene import Clock, parcel, put, settle, take_one
from fluent_connect.model.outcome import Dead
from fluent_connect.model.parcel import EVENT_QUEUE
from fluent_connect.queues.store import Verdict


async def test_what_a_commit_returned_survives_a_reopening(reopen: OpenStore, clock: Clock) -> None:
    first = await reopen()
    await put(first, parcel("p1"), parcel("p2"), parcel("p3", "lane", body=b"bytes"))
    await settle(first, await take_one(first))
    await settle(first, await take_one(first), Dead("why"))
    await first.close()
    second = await reopen()
    depth = await second.depth(EVENT_QUEUE)
    assert (depth.waiting, depth.dead) == (1, 1)
    delivery = await take_one(second)
    assert delivery.parcel == parcel("p3", "lane", body=b"bytes")


async def test_a_second_store_sees_what_the_first_committed(reopen: OpenStore) -> None:
    first, second = await reopen(), await reopen()
    await put(first, parcel("p1"))
    delivery = await take_one(second)
    assert delivery.parcel.id == "p1"
    assert await first.take(EVENT_QUEUE, 1, 0.0) == []
    assert await settle(first, delivery) is Verdict.APPLIED


async def test_a_lease_survives_the_store_that_took_it(reopen: OpenStore, clock: Clock) -> None:
    first = await reopen()
    await put(first, parcel("p1", "lane"), parcel("p2", "lane"))
    await take_one(first)
    await first.close()
    second = await reopen()
    assert await second.take(EVENT_QUEUE, 2, 0.0) == []
    clock.advance(LEASE + 1)
    again = await second.take(EVENT_QUEUE, 2, 0.0)
    assert [(each.parcel.id, each.tries) for each in again] == [("p1", 2)]
