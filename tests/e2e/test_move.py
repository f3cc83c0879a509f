"""A running connector moves from SQLite to PostgreSQL as the how-to says, while senders go on."""

import asyncio
from pathlib import Path

import pytest

from e2e.conftest import QUICK
from e2e.harness import Books, Connector, configure, until
from e2e.seller import BEHIND, FAULTS, Sender, command, ledger
from fluent_connect.sandbox.servers import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


async def test_a_running_connector_moves_to_postgresql_and_loses_and_doubles_nothing(
    sandbox: Sandbox, environ: dict[str, str], quick: Path, url: str, tmp_path: Path
) -> None:
    file = tmp_path / "old" / "connect.db"
    conf = configure(tmp_path / "conf", journal={"url": url}, **QUICK)
    sandbox.fluent.faults.add(*FAULTS)
    closing = asyncio.Event()
    async with (
        Connector(file.parent, environ, config=quick) as old,
        Connector(tmp_path / "new", environ, config=conf) as new,
    ):
        sender = Sender(sandbox, old)
        selling = asyncio.create_task(sender.sell(closing))
        await until(lambda: len(sender.orders) > 3 * BEHIND)
        sender.door = new
        before = len(sender.orders)
        assert await old.stop() == 0
        left = Books(file.parent).ledger()
        await until(lambda: len(sender.orders) > before + BEHIND)
        await command(environ, "migrate", "from", str(file), "--config", str(conf))
        for number in range(BEHIND):
            await sender.once_more(number)
        closing.set()
        await selling
        sandbox.fluent.faults.clear()
        counts = await ledger(environ, conf)
        assert await new.stop() == 0
    assert left.accepted
    assert left.waiting, "nothing was left to move"
    assert counts["accepted"] + counts["repeats"] == sender.answered
    assert (counts["dead"], counts["unaccounted"]) == (0, 0)
    assert set(sender.created().values()) == {1}
    assert not file.exists()
    assert file.with_name("connect.db.moved").exists()
