"""Processes come and go on one PostgreSQL database while senders go on."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from e2e.conftest import QUICK
from e2e.harness import Connector, configure, until
from e2e.seller import BEHIND, FAULTS, Sender, ledger
from fluent_connect.sandbox.servers import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
_DONE = '"state":"done"'
_AT_ONCE, _PAUSE = 1, 0.03
"""One process alone cannot keep up with the sender: there is work for the others."""


def works(connector: Connector) -> bool:
    """Say whether a process has carried an order to Fluent."""
    return any(_DONE in line and "order.create" in line for line in connector.lines)


async def test_one_process_becomes_two_four_and_one_again_and_nothing_is_lost_or_doubled(
    sandbox: Sandbox, environ: dict[str, str], url: str, tmp_path: Path
) -> None:
    queues = {"event-queue": {"concurrency": _AT_ONCE}}
    conf = configure(tmp_path / "conf", journal={"url": url}, queues=queues, **QUICK)
    sandbox.fluent.faults.add(*FAULTS)
    closing = asyncio.Event()
    async with AsyncExitStack() as stack:

        async def started(number: int) -> Connector:
            data = tmp_path / str(number)
            return await stack.enter_async_context(Connector(data, environ, config=conf))

        first = await started(1)
        sender = Sender(sandbox, first, _PAUSE)
        selling = asyncio.create_task(sender.sell(closing))
        await until(lambda: works(first))
        others = [await started(2)]
        await until(lambda: works(others[0]))
        others += [await started(number) for number in (3, 4)]
        await until(lambda: all(works(each) for each in others))
        assert [await each.stop() for each in others] == [0, 0, 0]
        alone = len(sender.orders)
        await until(lambda: len(sender.orders) > alone + 2 * BEHIND)
        closing.set()
        await selling
        sandbox.fluent.faults.clear()
        counts = await ledger(environ, conf)
        assert await first.stop() == 0
    assert counts["accepted"] + counts["repeats"] == sender.answered
    assert (counts["dead"], counts["unaccounted"]) == (0, 0)
    assert set(sender.created().values()) == {1}
