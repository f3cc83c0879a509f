"""A running connector moves from SQLite to PostgreSQL as the how-to says, while senders go on."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from e2e.conftest import QUICK
from e2e.harness import Books, Connector, configure, told, until
from fluent_connect.sandbox.faults import Fault
from fluent_connect.sandbox.servers import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
_FIRST = 1000
_BEHIND = 10
"""So many orders later something else is told of an order: by then the door may have moved."""
_FAULTS = (
    Fault(kind="status", operation="mutation", status=500, processed=True, probability=0.05),
    Fault(kind="reset", operation="mutation", processed=True, probability=0.05),
    Fault(kind="latency", operation="mutation", seconds=0.1),
)


class Sender:
    """Sells orders and tells of each twice; what is not answered 2xx is sent again until it is."""

    def __init__(self, sandbox: Sandbox, door: Connector) -> None:
        self.door = door
        self.answered = 0
        self.orders: list[str] = []
        self._sandbox = sandbox

    async def sell(self, closing: asyncio.Event) -> None:
        """Sell until closing time."""
        while not closing.is_set():
            number = len(self.orders)
            self.orders += self._sandbox.build("order", range(_FIRST + number, _FIRST + number + 1))
            await self._tell("OrderCreated", number)
            if number >= _BEHIND:
                await self._tell("OrderStateChanged", number - _BEHIND)

    async def _tell(self, kind: str, number: int) -> None:
        body = told(kind, "order", self.orders[number], sequence=1 + (kind != "OrderCreated"))
        await until(lambda: self._taken(body))
        self.answered += 1

    async def _taken(self, body: object) -> bool:
        return await self.door.post(body) == 202

    async def once_more(self, number: int) -> None:
        """Tell of an order again, as a sender that was not sure."""
        await self._tell("OrderCreated", number)

    def refs(self) -> set[str]:
        found = self._sandbox.commercetools.project.scan("order")
        return {each["orderNumber"] for each in found if each["id"] in set(self.orders)}


async def command(environ: Mapping[str, str], *words: str) -> str:
    """Run a command of ours; return what it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "fluent_connect", *words),
        env={"PATH": os.environ["PATH"], **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await process.communicate()
    assert process.returncode == 0, error.decode()
    return out.decode()


async def test_a_running_connector_moves_to_postgresql_and_loses_and_doubles_nothing(
    sandbox: Sandbox, environ: dict[str, str], quick: Path, url: str, tmp_path: Path
) -> None:
    file = tmp_path / "old" / "connect.db"
    conf = configure(tmp_path / "conf", journal={"url": url}, **QUICK)
    sandbox.fluent.faults.add(*_FAULTS)
    closing = asyncio.Event()
    async with (
        Connector(file.parent, environ, config=quick) as old,
        Connector(tmp_path / "new", environ, config=conf) as new,
    ):
        sender = Sender(sandbox, old)
        selling = asyncio.create_task(sender.sell(closing))
        await until(lambda: len(sender.orders) > 3 * _BEHIND)
        sender.door = new
        before = len(sender.orders)
        assert await old.stop() == 0
        left = Books(file.parent).ledger()
        await until(lambda: len(sender.orders) > before + _BEHIND)
        await command(environ, "migrate", "from", str(file), "--config", str(conf))
        for number in range(_BEHIND):
            await sender.once_more(number)
        closing.set()
        await selling
        sandbox.fluent.faults.clear()

        async def ledger() -> Mapping[str, int]:
            found = await command(environ, "ledger", "--json", "--config", str(conf))
            counts: Mapping[str, int] = msgspec.json.decode(found)
            return counts

        async def over() -> bool:
            return not (await ledger())["waiting"]

        await until(over)
        counts = await ledger()
        assert await new.stop() == 0
    assert left.accepted
    assert left.waiting, "nothing was left to move"
    assert counts["accepted"] + counts["repeats"] == sender.answered
    assert (counts["dead"], counts["unaccounted"]) == (0, 0)
    made = {row["ref"]: row["created"] for row in sandbox.fluent.entities.creations("order")}
    assert {ref: made.get(ref) for ref in sender.refs()} == dict.fromkeys(sender.refs(), 1)
    assert not file.exists()
    assert file.with_name("connect.db.moved").exists()
