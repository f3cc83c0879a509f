"""A budget that several processes share: each keeps to its part of it."""

import asyncio
import time

from fluent_connect.clients.budget import Budget, BudgetSettings


async def _entered(budget: Budget, count: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(budget.enter()) for _ in range(count)]
    for _ in range(10):
        await asyncio.sleep(0)
    return tasks


def _in(tasks: list[asyncio.Task[None]]) -> int:
    return sum(task.done() for task in tasks)


async def test_a_part_of_the_places_is_kept_and_given_back() -> None:
    budget = Budget(BudgetSettings(concurrency=8))
    budget.share(4)
    tasks = await _entered(budget, 8)
    assert _in(tasks) == 2
    budget.share(1)
    await asyncio.sleep(0)
    assert _in(tasks) == 8
    budget.share(2)
    for _ in range(8):
        budget.leave()
    assert _in(await _entered(budget, 8)) == 4


async def test_who_gives_up_leaves_no_place_behind() -> None:
    budget = Budget(BudgetSettings(concurrency=1))
    first, second, third = await _entered(budget, 3)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    budget.leave()
    await asyncio.gather(first, third)


async def test_a_part_of_the_rate_is_kept() -> None:
    budget = Budget(BudgetSettings(per_second=400.0))
    budget.share(4)
    began = time.monotonic()
    for _ in range(40):
        await budget.enter()
    # Ten may go at once; the other thirty take turns at a hundred a second.
    assert time.monotonic() - began > 0.2


async def test_more_processes_than_places_leave_each_of_them_one() -> None:
    budget = Budget(BudgetSettings(concurrency=2))
    budget.share(5)
    assert _in(await _entered(budget, 3)) == 1
