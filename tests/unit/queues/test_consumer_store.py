import asyncio
from collections.abc import Sequence

import pytest

from fluent_connect.model.fact import Known
from fluent_connect.model.outcome import Done, Later, Outcome
from fluent_connect.model.parcel import EVENT_QUEUE
from fluent_connect.queues.consumer import Consumer, _refusal
from fluent_connect.queues.retry import RetryPolicy
from fluent_connect.queues.store import Delivery, Verdict, Write
from unit.queues.workshop import Moody, at_work, blocked, done

# A store that fails.


@pytest.mark.usefixtures("_hasty")
@pytest.mark.parametrize("name", ["take", "commit"])
async def test_a_store_that_fails_is_asked_again(name: str) -> None:
    store = Moody()
    store.failing[name] = 3
    async with at_work(done, store=store) as stage:
        await store.put("a")
        outcomes = await stage.settled(1)

    assert [outcome.fate for outcome in outcomes] == [Done("a")]
    assert store.failing[name] == 0


@pytest.mark.usefixtures("_hasty")
async def test_a_commit_that_fails_to_the_end_is_released() -> None:
    store = Moody()
    store.failing["commit"] = 1_000_000
    async with at_work(done, store=store) as stage:
        await store.put("a")
        await stage.until(lambda: store.failing["commit"] < 1_000_000)
        await stage.end()

    assert stage.committed == []
    assert store.released == ["a"]


async def test_an_outcome_that_the_store_refuses_is_a_bug_of_few_tries() -> None:
    store = Moody()
    store.refusing = 1
    async with at_work(done, store=store) as stage:
        await store.put("a")
        outcome, *_ = await stage.settled(1)

    assert isinstance(outcome.fate, Later)
    assert "the store refused" in outcome.fate.reason


async def test_a_refusal_that_is_refused_as_well_is_left_to_the_lease() -> None:
    store = Moody()
    store.refusing = 2
    async with at_work(done, store=store) as stage:
        await store.put("a")
        await stage.settled(1)
        assert stage.committed[0][1] is Verdict.REFUSED
        assert stage.consumer.in_hand == 0


async def test_a_bug_of_the_store_ends_the_consumer_and_is_raised() -> None:
    class Broken(Moody):
        async def commit(self, *writes: Write) -> Sequence[Verdict]:
            if any(write.delivery for write in writes):
                raise ZeroDivisionError
            return await super().commit(*writes)

    async with at_work(done, store=Broken()) as stage:
        await stage.store.put("a")
        with pytest.raises(ZeroDivisionError):
            await stage.task

    assert stage.store.released == ["a"]


async def test_a_handler_that_cancels_its_own_task_has_failed_and_nobody_else_is_held_up() -> None:
    async def station(delivery: Delivery) -> Outcome:
        if delivery.parcel.id == "a":
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)
        return await done(delivery)

    async with at_work(station, concurrency=1) as stage:
        await stage.store.put("a", "b")
        outcomes = await stage.settled(2)

    assert isinstance(outcomes[0].fate, Later)
    assert "CancelledError" in outcomes[0].fate.reason
    assert outcomes[1].fate == Done("b")


async def test_a_worker_that_is_cancelled_between_two_deliveries_ends_the_consumer_aloud() -> None:
    async with at_work(done, concurrency=1) as stage:
        await stage.until(lambda: bool(stage.consumer._idle))
        stage.consumer._idle[0].cancel()
        with pytest.raises(RuntimeError, match="cancelled by somebody else"):
            await stage.task


async def test_a_consumer_that_is_cancelled_gives_back_what_it_has() -> None:
    async with at_work(blocked(asyncio.Event()), grace=0.01) as stage:
        await stage.store.put("a")
        await stage.until(lambda: bool(stage.consumer.running))
        stage.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stage.task

    assert stage.store.released == ["a"]


async def test_a_write_without_a_delivery_is_committed_as_well() -> None:
    async with at_work(done) as stage:
        write = Write(Outcome(facts=[Known("a", "sku", "1")]))
        await stage.consumer._commit_all([write])

    assert stage.committed == [(write, Verdict.APPLIED)]


@pytest.mark.usefixtures("_hasty")
async def test_a_delivery_that_waits_for_its_commit_can_lose_its_lease() -> None:
    store = Moody()
    store.failing["commit"] = 1_000_000
    async with at_work(done, store=store, renew_every=0.001) as stage:
        await store.put("a")
        await stage.until(lambda: "a" in store.renewed)
        store.lost.add("a")
        await stage.until(lambda: stage.consumer.in_hand == 0)
        store.lost.clear()
        store.failing["commit"] = 0
        await stage.settled(1)


async def test_an_idle_worker_that_has_left_is_passed_over() -> None:
    async with at_work(done, concurrency=1) as stage:
        await stage.until(lambda: bool(stage.consumer._idle))
        gone = asyncio.get_running_loop().create_future()
        gone.cancel()
        stage.consumer._idle.append(gone)
        await stage.store.put("a")
        await stage.settled(1)


def test_a_worker_that_is_thrown_away_with_its_loop_ends() -> None:
    waits: list[asyncio.Future[None]] = []

    async def station(delivery: Delivery) -> Outcome:
        waits.append(asyncio.get_running_loop().create_future())
        await waits[0]
        return await done(delivery)

    async def begin() -> Consumer:
        store = Moody()
        consumer = Consumer(store, EVENT_QUEUE, station, retry=RetryPolicy(), concurrency=1)
        await store.put("a")
        consumer._hand_out(await store.take(EVENT_QUEUE, 1, 0.0))
        return consumer

    loop = asyncio.new_event_loop()
    consumer = loop.run_until_complete(begin())
    work = consumer._work()
    task = loop.create_task(work)
    loop.run_until_complete(asyncio.wait([task], timeout=0.01))
    loop.close()
    work.close()
    task._log_destroy_pending = False  # type: ignore[attr-defined]

    assert consumer._done == []


def test_only_a_delivery_can_be_refused_again() -> None:
    with pytest.raises(ValueError, match="only a delivery"):
        _refusal(Write(Outcome()), lambda _, outcome: outcome)
