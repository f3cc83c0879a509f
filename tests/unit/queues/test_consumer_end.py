import asyncio
from collections.abc import Collection, Sequence

import pytest

from fluent_connect.model.outcome import Done, Outcome
from fluent_connect.queues.store import Delivery, StoreError
from unit.queues.workshop import Moody, _sleep, at_work, blocked, done

# The end.


async def test_what_runs_comes_to_its_end_within_the_grace() -> None:
    gate = asyncio.Event()
    async with at_work(blocked(gate)) as stage:
        await stage.store.put("a")
        await stage.until(lambda: bool(stage.consumer.running))
        stage.stop.set()
        await stage.until(lambda: stage.consumer._stopping)
        gate.set()
        await stage.end()

    assert [write.outcome.fate for write, _ in stage.committed] == [Done("a")]
    assert stage.store.released == []


async def test_what_outlasts_the_grace_is_stopped_and_released_untried() -> None:
    async with at_work(blocked(asyncio.Event()), grace=0.01) as stage:
        await stage.store.put("a")
        await stage.until(lambda: bool(stage.consumer.running))
        await stage.end()

    assert stage.store.released == ["a"]
    assert (await stage.store.now()).ready == 1


async def test_a_handler_deaf_to_the_end_is_committed_if_it_ends_and_left_behind_if_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fluent_connect.queues.consumer._PATIENCE", 0.05)
    gate = asyncio.Event()

    async def station(delivery: Delivery) -> Outcome:
        while not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                if delivery.parcel.id == "short":
                    break
        return await done(delivery)

    async with at_work(station, grace=0.01) as stage:
        await stage.store.put("short", "long")
        await stage.until(lambda: len(stage.consumer.running) == 2)
        await stage.end()
        gate.set()
        await stage.until(lambda: not stage.consumer.running)

    assert [write.outcome.fate for write, _ in stage.committed] == [Done("short")]
    assert stage.store.released == []


async def test_what_the_store_hands_out_while_we_stop_is_released() -> None:
    store = Moody()
    store.slow = asyncio.Event()
    async with at_work(done, store=store) as stage:
        await store.put("a")
        await stage.until(lambda: bool(store.asked))
        stage.stop.set()
        for _ in range(3):
            await _sleep(0)
        store.slow.set()
        await stage.end()

    assert store.released == ["a"]
    assert stage.committed == []


async def test_a_take_that_fails_while_we_stop_is_no_failure() -> None:
    class Closing(Moody):
        async def take(
            self, queue: str, limit: int, wait: float, *, paused: Collection[str] = ()
        ) -> Sequence[Delivery]:
            await super().take(queue, limit, wait, paused=paused)
            raise StoreError("closed")

    store = Closing()
    store.slow = asyncio.Event()
    async with at_work(done, store=store) as stage:
        await stage.until(lambda: bool(store.asked))
        stage.stop.set()
        for _ in range(3):
            await _sleep(0)
        store.slow.set()
        await stage.end()

    assert store.released == []


async def test_a_release_that_fails_is_left_to_the_lease() -> None:
    async with at_work(blocked(asyncio.Event()), grace=0.01) as stage:
        await stage.store.put("a")
        await stage.until(lambda: bool(stage.consumer.running))
        stage.store.failing["release"] = 1
        await stage.end()

    assert (await stage.store.now()).leased == 1


async def test_a_consumer_can_be_run_again() -> None:
    async with at_work(done) as stage:
        await stage.store.put("a")
        await stage.settled(1)
        await stage.end()
        await stage.store.put("b")
        stage.stop.clear()
        stage.task = asyncio.create_task(stage.consumer.run(stage.stop))
        await stage.settled(2)
