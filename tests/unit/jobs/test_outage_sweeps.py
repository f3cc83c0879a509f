"""After an outage its window is swept, once, for each account that the project feeds."""

import pytest

from fluent_connect.jobs.missed_changes import MissedChangesJobHandler
from fluent_connect.jobs.outage_sweeps import MARGIN, OutageSweeps
from fluent_connect.model.fact import Outage
from fluent_connect.model.outcome import Outcome
from fluent_connect.queues.store import Write
from fluent_connect.testing.bench import ACCOUNT, PROJECT
from fluent_connect.testing.fake_commercetools import FakeCommercetools
from fluent_connect.testing.run_job import JobBench
from unit.jobs.shop import NOW, category, changed

HOUR = 3600.0
OF = f"subscription/{PROJECT}/fluent-connect"


@pytest.fixture
def bench() -> JobBench:
    project = FakeCommercetools(
        {
            "category": [category("root", seconds=2 * HOUR)],
            "product": [changed("before", 3.5 * HOUR), changed("within", 2.5 * HOUR)],
            "customer": [changed("c-1", 2.2 * HOUR), changed("after", HOUR)],
            "order": [changed("o-1", 2.1 * HOUR)],
        }
    )
    return JobBench(MissedChangesJobHandler, commercetools=project)


def sweeps(bench: JobBench) -> OutageSweeps:
    return OutageSweeps(bench.store, [ACCOUNT], clock=bench.clock)


async def tell(bench: JobBench, began: float, ended: float | None, of: str = OF) -> None:
    fact = Outage(of, began, ended, "TemporaryError")
    await bench.store.commit(Write(Outcome(facts=(fact,))))


async def test_just_the_window_of_the_outage_is_swept(bench: JobBench) -> None:
    began, ended = NOW() - 3 * HOUR, NOW() - 1.5 * HOUR
    await tell(bench, began, ended)
    await sweeps(bench).look()
    await bench.drain()
    found = [str(each.resource) for each in await bench.messages()]
    assert found == ["category/root", "product/within", "customer/c-1", "order/o-1"]
    (run,) = await bench.runs()
    assert (run.cause, run.since, run.until) == ("outage", began - MARGIN, ended + MARGIN)


async def test_an_outage_is_swept_once_also_after_a_restart(bench: JobBench) -> None:
    await tell(bench, NOW() - 3 * HOUR, NOW() - HOUR)
    for _ in range(3):
        again = sweeps(bench)
        await again.look()
        await bench.drain()
        await again.look()
    assert len(await bench.runs()) == 1


async def test_what_still_lasts_ended_long_ago_or_is_no_subscription_is_left_alone(
    bench: JobBench,
) -> None:
    await tell(bench, NOW() - 2 * HOUR, None)
    await tell(bench, NOW() - 30 * 86400, NOW() - 29 * 86400)
    await tell(bench, NOW() - HOUR, NOW() - 60, of="fluent/ACME")
    await tell(bench, NOW() - HOUR, NOW() - 60, of="subscription/other/fluent-connect")
    await sweeps(bench).look()
    assert await bench.runs() == []


async def test_two_outages_are_swept_one_after_the_other(bench: JobBench) -> None:
    await tell(bench, NOW() - 5 * HOUR, NOW() - 4 * HOUR)
    await tell(bench, NOW() - 2 * HOUR, NOW() - HOUR)
    at = sweeps(bench)
    await at.look()
    await at.look()
    assert len(await bench.runs()) == 1
    await bench.drain()
    await at.look()
    await bench.drain()
    assert [each.since for each in await bench.runs()] == [
        NOW() - 2 * HOUR - MARGIN,
        NOW() - 5 * HOUR - MARGIN,
    ]
