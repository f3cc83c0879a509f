"""The contract of a Store: put, take, leases, tries, waiting, depth, durability."""

import asyncio
import time
from contextlib import suppress

import pytest

from contracts.engines import LEASE, OpenStore
from contracts.scene import (
    Clock,
    arrive,
    drain,
    ids,
    parcel,
    put,
    puts,
    settle,
    take_all,
    take_one,
)
from fluent_connect.model.outcome import Dead, Done, Later, Outcome, Skipped
from fluent_connect.model.parcel import BATCH_QUEUE, CT_QUEUE, EVENT_QUEUE, Parcel
from fluent_connect.queues.store import Depth, Store, StoreError, Verdict, Write


async def _until_waiting(task: asyncio.Task[object]) -> None:
    """Let a take get as far as it can without anything to take."""
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(task), 0.05)
    assert not task.done()


# --- what goes in comes out


async def test_a_parcel_comes_out_as_it_was_put(store: Store, clock: Clock) -> None:
    sent = Parcel(
        id="p1",
        key="acme/1/order/o1",
        body=b'{"a": 1}',
        headers={"content-type": "application/json", "door": "main"},
        rank="bulk",
        group="acme/order",
        not_before=clock() - 1,
        ordered=True,
        origin="c1",
    )
    await put(store, sent)
    delivery = await take_one(store)
    assert delivery.parcel == sent
    assert delivery.queue == EVENT_QUEUE


@pytest.mark.parametrize(
    "body", [b"", b"\x00\xff\xfe not text", "größe ✓ 🛒".encode(), bytes(range(256)) * 4096]
)
async def test_any_body_comes_out_byte_for_byte(store: Store, body: bytes) -> None:
    await put(store, parcel("p1", body=body), queue=CT_QUEUE)
    assert (await take_one(store, CT_QUEUE)).parcel.body == body


async def test_ids_keys_and_headers_may_hold_any_text(store: Store) -> None:
    sent = Parcel(
        id="größe/✓ 🛒 'quoted' \"twice\"",
        key="ключ/1/注文",
        body=b"x",
        headers={"x-größe": "✓ 🛒", "empty": ""},
        group="acme/ключ",
    )
    await put(store, sent)
    delivery = await take_one(store)
    assert delivery.parcel == sent
    assert await settle(store, delivery) is Verdict.APPLIED


async def test_queues_do_not_mix(store: Store) -> None:
    await put(store, parcel("c1"), queue=CT_QUEUE)
    await put(store, parcel("b1"), queue=BATCH_QUEUE)
    assert await store.take(EVENT_QUEUE, 10, 0.0) == []
    assert ids(await take_all(store, BATCH_QUEUE)) == ["b1"]
    assert ids(await take_all(store, CT_QUEUE)) == ["c1"]


async def test_parcels_come_in_the_order_of_their_put(store: Store) -> None:
    names = [f"p{i}" for i in range(20)]
    await put(store, *(parcel(name) for name in names[:10]))
    await put(store, *(parcel(name) for name in names[10:]))
    assert await drain(store) == names


async def test_live_goes_before_bulk(store: Store) -> None:
    await put(store, parcel("b1", rank="bulk"), parcel("b2", rank="bulk"))
    await put(store, parcel("l1"), parcel("l2"))
    await arrive(store)
    assert await drain(store) == ["l1", "l2", "b1", "b2"]


async def test_a_put_is_not_handed_out_before_its_time(store: Store, clock: Clock) -> None:
    await put(store, parcel("p1", not_before=clock() + 60))
    clock.advance(59)
    assert await store.take(EVENT_QUEUE, 10, 0.0) == []
    clock.advance(2)
    assert ids(await take_all(store)) == ["p1"]


async def test_the_limit_of_a_take_is_respected(store: Store) -> None:
    await put(store, *(parcel(f"p{i}") for i in range(5)))
    first = await store.take(EVENT_QUEUE, 3, 0.0)
    assert 1 <= len(first) <= 3
    assert len(first) + len(await take_all(store)) == 5


async def test_an_empty_commit_is_nothing(store: Store) -> None:
    assert list(await store.commit()) == []
    assert list(await store.commit(Write(Outcome()))) == [Verdict.APPLIED]


# --- leases and tries


async def test_a_parcel_is_leased_to_one_consumer_at_a_time(store: Store) -> None:
    await put(store, parcel("p1"))
    await take_one(store)
    assert await store.take(EVENT_QUEUE, 1, 0.0) == []


async def test_a_settled_parcel_never_comes_again(store: Store, clock: Clock) -> None:
    await put(store, parcel("p1"), parcel("p2"))
    for fate in (Done(), Skipped("filtered")):
        assert await settle(store, await take_one(store), fate) is Verdict.APPLIED
    clock.advance(10 * LEASE)
    assert await take_all(store) == []
    assert await store.depth(EVENT_QUEUE) == Depth()


async def test_a_first_take_is_the_first_try(store: Store, clock: Clock) -> None:
    await put(store, parcel("p1"))
    delivery = await take_one(store)
    assert delivery.tries == 1
    assert delivery.parks == 0
    assert delivery.first_tried in (None, clock())
    assert delivery.lease_until == pytest.approx(clock() + LEASE)


async def test_an_expired_lease_comes_again_with_one_more_try(store: Store, clock: Clock) -> None:
    await put(store, parcel("p1", "lane"))
    start = clock()
    first = await take_one(store)
    clock.advance(LEASE - 1)
    assert await store.take(EVENT_QUEUE, 1, 0.0) == []
    clock.advance(2)
    second = await take_one(store)
    assert second.parcel == first.parcel
    assert second.tries == 2
    assert second.first_tried == pytest.approx(start)


async def test_a_lost_lease_commits_nothing(store: Store, clock: Clock) -> None:
    await put(store, parcel("p1"))
    first = await take_one(store)
    clock.advance(LEASE + 1)
    second = await take_one(store)
    verdict = await settle(store, first, put=puts(parcel("p2")))
    assert verdict is Verdict.LEASE_LOST
    assert await store.take(EVENT_QUEUE, 1, 0.0) == []
    assert await settle(store, second) is Verdict.APPLIED


async def test_a_delivery_settles_once(store: Store) -> None:
    await put(store, parcel("p1"), parcel("p2"))
    first, second = await take_all(store)
    assert await settle(store, first) is Verdict.APPLIED
    assert await settle(store, first, Dead("late")) is Verdict.LEASE_LOST
    twice = [Write(Outcome(fate=Done()), second), Write(Outcome(fate=Dead("twice")), second)]
    assert list(await store.commit(*twice)) == [Verdict.APPLIED, Verdict.LEASE_LOST]
    assert await store.depth(EVENT_QUEUE) == Depth()


async def test_renewing_moves_the_end_in_place(store: Store, clock: Clock) -> None:
    await put(store, parcel("p1", "lane"), parcel("p2", "lane"))
    delivery = await take_one(store)
    clock.advance(LEASE - 5)
    assert list(await store.renew(delivery)) == [True]
    assert delivery.lease_until == pytest.approx(clock() + LEASE)
    clock.advance(LEASE - 5)
    assert await store.take(EVENT_QUEUE, 1, 0.0) == []
    assert await settle(store, delivery) is Verdict.APPLIED


async def test_renewing_tells_each_lease_that_is_lost(store: Store, clock: Clock) -> None:
    await put(store, parcel("p1"), parcel("p2"))
    lost, settled = await take_all(store)
    assert await settle(store, settled) is Verdict.APPLIED
    clock.advance(LEASE + 1)
    again = await take_one(store)
    assert list(await store.renew(lost, again, settled)) == [False, True, False]


async def test_releasing_gives_back_untried(store: Store) -> None:
    await put(store, parcel("p1", "lane"), parcel("p2", "lane"))
    first = await take_one(store)
    await store.release(first)
    again = await take_one(store)
    assert again.parcel.id == "p1"
    assert again.tries == 1
    assert await settle(store, first) is Verdict.LEASE_LOST
    assert await settle(store, again) is Verdict.APPLIED


async def test_releasing_what_is_lost_changes_nothing(store: Store, clock: Clock) -> None:
    await put(store, parcel("p1"))
    first = await take_one(store)
    clock.advance(LEASE + 1)
    second = await take_one(store)
    await store.release(first)
    assert await store.take(EVENT_QUEUE, 1, 0.0) == []
    assert await settle(store, second) is Verdict.APPLIED


@pytest.mark.parametrize(("counts", "tries"), [(True, 2), (False, 1)])
async def test_later_is_not_before_its_time(
    store: Store, clock: Clock, counts: bool, tries: int
) -> None:
    await put(store, parcel("p1"))
    start = clock()
    await settle(store, await take_one(store), Later(60.0, "busy", counts=counts))
    clock.advance(59)
    assert await store.take(EVENT_QUEUE, 1, 0.0) == []
    clock.advance(2)
    again = await take_one(store)
    assert again.tries == tries
    assert again.first_tried == pytest.approx(start)


# --- waiting


async def test_a_take_ends_when_its_wait_does(store: Store) -> None:
    assert await asyncio.wait_for(store.take(EVENT_QUEUE, 1, 0.05), 5.0) == []


async def test_a_waiting_take_is_woken_by_a_put(store: Store) -> None:
    task = asyncio.create_task(store.take(EVENT_QUEUE, 1, 30.0))
    await _until_waiting(task)
    await put(store, parcel("p1"))
    assert ids(await asyncio.wait_for(task, 5.0)) == ["p1"]


async def test_a_waiting_take_is_woken_by_a_due_time(open_store: OpenStore) -> None:
    store = await open_store(clock=time.time)
    due = time.time() + 0.3
    await put(store, parcel("p1", not_before=due))
    assert ids(await asyncio.wait_for(store.take(EVENT_QUEUE, 1, 30.0), 5.0)) == ["p1"]
    assert time.time() >= due - 0.01


async def test_a_waiting_take_is_woken_by_a_lane_that_becomes_free(store: Store) -> None:
    await put(store, parcel("p1", "lane"), parcel("p2", "lane"))
    first = await take_one(store)
    task = asyncio.create_task(store.take(EVENT_QUEUE, 1, 30.0))
    await _until_waiting(task)
    await settle(store, first)
    assert ids(await asyncio.wait_for(task, 5.0)) == ["p2"]


async def test_a_waiting_take_is_woken_by_a_release(store: Store) -> None:
    await put(store, parcel("p1"))
    first = await take_one(store)
    task = asyncio.create_task(store.take(EVENT_QUEUE, 1, 30.0))
    await _until_waiting(task)
    await store.release(first)
    assert ids(await asyncio.wait_for(task, 5.0)) == ["p1"]


async def test_a_cancelled_take_holds_nothing(store: Store) -> None:
    task = asyncio.create_task(store.take(EVENT_QUEUE, 1, 30.0))
    await _until_waiting(task)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await put(store, parcel("p1"))
    assert ids(await take_all(store)) == ["p1"]


async def test_closing_ends_the_takes_that_wait(store: Store) -> None:
    tasks = [asyncio.create_task(store.take(EVENT_QUEUE, 1, 60.0)) for _ in range(3)]
    await _until_waiting(tasks[0])
    await asyncio.wait_for(store.close(), 5.0)
    for task in tasks:
        assert await asyncio.wait_for(task, 5.0) == []


async def test_closing_twice_is_closing_once(store: Store) -> None:
    await store.close()
    await asyncio.wait_for(store.close(), 5.0)


async def test_a_closed_store_says_so(store: Store) -> None:
    await store.close()
    with pytest.raises(StoreError):
        await put(store, parcel("p1"))


# --- many at once


async def test_two_consumers_share_without_overlap(store: Store) -> None:
    await put(store, *(parcel(f"p{i}") for i in range(100)))
    seen: list[str] = []

    async def consume() -> None:
        while found := await store.take(EVENT_QUEUE, 7, 0.0):
            seen.extend(ids(found))
            await store.commit(*(Write(Outcome(fate=Done()), each) for each in found))

    await asyncio.gather(consume(), consume())
    assert sorted(seen) == sorted(f"p{i}" for i in range(100))


async def test_a_thousand_parcels_put_and_taken_at_once_all_arrive_once(store: Store) -> None:
    seen: list[str] = []
    live: set[str] = set()

    async def produce(start: int) -> None:
        await put(store, *(parcel(f"p{i}", f"lane{i % 50}") for i in range(start, start + 50)))

    async def consume() -> None:
        while len(seen) < 1000:
            found = await store.take(EVENT_QUEUE, 20, 0.2)
            lanes = [each.parcel.key for each in found]
            assert len(set(lanes)) == len(lanes)
            assert live.isdisjoint(lanes)
            live.update(lanes)
            await asyncio.sleep(0)
            seen.extend(ids(found))
            live.difference_update(lanes)
            await store.commit(*(Write(Outcome(fate=Done()), each) for each in found))

    await asyncio.wait_for(
        asyncio.gather(*(produce(n * 50) for n in range(20)), *(consume() for _ in range(4))), 60.0
    )
    assert sorted(seen) == sorted(f"p{i}" for i in range(1000))
    assert await store.depth(EVENT_QUEUE) == Depth()


# --- depth


async def test_depth_says_where_parcels_stand(store: Store, clock: Clock) -> None:
    put_at = clock()
    await put(store, parcel("p1", "lane"), parcel("p2", "lane"), parcel("p3", "lane"))
    await arrive(store)
    await take_one(store)
    clock.advance(1)
    await put(store, parcel("p4"), parcel("p5", not_before=clock() + 60))
    await put(store, parcel("other"), queue=CT_QUEUE)
    depth = await store.depth(EVENT_QUEUE)
    assert depth == Depth(ready=1, scheduled=1, leased=1, blocked=2, oldest=put_at)
    assert depth.waiting == 5


async def test_depth_counts_a_retry_as_scheduled_until_it_is_due(
    store: Store, clock: Clock
) -> None:
    await put(store, parcel("p1"))
    put_at = clock()
    await settle(store, await take_one(store), Later(60.0, "busy"))
    assert await store.depth(EVENT_QUEUE) == Depth(scheduled=1, oldest=put_at)
    clock.advance(61)
    assert await store.depth(EVENT_QUEUE) == Depth(ready=1, oldest=put_at)


async def test_a_dead_parcel_is_counted_and_does_not_wait(store: Store) -> None:
    await put(store, parcel("p1"))
    await settle(store, await take_one(store), Dead("no such store", "traceback"))
    depth = await store.depth(EVENT_QUEUE)
    assert (depth.dead, depth.waiting) == (1, 0)
