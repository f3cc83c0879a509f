"""The scheduler: what is due is put once, by whoever looks first, and nothing is forgotten."""

import asyncio
import itertools
import random

import pytest

from fluent_connect.app.housekeeping import Housekeeping, Keep
from fluent_connect.jobs.schedule import Schedule
from fluent_connect.jobs.scheduler import Planned, Scheduler
from fluent_connect.journal.ledger import Ledger, ledger_statement
from fluent_connect.journal.runs import RunFilter, runs_from_rows, runs_statement
from fluent_connect.model.parcel import EVENT_QUEUE
from fluent_connect.testing.bench import ACCOUNT
from fluent_connect.testing.run_job import JobBench
from unit.jobs.test_job_router import Counting


def scheduler(bench: JobBench, every: float = 60.0) -> Scheduler:
    planned = Planned("counting", ACCOUNT.name, ACCOUNT.retailer, Schedule(every=every))
    return Scheduler(bench.store, [planned], clock=bench.clock)


@pytest.fixture
def bench() -> JobBench:
    return JobBench(Counting())


async def test_a_schedule_counts_from_when_it_is_first_seen(bench: JobBench) -> None:
    at = scheduler(bench)
    await at.look()
    await at.look()
    assert await bench.runs() == []
    bench.clock.advance(61)
    await at.look()
    (run,) = await bench.runs()
    assert (run.cause, run.number) == ("schedule", 1)


async def test_what_was_missed_however_often_is_made_up_for_once(bench: JobBench) -> None:
    await scheduler(bench).look()
    bench.clock.advance(100_000)
    after_restart = scheduler(bench)
    for _ in range(3):
        await after_restart.look()
        await bench.drain()
    assert len(await bench.runs()) == 1


async def test_what_is_due_while_the_last_run_goes_on_waits_for_its_end(bench: JobBench) -> None:
    at = scheduler(bench)
    await at.look()
    bench.clock.advance(61)
    await at.look()
    await bench.step()
    bench.clock.advance(200)
    await at.look()
    assert len(await bench.runs()) == 1
    await bench.drain()
    await at.look()
    assert [each.number for each in await bench.runs()] == [2, 1]


async def test_processes_that_look_at_once_put_it_once(bench: JobBench) -> None:
    several = [scheduler(bench) for _ in range(5)]
    await several[0].look()
    for _ in range(4):
        bench.clock.advance(61)
        await asyncio.gather(*(each.look() for each in several))
        await bench.drain()
        await asyncio.gather(*(each.look() for each in several))
    assert len(await bench.runs()) == 4


async def test_it_says_when_each_is_due_next(bench: JobBench) -> None:
    at = scheduler(bench, every=100.0)
    await at.look()
    due = (await at.next_due())[f"{ACCOUNT.name}/{ACCOUNT.retailer}/counting"]
    assert bench.clock() < due <= bench.clock() + 100
    assert due % 100 == 0


async def test_a_hundred_killed_leaders_run_each_at_most_once_at_a_time_and_forget_none() -> None:
    """A leader dies at any await: while it looks, has taken a step, or before it commits one."""
    bench = JobBench(Counting(4))
    dice = random.Random(11)
    await scheduler(bench).look()
    for _ in range(100):
        bench.clock.advance(61)
        await scheduler(bench).look()
        for _ in range(dice.randint(0, 3)):
            await bench.step()
        taken = await bench.take()
        others = await bench.take()
        assert others is None, "two steps of one job are out"
        if taken is not None and dice.random() < 0.5:
            await bench.router(taken)
        bench.clock.advance(31)
    await bench.drain()
    await scheduler(bench).look()
    await bench.drain()
    runs = runs_from_rows(await bench.store.read(runs_statement(RunFilter(limit=1000))))
    assert all(each.state == "SUCCESSFUL" and each.messages == 8 for each in runs)
    assert (await bench.store.depth(EVENT_QUEUE)).waiting == 8 * len(runs)
    ledger = Ledger.from_rows(await bench.store.read(ledger_statement(bench.clock())))
    assert ledger.jobs == {"queued": 8 * len(runs)}
    spans = sorted((each.begun or 0.0, each.ended or 0.0) for each in runs)
    assert all(earlier[1] <= later[0] for earlier, later in itertools.pairwise(spans))
    numbers = sorted(each.number for each in runs)
    assert numbers == list(range(1, len(runs) + 1))
    assert len(runs) > 20


async def test_runs_that_ended_long_ago_go_but_the_last_of_each_job_stays(
    bench: JobBench,
) -> None:
    for _ in range(3):
        await bench.add("counting")
        await bench.drain()
        bench.clock.advance(10 * 86400)
    house = Housekeeping(bench.store, Keep(25 * 86400, 86400, 86400), clock=bench.clock)
    await house.clean()
    assert [each.number for each in await bench.runs()] == [3, 2]
    bench.clock.advance(100 * 86400)
    await house.clean()
    assert [each.number for each in await bench.runs()] == [3]
    assert (await bench.add("counting")).run is not None
