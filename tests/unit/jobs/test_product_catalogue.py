"""The catalogue sync: what is swept, in which order, and what happens at the edges of a window."""

from collections.abc import Sequence
from typing import Any

import pytest

from fluent_connect.jobs.job_table import Job
from fluent_connect.jobs.product_catalogue import ProductCatalogueSyncJobHandler
from fluent_connect.jobs.step import at
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference
from fluent_connect.testing.fake_commercetools import FakeCommercetools
from fluent_connect.testing.run_job import JobBench, run_job
from unit.jobs.shop import NOW, category, changed, shop

JOB = ProductCatalogueSyncJobHandler
NAME = JOB.name
TREE = [
    category("a-leaf", "root", "branch"),
    category("branch", "root"),
    category("old", "root", seconds=10_000_000),
    category("root"),
]


def told(messages: Sequence[Message]) -> list[str]:
    return [str(each.resource) for each in messages]


async def test_categories_come_parents_first_and_products_after_them() -> None:
    ran = await run_job(JOB, commercetools=shop(2, category=TREE), since=at(NOW() - 7200))
    assert told(ran.messages) == [
        "category/root",
        "category/branch",
        "category/a-leaf",
        "product/p-0000",
        "product/p-0001",
    ]
    assert ran.run.expected == 5
    assert {each.name for each in ran.messages} == {
        "commercetools.connect.category.upsert",
        "commercetools.connect.product.upsert",
    }
    assert {each.version for each in ran.messages} == {1}


async def test_pages_are_read_by_id_and_only_one_at_a_time() -> None:
    project = shop(120)
    bench = JobBench(JOB, commercetools=project)
    await bench.add(NAME)
    await bench.drain()
    assert told(await bench.messages()) == [f"product/p-{number:04}" for number in range(120)]
    assert project.asked.count("product?") == 4, "a count and three pages"


async def test_what_is_changed_or_made_while_the_sweep_runs_moves_no_page() -> None:
    project = shop(150)
    bench = JobBench(JOB, commercetools=project)
    await bench.add(NAME)
    await bench.step()
    await bench.step()
    project.drop(Reference("product", "p-0010"))
    project.put("product", changed("p-0005", -10))
    project.put("product", changed("a-new-one"))
    await bench.drain()
    found = told(await bench.messages())
    assert found == [f"product/p-{number:04}" for number in range(150)]


async def test_all_of_one_timestamp_are_found_and_none_twice() -> None:
    project = FakeCommercetools({"product": [changed(f"{n:03}", 100) for n in range(205)]})
    edge = at(NOW() - 100)
    ran = await run_job(JOB, commercetools=project, since=edge)
    assert len(told(ran.messages)) == len(set(told(ran.messages))) == 205
    before = await run_job(JOB, commercetools=project, until=edge)
    assert told(before.messages) == []


async def test_rows_at_the_edge_of_two_windows_are_in_one_of_them_at_least() -> None:
    project = FakeCommercetools()
    bench = JobBench(Job(name=NAME, handler=JOB(), overlap=0.0), commercetools=project)
    seen: list[str] = []
    for number in range(40):
        project.put("product", changed(f"p-{number}", 60.0 - number * 0.5, version=1))
        if number % 8 == 0:
            await bench.add(NAME)
            await bench.drain()
            seen += told(await bench.messages())
            bench.clock.advance(4.0)
    bench.clock.advance(300)
    await bench.add(NAME)
    await bench.drain()
    seen += told(await bench.messages())
    assert sorted(seen) == sorted(f"product/p-{number}" for number in range(40))


@pytest.mark.parametrize("skew", [-240.0, -30.0, 30.0, 240.0])
async def test_a_clock_that_is_minutes_off_misses_nothing(skew: float) -> None:
    """`skew`: how far commercetools' clock is ahead of ours."""
    project = FakeCommercetools()
    bench = JobBench(JOB, commercetools=project)
    seen: set[str] = set()
    for number in range(100):
        stands = bench.clock() + skew
        project.put("product", changed(f"p-{number:03}", NOW() - stands))
        if number % 10 == 9:
            await bench.add(NAME)
            await bench.drain()
            seen.update(told(await bench.messages()))
        bench.clock.advance(17.0)
    bench.clock.advance(3600)
    await bench.add(NAME)
    await bench.drain()
    seen.update(told(await bench.messages()))
    assert seen == {f"product/p-{number:03}" for number in range(100)}


async def test_again_has_everything_compared_once_more() -> None:
    ran = await run_job(JOB, commercetools=shop(1), props={"again": "true"})
    assert [each.cause for each in ran.messages] == ["repair"]


async def test_a_type_that_no_route_upserts_fails_the_run() -> None:
    bench = JobBench(JOB, commercetools=FakeCommercetools({"product": [changed("p")]}))
    bench.router._targets = type(bench.router._targets)({}, frozenset())
    await bench.add(NAME)
    await bench.drain()
    (run,) = await bench.runs()
    assert run.state == "FAILED"
    assert "no route upserts product" in run.reason


async def test_an_answer_that_is_not_sorted_fails_the_run_instead_of_losing_some() -> None:
    class Unsorted(FakeCommercetools):
        async def query(self, *args: Any, **how: Any) -> list[Any]:
            return (await super().query(*args, **how))[::-1]

    some = [changed(f"p-{number}") for number in range(3)]
    ran = await run_job(JOB, commercetools=Unsorted({"product": some}))
    assert (ran.run.state, "not sorted by id" in ran.run.reason) == ("FAILED", True)
    assert ran.messages == []
