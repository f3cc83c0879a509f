"""The clock of the store jumps in the middle of the work: nothing is lost or doubled."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from fluent_connect.journal.record import recorder
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE
from fluent_connect.queues.engines.sqlite import SqliteStore
from properties.test_store_failures import Scenario

HOUR = 3600.0


class Jumpy:
    """The wall clock, and how far off it is."""

    def __init__(self) -> None:
        self.off = 0.0

    def __call__(self) -> float:
        return time.time() + self.off


@pytest.fixture
def clock() -> Jumpy:
    return Jumpy()


@pytest.fixture
async def scenario(clock: Jumpy, tmp_path: Path) -> AsyncIterator[Scenario]:
    path = tmp_path / "connect.db"
    store = await SqliteStore.open(path, recorder(), clock=clock, lease=1.0)
    yield Scenario(0, store)
    await store.close()


async def arrive_once(scenario: Scenario, meddle: Callable[[], Awaitable[None]]) -> None:
    """Run the scenario with a meddler beside it, which comes to its end too."""
    meddling = asyncio.ensure_future(meddle())
    ledger = await scenario.run()
    await meddling

    assert scenario.wrong() == []
    told = (ledger.accepted, ledger.dead, ledger.waiting, ledger.unaccounted)
    assert told == (50, 0, 0, 0)


async def _begun(scenario: Scenario) -> None:
    while scenario.fluent.created.total() < 5:  # noqa: ASYNC110 - at once, not at the next look
        await asyncio.sleep(0)


async def _delayed(scenario: Scenario) -> int:
    depths = [await scenario.memory.depth(each) for each in (CT_QUEUE, EVENT_QUEUE)]
    return sum(each.scheduled for each in depths)


@pytest.mark.parametrize("jump", [1.5, HOUR, 240 * HOUR])
async def test_a_clock_that_leaps_ahead_costs_nothing(
    jump: float, scenario: Scenario, clock: Jumpy
) -> None:
    async def leap() -> None:
        await _begun(scenario)
        clock.off = jump

    await arrive_once(scenario, leap)


async def test_what_a_clock_that_is_set_back_delays_goes_on_once_it_is_right(
    scenario: Scenario, clock: Jumpy
) -> None:
    async def meddle() -> None:
        await _begun(scenario)
        clock.off = -HOUR
        while not await _delayed(scenario):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
        clock.off = 0.0

    await arrive_once(scenario, meddle)
