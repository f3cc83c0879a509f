"""The contract of a Store: lanes, what holds them, pauses, parking, dead letters."""

import asyncio

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
    state,
    take_all,
    take_one,
)
from fluent_connect.model.fact import Delivered, Dropped, Revived
from fluent_connect.model.outcome import Dead, Done, Fate, Later, Outcome, Parked
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE, Put
from fluent_connect.queues.store import Depth, Store, Verdict, Write

PARENT = "acme/1/customer/c1"

# --- one at a time


async def test_a_lane_hands_out_one_parcel_at_a_time(store: Store) -> None:
    await put(store, parcel("a1", "a"), parcel("a2", "a"), parcel("b1", "b"), parcel("n1"))
    taken = await take_all(store)
    assert sorted(ids(taken)) == ["a1", "b1", "n1"]
    await store.commit(*(Write(Outcome(fate=Done()), each) for each in taken))
    assert ids(await take_all(store)) == ["a2"]


async def test_a_put_into_a_taken_lane_waits_for_it(store: Store) -> None:
    await put(store, parcel("a1", "a"))
    first = await take_one(store)
    await put(store, parcel("a2", "a"))
    assert await store.take(EVENT_QUEUE, 1, 0.0) == []
    await settle(store, first)
    assert ids(await take_all(store)) == ["a2"]


async def test_an_expired_lease_frees_its_lane(store: Store, clock: Clock) -> None:
    await put(store, parcel("a1", "a"), parcel("a2", "a"))
    await take_one(store)
    clock.advance(LEASE + 1)
    assert ids(await take_all(store)) == ["a1"]


async def test_a_lane_keeps_the_order_of_its_puts(store: Store) -> None:
    await put(store, *(parcel(f"{lane}{i}", lane) for i in range(5) for lane in "abc"))
    order = await drain(store)
    for lane in "abc":
        assert [each for each in order if each[0] == lane] == [f"{lane}{i}" for i in range(5)]


async def test_live_goes_before_bulk_within_a_lane(store: Store) -> None:
    await put(store, parcel("b1", "a", rank="bulk"), parcel("l1", "a"))
    await arrive(store)
    assert await drain(store) == ["l1", "b1"]


async def test_two_stores_never_lease_one_lane_twice(reopen: OpenStore) -> None:
    first, second = await reopen(), await reopen()
    await put(first, *(parcel(f"{lane}{i}", lane) for i in range(10) for lane in "abcd"))
    live: set[str] = set()
    seen: list[str] = []

    async def consume(store: Store) -> None:
        while len(seen) < 40:
            found = await store.take(EVENT_QUEUE, 2, 0.1)
            for each in found:
                assert each.parcel.key not in live
                live.add(each.parcel.key)
            await asyncio.sleep(0)
            for each in found:
                live.remove(each.parcel.key)
                seen.append(each.parcel.id)
                assert await settle(store, each) is Verdict.APPLIED

    await asyncio.wait_for(asyncio.gather(consume(first), consume(second)), 30.0)
    assert sorted(seen) == sorted(f"{lane}{i}" for i in range(10) for lane in "abcd")


# --- what holds a lane


@pytest.mark.parametrize(
    "fate",
    [Later(60.0, "busy"), Dead("broken"), Parked("no customer", PARENT)],
    ids=["retrying", "dead", "parked"],
)
async def test_a_state_lane_goes_on_past(store: Store, fate: Fate) -> None:
    await put(store, parcel("a1", "a"), parcel("a2", "a"))
    await settle(store, await take_one(store), fate)
    assert ids(await take_all(store)) == ["a2"]


@pytest.mark.parametrize(
    "fate",
    [Later(60.0, "busy"), Dead("broken"), Parked("no customer", PARENT)],
    ids=["retrying", "dead", "parked"],
)
async def test_an_ordered_lane_is_held_by(store: Store, fate: Fate) -> None:
    await put(store, parcel("a1", "a", ordered=True), parcel("a2", "a", ordered=True))
    await put(store, parcel("b1", "b", ordered=True))
    await settle(store, await take_one(store), fate)
    assert ids(await take_all(store)) == ["b1"]
    await put(store, parcel("a3", "a", ordered=True))
    assert await store.take(EVENT_QUEUE, 10, 0.0) == []


async def test_an_ordered_lane_goes_on_in_order_after_a_retry(store: Store, clock: Clock) -> None:
    await put(store, parcel("a1", "a", ordered=True), parcel("a2", "a", ordered=True))
    await settle(store, await take_one(store), Later(60.0, "busy"))
    clock.advance(61)
    assert await drain(store) == ["a1", "a2"]


async def test_an_ordered_lane_goes_on_once_its_dead_is_revived_and_done(store: Store) -> None:
    await put(store, parcel("a1", "a", ordered=True), parcel("a2", "a", ordered=True))
    await settle(store, await take_one(store), Dead("broken"))
    await state(store, Revived(("a1",)))
    revived = await take_one(store)
    assert revived.parcel.id == "a1"
    assert await store.take(EVENT_QUEUE, 1, 0.0) == []
    await settle(store, revived)
    assert await drain(store) == ["a2"]


async def test_an_ordered_lane_goes_on_once_its_dead_is_dropped(store: Store) -> None:
    await put(store, parcel("a1", "a", ordered=True), parcel("a2", "a", ordered=True))
    await settle(store, await take_one(store), Dead("broken"))
    await state(store, Dropped(("a1",)))
    assert await drain(store) == ["a2"]


async def test_an_ordered_lane_goes_on_once_its_parent_came(store: Store) -> None:
    await put(store, parcel("a1", "a", ordered=True), parcel("a2", "a", ordered=True))
    await settle(store, await take_one(store), Parked("no customer", PARENT))
    await state(store, Delivered(PARENT))
    assert await drain(store) == ["a1", "a2"]


# --- pauses


@pytest.mark.parametrize(
    ("paused", "flows"),
    [
        ((), ["a", "b", "c"]),
        (("acme/*",), ["c"]),
        (("*/ct.order.*",), ["b"]),
        (("acme/ct.order.create",), ["b", "c"]),
        (("acme/ct.customer.*", "other/*"), ["a"]),
        (("*",), []),
        (("acme/ct.ORDER.*", "acme", "acme/ct_order.create", "cme/*"), list("abc")),
    ],
)
async def test_paused_groups_are_left_alone_and_others_flow(
    store: Store, paused: tuple[str, ...], flows: list[str]
) -> None:
    await put(
        store,
        parcel("a", "k1", group="acme/ct.order.create"),
        parcel("b", "k2", group="acme/ct.customer.upsert"),
        parcel("c", "k3", group="other/ct.order.refresh"),
    )
    assert sorted(ids(await take_all(store, paused=paused))) == flows
    assert sorted(ids(await take_all(store))) == sorted(set("abc") - set(flows))


async def test_many_paused_parcels_do_not_hide_the_ones_that_flow(store: Store) -> None:
    await put(store, *(parcel(f"a{i}", group="acme/x") for i in range(300)))
    await put(store, parcel("b1", group="other/x"))
    assert ids(await store.take(EVENT_QUEUE, 1, 0.0, paused=("acme/*",))) == ["b1"]


# --- parking


async def test_a_parked_parcel_waits_for_its_parent(store: Store, clock: Clock) -> None:
    await put(store, parcel("p1", "a"))
    fate = Parked("no customer", PARENT, await store.delivered(), after=300.0)
    await settle(store, await take_one(store), fate)
    assert (await store.depth(EVENT_QUEUE)).parked == 1
    await state(store, Delivered("acme/1/customer/someone-else"))
    assert await store.take(EVENT_QUEUE, 1, 0.0) == []
    await state(store, Delivered(PARENT))
    again = await take_one(store)
    assert (again.parcel.id, again.parks, again.tries) == ("p1", 1, 1)


async def test_a_delivered_number_rises_with_every_delivery(store: Store) -> None:
    numbers = [await store.delivered()]
    for ref in (PARENT, "acme/1/category/x", PARENT):
        await state(store, Delivered(ref))
        numbers.append(await store.delivered())
    assert numbers == sorted(set(numbers))


async def test_a_parent_that_came_between_the_read_and_the_park_wakes_at_once(
    store: Store,
) -> None:
    await put(store, parcel("p1", "a"))
    delivery = await take_one(store)
    since = await store.delivered()
    await state(store, Delivered(PARENT))
    await settle(store, delivery, Parked("no customer", PARENT, since))
    assert ids(await take_all(store)) == ["p1"]


async def test_a_parent_delivered_before_the_read_wakes_nothing(store: Store) -> None:
    await state(store, Delivered(PARENT))
    await put(store, parcel("p1", "a"))
    delivery = await take_one(store)
    await settle(store, delivery, Parked("gone again", PARENT, await store.delivered()))
    assert await store.take(EVENT_QUEUE, 1, 0.0) == []


async def test_a_parent_delivered_in_the_same_commit_wakes(store: Store) -> None:
    await put(store, parcel("p1", "a"), parcel("p2", "b"))
    child, parent = await take_all(store)
    since = await store.delivered()
    await store.commit(
        Write(Outcome(fate=Parked("no customer", PARENT, since)), child),
        Write(Outcome(fate=Done(), facts=(Delivered(PARENT),)), parent),
    )
    assert ids(await take_all(store)) == ["p1"]


async def test_what_was_woken_goes_before_what_waits(store: Store) -> None:
    await put(store, parcel("p1", "a"), parcel("p2", "b"), parcel("p3", "c"))
    await arrive(store)
    await settle(store, await take_one(store), Parked("no customer", PARENT, after=900.0))
    await state(store, Delivered(PARENT))
    assert (await take_one(store)).parcel.id == "p1"


async def test_what_is_due_since_before_goes_first(store: Store, clock: Clock) -> None:
    await put(store, parcel("p1", "a"), parcel("p2", "b"))
    await put(store, parcel("parent", "c", not_before=clock() - 3600.0))
    await arrive(store)
    assert (await take_one(store)).parcel.id == "parent"


@pytest.mark.parametrize("waits_for", [PARENT, None])
async def test_a_parked_parcel_looks_again_after_a_while(
    store: Store, clock: Clock, waits_for: str | None
) -> None:
    await put(store, parcel("p1", "a"))
    await settle(store, await take_one(store), Parked("no route", waits_for, after=60.0))
    clock.advance(59)
    assert await store.take(EVENT_QUEUE, 1, 0.0) == []
    clock.advance(2)
    again = await take_one(store)
    await settle(store, again, Parked("no route", waits_for, after=300.0))
    clock.advance(301)
    assert (await take_one(store)).parks == 2


async def test_what_is_parked_after_the_clock_was_set_back_looks_again_in_its_time(
    store: Store, clock: Clock
) -> None:
    await put(store, parcel("p1", "a"))
    (one,) = await take_all(store)
    clock.advance(-3600)
    await settle(store, one, Parked("no route", None, after=60.0))
    clock.advance(61)
    assert (await take_one(store)).parcel.id == "p1"


async def test_a_take_that_waits_is_woken_by_a_parent(store: Store) -> None:
    await put(store, parcel("p1", "a"))
    await settle(store, await take_one(store), Parked("no customer", PARENT, after=900.0))
    task = asyncio.create_task(store.take(EVENT_QUEUE, 1, 30.0))
    await asyncio.sleep(0)
    await state(store, Delivered(PARENT))
    assert ids(await asyncio.wait_for(task, 5.0)) == ["p1"]


async def test_a_wake_up_survives_a_reopening(reopen: OpenStore) -> None:
    first = await reopen()
    await put(first, parcel("p1", "a"))
    since = await first.delivered()
    await settle(first, await take_one(first), Parked("no customer", PARENT, since, after=900.0))
    await first.close()
    second = await reopen()
    assert await second.delivered() == since
    await state(second, Delivered(PARENT))
    assert (await take_one(second)).parks == 1


# --- dead letters


async def test_a_dead_parcel_stays_until_it_is_revived(store: Store, clock: Clock) -> None:
    await put(store, parcel("p1", "a", body=b"bytes"))
    await settle(store, await take_one(store), Later(1.0, "busy"))
    clock.advance(2)
    await settle(store, await take_one(store), Dead("no such store", "traceback"))
    clock.advance(1_000_000)
    assert await store.take(EVENT_QUEUE, 1, 0.0) == []
    await state(store, Revived(("p1", "unknown")))
    revived = await take_one(store)
    assert (revived.parcel.body, revived.tries) == (b"bytes", 1)
    assert revived.first_tried in (None, clock())
    assert (await store.depth(EVENT_QUEUE)).dead == 0


async def test_a_dropped_parcel_is_gone(store: Store) -> None:
    await put(store, parcel("p1", "a"), parcel("p2", "a"))
    await settle(store, await take_one(store), Dead("broken"))
    await state(store, Dropped(("p1", "unknown")))
    await state(store, Revived(("p1",)))
    assert await drain(store) == ["p2"]
    assert await store.depth(EVENT_QUEUE) == Depth()


async def test_what_is_not_dead_is_neither_revived_nor_dropped(store: Store) -> None:
    await put(store, parcel("p1", "a"), parcel("p2", "b"))
    leased = await take_one(store)
    await state(store, Revived(("p1", "p2")), Dropped(("p1", "p2")))
    assert await settle(store, leased) is Verdict.APPLIED
    assert await drain(store) == ["p2"]


async def test_a_dead_parcel_of_the_ct_queue_is_revived_too(store: Store) -> None:
    await put(store, parcel("c1"), queue=CT_QUEUE)
    onward: list[Put] = puts(parcel("m1", "a"))
    delivery = await take_one(store, CT_QUEUE)
    assert await settle(store, delivery, Dead("malformed"), put=onward) is Verdict.APPLIED
    await state(store, Revived(("c1",)))
    assert ids(await take_all(store, CT_QUEUE)) == ["c1"]
    assert ids(await take_all(store)) == ["m1"]
