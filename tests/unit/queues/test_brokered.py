"""A broker that fails at every step, and stations that notice nothing of it."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from contracts.scene import Clock, ids, parcel, put, puts, said, settle, take_all, take_one
from fluent_connect.model.outcome import Dead, Done, Later, Outcome, Unseen
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE, Parcel
from fluent_connect.queues.adoption import outbox
from fluent_connect.queues.brokered import BrokeredStore
from fluent_connect.queues.engines.memory import MemoryStore
from fluent_connect.queues.store import Capabilities, Depth, Store, Verdict, Write
from unit.queues.fake_broker import PLENTY, Crash, FakeBroker
from unit.queues.installation import QUEUES, ROUND, Installation


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Installation]:
    place = Installation(tmp_path / "connect.db")
    yield place
    await place.stop()


def crash() -> None:
    raise Crash


# --- stations, as the listener and the router are


async def listen(store: Store) -> Sequence[Verdict]:
    """Turn each ct-queue parcel into two messages, once."""
    writes = []
    for each in await take_all(store, CT_QUEUE):
        id_ = each.parcel.id
        messages = puts(*(parcel(f"{id_}.{i}", f"lane{i}", origin=id_) for i in range(2)))
        guards = (Unseen(f"inbox/{each.parcel.body.decode()}"),)
        writes.append(Write(Outcome(fate=Done(), guards=guards, puts=messages), each))
    return await store.commit(*writes)


class Router:
    """Applies each message to a table, and emits one more for the first of each parcel."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    async def __call__(self, store: Store) -> Sequence[Verdict]:
        writes = []
        for each in await take_all(store):
            id_ = each.parcel.id
            self.ran.append(id_)
            emits = id_.count(".") == 1 and id_.endswith(".0")
            onward = puts(parcel(f"{id_}.0", "lane0")) if emits else []
            writes.append(Write(Outcome(fate=Done(), puts=onward), each))
        return await store.commit(*writes)


async def accept(store: Store, *names: str) -> None:
    await put(store, *(parcel(name, body=name.encode()) for name in names), queue=CT_QUEUE)


async def settle_all(place: Installation, store: Store, router: Router) -> None:
    """Work until nothing waits, restarting after each crash."""
    for _ in range(50):
        place.clock.advance(31)
        place.broker.redeliver()
        await store._resend(CT_QUEUE)  # type: ignore[attr-defined]
        await store._resend(EVENT_QUEUE)  # type: ignore[attr-defined]
        await listen(store)
        await router(store)
        depths = [await store.depth(queue) for queue in QUEUES]
        if not any(depth.waiting for depth in depths):
            return
    pytest.fail("something waits for ever")


async def check_ends(store: Store, router: Router, *names: str) -> None:
    """Each message ran, none was lost, each has one end."""
    expected = [f"{name}.{i}" for name in names for i in range(2)] + [f"{n}.0.0" for n in names]
    assert set(router.ran) == set(expected)
    settled = [each["id"] for each in await said(store, "Settled")]
    assert sorted(settled) == sorted([*names, *expected])
    assert all([await store.depth(queue) == Depth() for queue in QUEUES])


# --- the crashes


async def _crash_of_ingest(place: Installation, store: BrokeredStore, router: Router) -> None:
    with pytest.raises(Crash):
        await accept(store, "c1", "c2")


async def _crash_of_the_listener(place: Installation, store: BrokeredStore, router: Router) -> None:
    before, after = place.broker.before_put, place.broker.after_put
    place.broker.before_put = place.broker.after_put = lambda: None
    await accept(store, "c1", "c2")
    place.broker.before_put, place.broker.after_put = before, after
    with pytest.raises(Crash):
        await listen(store)


async def _crash_of_the_router(place: Installation, store: BrokeredStore, router: Router) -> None:
    before, after = place.broker.before_put, place.broker.after_put
    place.broker.before_put = place.broker.after_put = lambda: None
    await accept(store, "c1", "c2")
    await listen(store)
    place.broker.before_put, place.broker.after_put = before, after
    with pytest.raises(Crash):
        await router(store)


CRASHES = [_crash_of_ingest, _crash_of_the_listener, _crash_of_the_router]
Crashing = Callable[[Installation, BrokeredStore, Router], Awaitable[None]]


@pytest.mark.parametrize("crashing", CRASHES, ids=["ingest", "listener", "router"])
async def test_a_crash_between_the_commit_and_the_put_loses_nothing(
    place: Installation, crashing: Crashing
) -> None:
    store, router = await place.start(), Router()
    place.broker.before_put = crash
    await crashing(place, store, router)
    store = await place.restart()
    await settle_all(place, store, router)
    await check_ends(store, router, "c1", "c2")


@pytest.mark.parametrize("crashing", CRASHES, ids=["ingest", "listener", "router"])
async def test_a_crash_between_the_put_and_its_confirmation_doubles_nothing(
    place: Installation, crashing: Crashing
) -> None:
    store, router = await place.start(), Router()
    place.broker.after_put = crash
    await crashing(place, store, router)
    store = await place.restart()
    await settle_all(place, store, router)
    await check_ends(store, router, "c1", "c2")
    assert len(router.ran) == len(set(router.ran))


@pytest.mark.parametrize("queue", QUEUES)
async def test_a_crash_before_the_acknowledgement_doubles_nothing(
    place: Installation, queue: str
) -> None:
    store, router = await place.start(), Router()
    await accept(store, "c1", "c2")
    if queue == EVENT_QUEUE:
        await listen(store)
    place.broker.before_ack = crash
    with pytest.raises(Crash):
        await take_all(store, queue)
    store = await place.restart()
    await settle_all(place, store, router)
    await check_ends(store, router, "c1", "c2")
    assert len(router.ran) == len(set(router.ran))


async def test_a_crash_of_a_consumer_costs_one_try(place: Installation) -> None:
    store = await place.start()
    await put(store, parcel("p1", "lane"))
    await take_one(store)
    store = await place.restart()
    assert (await take_one(store)).tries == 2


@pytest.mark.parametrize("seed", range(8))
async def test_a_broker_at_its_worst_loses_and_doubles_nothing(
    place: Installation, seed: int
) -> None:
    chance = random.Random(seed)
    broker, router = place.broker, Router()
    broker.copies = 2
    broker.shuffle = chance
    broker.refuses = lambda _: chance.random() < 0.3
    store = await place.start()
    names = [f"c{i}" for i in range(10)]
    for name in names:
        await accept(store, name)
        broker.down = chance.random() < 0.2
        broker.lose_acks = chance.random() < 0.3
        if chance.random() < 0.3:
            broker.redeliver()
        await listen(store)
        await router(store)
        if chance.random() < 0.2:
            store = await place.restart()
    broker.down = broker.lose_acks = False
    await settle_all(place, store, router)
    await check_ends(store, router, *names)
    assert len(router.ran) == len(set(router.ran))


async def test_a_broker_that_loses_all_it_holds_is_filled_again(place: Installation) -> None:
    store, router = await place.start(), Router()
    await accept(store, "c1")
    await listen(store)
    place.broker.forget()
    store = await place.restart()
    await settle_all(place, store, router)
    await check_ends(store, router, "c1")


# --- the relay


async def test_the_relay_sends_what_the_broker_refused(place: Installation) -> None:
    store = await place.start(relay_every=ROUND)
    place.broker.refuses = lambda each: each.id == "p2"
    await put(store, parcel("p1"), parcel("p2"), parcel("p3"))
    assert sorted(ids(await take_all(store))) == ["p1", "p3"]
    place.broker.refuses = lambda _: False
    place.clock.advance(1)
    assert (await take_one(store)).parcel.id == "p2"


async def test_a_put_while_the_broker_is_down_is_kept_and_sent_later(place: Installation) -> None:
    store = await place.start(relay_every=ROUND)
    place.broker.down = True
    await put(store, parcel("p1"))
    await put(store, parcel("p2"))
    assert (await store.depth(EVENT_QUEUE)).ready == 2
    assert await store.take(EVENT_QUEUE, 1, 0.0) == []
    place.broker.down = False
    place.clock.advance(1)
    assert (await take_one(store)).parcel.id in {"p1", "p2"}


async def test_fresh_puts_are_left_to_the_commit(place: Installation) -> None:
    store = await place.start()
    await put(store, parcel("p1"))
    assert await store._resend(EVENT_QUEUE)
    assert place.broker.puts == 1


async def test_a_confirmed_put_that_waits_at_the_broker_is_not_sent_again(
    place: Installation,
) -> None:
    store = await place.start()
    await put(store, parcel("p1"))
    for _ in range(3):
        place.clock.advance(60)
        assert await store._resend(EVENT_QUEUE)
    assert place.broker.puts == 1
    place.clock.advance(3600)
    assert await store._resend(EVENT_QUEUE)
    assert place.broker.puts == 2
    assert ids(await take_all(store)) == ["p1"]


async def test_an_arrival_empties_the_outbox(place: Installation) -> None:
    store = await place.start()
    await put(store, parcel("p1"))
    assert (await store._sql.depth(outbox(EVENT_QUEUE))).waiting == 1
    await take_one(store)
    assert await store._sql.depth(outbox(EVENT_QUEUE)) == Depth()


# --- what SQL does for the broker


async def test_a_retry_and_a_revival_never_see_the_broker(place: Installation) -> None:
    store = await place.start()
    await put(store, parcel("p1", "lane"))
    await settle(store, await take_one(store), Later(60.0, "busy"))
    place.broker.down = True
    place.clock.advance(61)
    again = await take_one(store)
    assert again.tries == 2
    await settle(store, again, Dead("broken"))
    assert (await store.depth(EVENT_QUEUE)).dead == 1


@pytest.mark.parametrize("text_only", [False, True])
async def test_a_body_too_large_for_the_broker_stays_in_sql(
    place: Installation, text_only: bool
) -> None:
    place.broker.capabilities = Capabilities(
        largest_body=2000, longest_delay=0, keys="none", longest_lease=30, text_only=text_only
    )
    store = await place.start()
    await put(store, parcel("large", body=b"\xff" * 2000), parcel("small", body=b"\xff" * 200))
    assert [each.id for each in place.broker.held[EVENT_QUEUE]] == ["small"]
    found = {each.parcel.id: each.parcel.body for each in await take_all(store)}
    assert found == {"large": b"\xff" * 2000, "small": b"\xff" * 200}


async def test_ordered_lanes_do_not_go_over_a_broker_that_may_reorder(place: Installation) -> None:
    place.broker.shuffle = random.Random(1)
    store = await place.start()
    await put(store, *(parcel(f"p{i}", "lane", ordered=True) for i in range(10)))
    order = []
    for _ in range(10):
        delivery = await take_one(store)
        order.append(delivery.parcel.id)
        await settle(store, delivery)
    assert order == [f"p{i}" for i in range(10)]


async def test_a_queue_that_is_not_the_brokers_is_sqls(place: Installation) -> None:
    store = await place.start()
    await put(store, parcel("p1"), queue="other")
    assert place.broker.puts == 0
    assert await store.depth("other") == Depth(ready=1, oldest=place.clock())
    assert ids(await take_all(store, "other")) == ["p1"]


async def test_a_put_that_cannot_be_written_is_refused_by_sql(place: Installation) -> None:
    store = await place.start()
    odd = Outcome(puts=puts(parcel("p1", group="\ud800")))
    assert list(await store.commit(Write(odd))) == [Verdict.REFUSED]
    assert place.broker.puts == 0


# --- what others put


async def test_what_others_put_is_accepted_once_at_its_first_take(place: Installation) -> None:
    store = await place.start()
    foreign = Parcel("sqs-1", "", b'{"raw": 1}', {"content-type": "application/json"})
    place.broker.fill(CT_QUEUE, foreign, foreign)
    assert (await store.depth(CT_QUEUE)).ready == 2
    (delivery,) = await take_all(store, CT_QUEUE)
    assert delivery.parcel.body == foreign.body
    assert delivery.parcel.headers == {"content-type": "application/json", "door": CT_QUEUE}
    (received,) = await said(store, "Received")
    assert received["id"] == delivery.parcel.id
    assert received["size"] == len(foreign.body)
    assert place.broker.out == {}


async def test_what_cannot_be_stored_as_it_is_keeps_its_bytes(place: Installation) -> None:
    store = await place.start()
    place.broker.fill(CT_QUEUE, Parcel("bad \ud800", "", b"bytes", {"x": "\ud800"}))
    (delivery,) = await take_all(store, CT_QUEUE)
    assert delivery.parcel.body == b"bytes"
    assert place.broker.out == {}


@pytest.mark.parametrize("label", ["", "{}", "[1]", '{"put": 1}', "\x00"])
async def test_a_label_that_says_nothing_makes_a_foreign_parcel(
    place: Installation, label: str
) -> None:
    store = await place.start()
    place.broker.fill(CT_QUEUE, Parcel("x", "", b"bytes", {"fc-label": label}))
    assert [each.parcel.body for each in await take_all(store, CT_QUEUE)] == [b"bytes"]


# --- failures of our own


async def test_a_bug_in_the_broker_is_not_hidden(place: Installation) -> None:
    store = await place.start()

    def bug() -> None:
        raise ZeroDivisionError

    await put(store, parcel("p1"))
    place.broker.before_ack = bug
    await store.take(EVENT_QUEUE, 1, 0.2)
    with pytest.raises(ZeroDivisionError):
        await store.take(EVENT_QUEUE, 1, 0.2)


async def test_a_slow_broker_does_not_hold_a_commit(tmp_path: Path) -> None:
    broker, clock = FakeBroker(), Clock()

    def slow() -> None:
        raise TimeoutError

    broker.before_put = slow
    store = await BrokeredStore.open(
        broker, MemoryStore(None, clock), queues=QUEUES, clock=clock, send_timeout=0.01
    )
    await put(store, parcel("p1"))
    assert (await store.depth(EVENT_QUEUE)).ready == 1
    await store.close()


async def test_a_broker_that_is_silent_is_told_with_what_to_look_at() -> None:
    told: list[str | None] = []
    broker = FakeBroker(msgspec.structs.replace(PLENTY, silence="look for a leader"))

    def silent() -> None:
        raise TimeoutError

    broker.before_put = silent
    store = await BrokeredStore.open(
        broker, MemoryStore(None, Clock()), queues=QUEUES, trouble=told.append
    )
    await put(store, parcel("p1"))
    assert told == [f"put on {EVENT_QUEUE}: no answer in time; look for a leader"]
    await store.close()
