"""Jobs of several processes on one PostgreSQL store: each run once, one step of a job at a time."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2e.benched import ran
from fluent_connect.jobs.schedule import Schedule
from fluent_connect.jobs.scheduler import Planned, Scheduler
from fluent_connect.journal.ledger import Ledger, ledger_statement
from fluent_connect.journal.record import recorder
from fluent_connect.journal.runs import RunFilter, RunRow, runs_from_rows, runs_statement
from fluent_connect.queues.engines.postgresql import Place, PostgresStore
from fluent_connect.testing.bench import ACCOUNT
from fluent_connect.testing.clock import FixedClock
from fluent_connect.testing.run_job import JobBench
from unit.jobs.test_job_router import Counting

PAGES = 4


@pytest.fixture
async def processes(url: str) -> AsyncIterator[list[JobBench]]:
    """What two processes do with the batch queue of one store, by one clock."""
    clock = FixedClock()
    stores = [
        await PostgresStore.open(Place.of(url), recorder(), clock=clock, lease=30.0)
        for _ in range(2)
    ]
    yield [JobBench(Counting(PAGES), store=store, clock=clock) for store in stores]
    for store in stores:
        await store.close()


def schedulers(processes: list[JobBench]) -> list[Scheduler]:
    planned = Planned("counting", ACCOUNT.name, ACCOUNT.retailer, Schedule(every=60.0))
    return [Scheduler(each.store, [planned], clock=each.clock) for each in processes]


async def runs(bench: JobBench) -> list[RunRow]:
    rows = await bench.store.read(runs_statement(RunFilter(limit=1000)))
    return sorted(runs_from_rows(rows), key=lambda run: run.number)


async def test_of_processes_that_look_at_once_one_puts_what_is_due(
    processes: list[JobBench],
) -> None:
    first, second = schedulers(processes)
    await asyncio.gather(first.look(), second.look())
    for count in range(1, 6):
        processes[0].clock.advance(61)
        await asyncio.gather(*(each.look() for each in (first, second, first, second)))
        assert [run.number for run in await runs(processes[0])] == list(range(1, count + 1))
        await processes[count % 2].drain()


async def test_a_job_that_several_ask_for_at_once_is_queued_once(
    processes: list[JobBench],
) -> None:
    added = await asyncio.gather(*(each.add("counting") for each in processes * 3))
    assert sum(each.run is not None for each in added) == 1
    assert len(await runs(processes[0])) == 1


async def test_what_a_dead_leader_held_is_another_s_once_its_lease_is_over_and_not_before(
    processes: list[JobBench],
) -> None:
    """Whoever has a step in hand dies with it, or lives and commits; no one else has one."""
    dice, looks = random.Random(5), schedulers(processes)
    await looks[0].look()
    for round_ in range(20):
        leader, other = processes if round_ % 2 else reversed(processes)
        leader.clock.advance(61)
        await asyncio.gather(*(each.look() for each in looks))
        for _ in range(dice.randint(0, 3)):
            await leader.step()
        taken = await leader.take()
        assert await other.take() is None, "two steps of one job are out"
        if taken is not None and dice.random() < 0.5:
            await leader.router(taken)  # what it made of it dies with it
        leader.clock.advance(31)
    last = processes[0]
    await last.drain()
    found = await runs(last)
    assert [run.number for run in found] == list(range(1, len(found) + 1))
    assert all((run.state, run.messages) == ("SUCCESSFUL", 2 * PAGES) for run in found)
    assert all(one.ended <= two.begun for one, two in itertools.pairwise(found))  # type: ignore[operator]
    rows = await last.store.read(ledger_statement(last.clock()))
    assert Ledger.from_rows(rows).jobs == {"queued": 2 * PAGES * len(found)}
    assert len(found) > 2


@pytest.mark.e2e
@pytest.mark.timeout(900)
def test_two_services_share_a_schedule_and_never_run_a_job_twice_at_once(
    url: str, tmp_path: Path
) -> None:
    found = ran(tmp_path, "jobs.py", "leaders", "--kills", "2", "--store", url)
    assert (found["processes"], found["kills"]) == (2, 2)
    assert (found["at_once"], found["mixed"]) == (0, 0)
    assert found["successful"] == found["runs"] > 0
