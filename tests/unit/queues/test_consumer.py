import asyncio
from collections.abc import Callable

import pytest

from fluent_connect.model.outcome import Dead, Done, Later, Outcome
from fluent_connect.model.parcel import EVENT_QUEUE, Parcel
from fluent_connect.queues.consumer import Station
from fluent_connect.queues.store import Delivery, Verdict
from unit.queues.workshop import Clock, Moody, at_work, blocked, done


def raising(error: Callable[[], BaseException]) -> Station:
    async def station(delivery: Delivery) -> Outcome:
        if delivery.parcel.id == "bad":
            raise error()
        return await done(delivery)

    return station


# The way it should be.


async def test_each_delivery_is_worked_on_and_its_outcome_committed() -> None:
    async with at_work(done, concurrency=2) as stage:
        await stage.store.put("a", "b", "c", "d", "e")
        outcomes = await stage.settled(5)

    assert sorted(o.fate.note for o in outcomes if isinstance(o.fate, Done)) == list("abcde")
    assert {verdict for _, verdict in stage.committed} == {Verdict.APPLIED}
    assert (await stage.store.now()).waiting == 0
    assert stage.consumer.in_hand == 0


async def test_no_more_than_the_concurrency_is_in_hand() -> None:
    gate = asyncio.Event()
    async with at_work(blocked(gate), concurrency=2) as stage:
        await stage.store.put("a", "b", "c")
        await stage.until(lambda: len(stage.consumer.running) == 2)
        assert stage.consumer.in_hand == 2
        assert (await stage.store.now()).ready == 1
        gate.set()
        await stage.settled(3)


async def test_while_a_commit_lasts_the_next_are_worked_on_and_no_more_than_these() -> None:
    store = Moody()
    store.syncing = asyncio.Event()
    begun: list[str] = []

    async def station(delivery: Delivery) -> Outcome:
        begun.append(delivery.parcel.id)
        return await done(delivery)

    async with at_work(station, store=store, concurrency=2) as stage:
        await store.put("a", "b", "c", "d", "e")
        await stage.until(lambda: len(begun) == 4)
        assert stage.consumer.in_hand == 4
        assert stage.committed == []
        assert (await store.now()).ready == 1
        store.syncing.set()
        await stage.settled(5)


async def test_one_worker_takes_one_after_the_other_of_what_is_in_hand() -> None:
    gate = asyncio.Event()
    async with at_work(blocked(gate), concurrency=3, workers=1) as stage:
        await stage.store.put("a", "b", "c", "d")
        await stage.until(lambda: stage.consumer.in_hand == 3)
        assert len(stage.consumer.running) == 1
        gate.set()
        await stage.settled(4)


async def test_nobody_need_be_told_of_commits() -> None:
    async with at_work(done, told=False) as stage:
        await stage.store.put("a")
        await stage.until(lambda: bool(stage.store.asked) and not any(stage.store._all()))

    assert (await stage.store.now()).waiting == 0


async def test_paused_groups_are_left_alone() -> None:
    async with at_work(done, paused=lambda: ["acme/*"]) as stage:
        await stage.store.put("held", group="acme/order")
        await stage.store.put("free", group="other/order")
        await stage.settled(1)

    assert (await stage.store.now()).waiting == 1
    assert set(map(tuple, stage.store.asked)) == {("acme/*",)}


async def test_an_outage_costs_no_try() -> None:
    async with at_work(raising(lambda: ConnectionError("gone")), outage=lambda _: True) as stage:
        await stage.store.put("bad")
        outcome, *_ = await stage.settled(1)

    assert isinstance(outcome.fate, Later)
    assert not outcome.fate.counts


# Stations that misbehave.


@pytest.mark.parametrize(
    "error",
    [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError],
)
async def test_whatever_a_handler_raises_is_a_failed_try_and_stops_nobody(
    error: type[BaseException],
) -> None:
    async with at_work(raising(lambda: error("oh")), concurrency=1) as stage:
        for id_ in ("bad", "good"):
            await stage.store.put(id_)
        first, second = await stage.settled(2)

    assert isinstance(first.fate, Later)
    assert error.__name__ in first.fate.reason
    assert second.fate == Done("good")


@pytest.mark.parametrize("error", [ValueError, SystemExit])
async def test_a_handler_that_always_raises_is_dead_after_few_tries_with_its_traceback(
    error: type[BaseException],
) -> None:
    clock = Clock()
    async with at_work(raising(lambda: error("oh")), store=Moody(clock)) as stage:
        await stage.store.put("bad")
        await stage.settled(1)
        clock.now += 60
        stage.store._wake()
        _, last = await stage.settled(2)

    assert isinstance(last.fate, Dead)
    assert last.fate.reason.startswith("gave up after 2 tries")
    assert "raise error()" in last.fate.error
    assert (await stage.store.now()).dead == 1


@pytest.mark.parametrize("garbage", [None, "done", Outcome()])
async def test_a_station_that_returns_garbage_has_failed(garbage: object) -> None:
    async def station(delivery: Delivery) -> Outcome:
        if delivery.parcel.id == "bad":
            return garbage  # type: ignore[return-value]
        return await done(delivery)

    async with at_work(station, concurrency=1) as stage:
        for id_ in ("bad", "good"):
            await stage.store.put(id_)
        first, second = await stage.settled(2)

    assert isinstance(first.fate, Later)
    assert "a station returned" in first.fate.reason
    assert second.fate == Done("good")


async def test_an_error_that_cannot_be_printed_is_a_failed_try() -> None:
    class Mute(Exception):  # noqa: N818
        def __str__(self) -> str:
            raise RuntimeError("mute")

    async with at_work(raising(Mute)) as stage:
        await stage.store.put("bad")
        outcome, *_ = await stage.settled(1)

    assert isinstance(outcome.fate, Later)
    assert outcome.fate.reason == "Mute: cannot be printed"


# Leases.


async def test_what_is_in_hand_is_renewed() -> None:
    gate = asyncio.Event()
    async with at_work(blocked(gate), renew_every=0.001) as stage:
        await stage.store.put("a")
        await stage.until(lambda: stage.store.renewed.count("a") > 3)
        stage.store.failing["renew"] = 2
        await stage.until(lambda: stage.store.failing["renew"] == 0)
        gate.set()
        await stage.settled(1)


async def test_a_lost_lease_stops_the_handler_and_commits_nothing_of_it() -> None:
    gate, stopped = asyncio.Event(), asyncio.Event()

    async def station(delivery: Delivery) -> Outcome:
        try:
            if delivery.parcel.id == "a":
                await gate.wait()
        except asyncio.CancelledError:
            stopped.set()
            raise
        return await done(delivery)

    async with at_work(station, concurrency=1, renew_every=0.001) as stage:
        await stage.store.put("a")
        await stage.until(lambda: bool(stage.consumer.running))
        stage.store.lost.add("a")
        await stopped.wait()
        await stage.store.put("b")
        outcomes = await stage.settled(1)

    assert [outcome.fate for outcome in outcomes] == [Done("b")]


async def test_a_handler_that_ignores_its_lost_lease_commits_in_vain_and_its_worker_goes_on() -> (
    None
):
    gate, ignored = asyncio.Event(), asyncio.Event()

    async def station(delivery: Delivery) -> Outcome:
        try:
            if delivery.parcel.id == "a":
                await gate.wait()
        except asyncio.CancelledError:
            ignored.set()
        if delivery.parcel.id == "b":
            raise asyncio.CancelledError
        return await done(delivery)

    async with at_work(station, concurrency=1, renew_every=0.001) as stage:
        await stage.store.put("a")
        await stage.until(lambda: bool(stage.consumer.running))
        stage.store.lost.add("a")
        stage.store._leased.clear()
        await ignored.wait()
        await stage.store.put("b", "c")
        await stage.settled(3)

    verdicts = {write.delivery.parcel.id: v for write, v in stage.committed if write.delivery}
    assert verdicts["a"] is Verdict.LEASE_LOST
    assert verdicts["b"] is verdicts["c"] is Verdict.APPLIED


async def test_a_delivery_whose_lease_is_lost_before_its_turn_is_not_begun() -> None:
    gate = asyncio.Event()
    begun: list[str] = []

    async def station(delivery: Delivery) -> Outcome:
        begun.append(delivery.parcel.id)
        await gate.wait()
        return await done(delivery)

    async with at_work(station, concurrency=1) as stage:
        await stage.store.put("a")
        await stage.until(lambda: begun == ["a"])
        ghost = Delivery(EVENT_QUEUE, Parcel("ghost", "", b""), 1, None, "no lease", 0.0)
        stage.consumer._ready.add(ghost)
        await stage.store.put("b")
        gate.set()
        await stage.settled(2)

    assert begun == ["a", "b"]
