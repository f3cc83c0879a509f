"""`jobs.py history`: live orders beside a load of history."""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import apsw
from connector import (
    ENDED,
    KEY,
    WAITING,
    Connector,
    ask,
    order_told,
    served,
    variables,
    within,
)

from fluent_connect.sandbox.servers import Options, Sandbox, ready


async def serve(orders: int) -> None:
    """Be both platforms, with so many orders, until the input ends."""
    async with Sandbox(Options(customers=50, orders=0)) as sandbox:
        sandbox.build("order", range(orders))
        print(json.dumps(ready(sandbox)), flush=True)
        await asyncio.to_thread(sys.stdin.read)


class Till:
    """Sells one order after the other, each told by a webhook."""

    def __init__(self, platforms: Mapping[str, object], url: str, pace: float) -> None:
        self._build = f"{platforms['commercetools_url']}/__sandbox/build"
        self._door = f"{url}/api/v1/fluent-connect/external-system/webhook"
        self._pace = pace

    async def sell(self, numbers: range) -> None:
        """Return when all of them were accepted."""
        async with aiohttp.ClientSession() as session:
            for number in numbers:
                began = time.monotonic()
                await self._one(session, number)
                await asyncio.sleep(max(0.0, self._pace - (time.monotonic() - began)))

    async def _one(self, session: aiohttp.ClientSession, number: int) -> None:
        made = {"type": "order", "from": number, "count": 1}
        async with session.post(self._build, json=made) as answer:
            (id_,) = (await answer.json())["ids"]
        told = order_told(id_, number)
        async with session.post(self._door, json=told, headers={"x-api-key": KEY}) as answer:
            if answer.status != 202:
                raise SystemExit(f"the door answered {answer.status}")


def latencies(data: Path, since: float) -> list[float]:
    """Return, for each order that was told since then, the seconds from the door to its end."""
    connection = apsw.Connection(str(data / "connect.db"), flags=apsw.SQLITE_OPEN_READONLY)
    connection.setbusytimeout(5000)
    rows = connection.execute(
        "SELECT f.at - r.at FROM receipt r JOIN message m ON m.id > r.id || '.' AND"
        " m.id < r.id || '/' JOIN fate f ON f.id = m.id"
        " WHERE r.at >= ? AND m.cause = 'notification' AND m.type_id = 'order'",
        (since,),
    ).fetchall()
    connection.close()
    return sorted(row[0] for row in rows)


def quantiles(found: list[float]) -> dict[str, object]:
    at = statistics.quantiles(found, n=100, method="inclusive")
    return {
        "orders": len(found),
        "p50_ms": round(at[49] * 1e3, 1),
        "p99_ms": round(at[98] * 1e3, 1),
        "max_ms": round(found[-1] * 1e3, 1),
    }


async def measure(asked: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Return the latency of live orders alone, beside a load of history, and alone again."""
    with served(__file__, str(asked.orders)) as platforms:
        own = {"jobs": [{"name": "load-orders", "trail": "0s"}]}
        connector = Connector(folder / "history", variables(platforms), own)
        connector.start()
        try:
            return await beside(connector, platforms, asked)
        finally:
            connector.stop()


async def beside(
    connector: Connector, platforms: Mapping[str, object], asked: argparse.Namespace
) -> dict[str, object]:
    data, till = connector.data, Till(platforms, connector.url, asked.pace)
    await till.sell(range(900_000, 900_020))
    await drained(data, asked.within)
    alone = await alone_for(till, range(1_000_000, 1_000_000 + asked.live), data, asked)
    rate = ("--rate", str(asked.rate))
    connector.command("load", "orders", "--yes", "--no-wait", *rate)
    loading = time.time()
    await asyncio.sleep(3.0)
    began = time.time()
    await till.sell(range(2_000_000, 2_000_000 + asked.live))
    still = not ask(data, ENDED) or ask(data, WAITING) > 0
    while not ask(data, ENDED):
        await asyncio.sleep(0.5)
    await drained(data, asked.within)
    took = time.time() - loading
    loaded = latencies(data, began)
    again = await alone_for(till, range(3_000_000, 3_000_000 + asked.live), data, asked)
    connector.look()
    held, ledger = await orders(platforms), connector.ledger()
    total = asked.orders + 3 * asked.live + 20
    return {
        "history": asked.orders,
        "rate": asked.rate,
        "seconds": round(took, 1),
        "alone": quantiles(alone),
        "loading": quantiles(loaded),
        "alone_again": quantiles(again),
        "still_loading": still,
        "p99_ratio": round(p99(loaded) / p99(sorted([*alone, *again])), 2),
        "created": held,
        "ledger": ledger,
        "exact": held == {"created": total, "twice": 0} and bool(ledger["closes"]),
        "peak_mb": round(connector.peak, 1),
    }


async def alone_for(
    till: Till, numbers: range, data: Path, asked: argparse.Namespace
) -> list[float]:
    """Return how long live orders take while nothing else goes on."""
    began = time.time()
    await till.sell(numbers)
    await drained(data, asked.within)
    return latencies(data, began)


def p99(found: list[float]) -> float:
    return statistics.quantiles(found, n=100, method="inclusive")[98]


async def drained(data: Path, seconds: float) -> None:
    begun = time.monotonic()
    while waiting := ask(data, WAITING):
        within(begun, seconds, f"{waiting} wait")
        await asyncio.sleep(0.2)


async def orders(platforms: Mapping[str, object]) -> dict[str, int]:
    """Return how many orders Fluent created, and how many refs it created twice."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{platforms['fluent_url']}/__sandbox/creations?kind=order") as answer,
    ):
        made = [each["created"] for each in await answer.json()]
    return {"created": sum(made), "twice": sum(n > 1 for n in made)}


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
