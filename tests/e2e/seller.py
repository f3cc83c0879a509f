"""Somebody who sells orders in the sandbox's shop and tells of them, and what came of that."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from e2e.harness import Connector, told, until
from fluent_connect.sandbox.faults import Fault
from fluent_connect.sandbox.servers import Sandbox

BEHIND = 10
"""So many orders later something else is told of an order: by then the door may have moved."""
FAULTS = (
    Fault(kind="status", operation="mutation", status=500, processed=True, probability=0.05),
    Fault(kind="reset", operation="mutation", processed=True, probability=0.05),
    Fault(kind="latency", operation="mutation", seconds=0.1),
)
_FIRST = 1000


class Sender:
    """Sells orders and tells of each twice; what is not answered 2xx is sent again until it is."""

    def __init__(self, sandbox: Sandbox, door: Connector, pause: float = 0.0) -> None:
        self.door = door
        self._pause = pause
        self.answered = 0
        self.orders: list[str] = []
        self._sandbox = sandbox

    async def sell(self, closing: asyncio.Event) -> None:
        """Sell until closing time, with a pause (s) after each order."""
        while not closing.is_set():
            await asyncio.sleep(self._pause)
            number = len(self.orders)
            self.orders += self._sandbox.build("order", range(_FIRST + number, _FIRST + number + 1))
            await self._tell("OrderCreated", number)
            if number >= BEHIND:
                await self._tell("OrderStateChanged", number - BEHIND)

    async def _tell(self, kind: str, number: int) -> None:
        body = told(kind, "order", self.orders[number], sequence=1 + (kind != "OrderCreated"))
        await until(lambda: self._taken(body))
        self.answered += 1

    async def _taken(self, body: object) -> bool:
        return await self.door.post(body) == 202

    async def once_more(self, number: int) -> None:
        """Tell of an order again, as a sender that was not sure."""
        await self._tell("OrderCreated", number)

    def created(self) -> Mapping[str, int]:
        """Return how often each order that was sold has been created in Fluent."""
        sold = set(self.orders)
        scan = self._sandbox.commercetools.project.scan("order")
        refs = [each["orderNumber"] for each in scan if each["id"] in sold]
        made = {
            row["ref"]: row["created"] for row in self._sandbox.fluent.entities.creations("order")
        }
        return {ref: made.get(ref, 0) for ref in refs}


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


async def ledger(environ: Mapping[str, str], config: Path) -> Mapping[str, int]:
    """Return what the ledger says once nothing waits."""

    async def over() -> Mapping[str, int] | None:
        found = await command(environ, "ledger", "--json", "--config", str(config))
        counts: Mapping[str, int] = msgspec.json.decode(found)
        return None if counts["waiting"] else counts

    counts: Mapping[str, int] = await until(over)
    return counts
