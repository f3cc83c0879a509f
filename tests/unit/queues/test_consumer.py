import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager

import pytest

from fluent_connect.model.fact import Known
from fluent_connect.model.outcome import Dead, Done, Later, Outcome
from fluent_connect.model.parcel import EVENT_QUEUE, Parcel, Put
from fluent_connect.queues.consumer import Consumer, Station, _refusal
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
    )
    stage = Stage(store, consumer, committed)
    try:
        yield stage
    finally:
        if not stage.task.done():
            await stage.end()


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the second that follows a failed call short."""

    async def shorter(seconds: float) -> None:
        await _sleep(0.001 if seconds == 1.0 else seconds)

    monkeypatch.setattr(asyncio, "sleep", shorter)


async def done(delivery: Delivery) -> Outcome:
    return Outcome(Done(delivery.parcel.id))


def blocked(gate: asyncio.Event) -> Station:
    async def station(delivery: Delivery) -> Outcome:
        await gate.wait()
        return await done(delivery)

    return station


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
        stage.consumer._ready.append(ghost)
        await stage.store.put("b")
        gate.set()
        await stage.settled(2)

    assert begun == ["a", "b"]


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


async def test_a_worker_that_somebody_else_cancels_ends_the_consumer_aloud() -> None:
    async with at_work(blocked(asyncio.Event()), grace=0.01) as stage:
        await stage.store.put("a")
        await stage.until(lambda: bool(stage.consumer.running))
        ((_, worker),) = stage.consumer.held
        assert worker is not None
        worker.cancel()
        with pytest.raises(RuntimeError, match="cancelled by somebody else"):
            await stage.task

    assert stage.store.released == ["a"]


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
