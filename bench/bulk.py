"""Live orders while product messages wait as bulk: seconds from the webhook to Fluent.

python bench/bulk.py [--bulk 20000] [--live 300] [--pace 0.2] [--latency 0.05] [--url URL]
    Orders that come in alone, and then while so many messages of rank bulk, each a product, are on
    the Event Queue and worked on. `--latency`: seconds that each answer of Fluent takes. `--url`:
    a PostgreSQL server, on which a database is made and dropped; without, SQLite.
Prints one JSON object as its last line; exit code 1: the orders' p99 more than doubled.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import apsw
import asyncpg
from connector import Connector, served, variables
from job_history import Till, orders, quantiles

from fluent_connect.journal.record import recorder
from fluent_connect.model.carry import addressed, queued
from fluent_connect.model.message import Message, lane
from fluent_connect.model.notification import Reference
from fluent_connect.model.outcome import Outcome
from fluent_connect.queues.open import open_store
from fluent_connect.queues.store import Write
from fluent_connect.sandbox.faults import Fault
from fluent_connect.sandbox.servers import Options, Sandbox, ready

ROUTE = "commercetools.connect.product.upsert"
_FIRST = 900_000
_WAITING = "SELECT count(*) FROM parcel WHERE state <> 4 AND queue <> 'notification-queue'"
_BULK = "SELECT count(*) FROM parcel WHERE state <> 4 AND rank = 1 AND queue = 'event-queue'"
_LIVE = "SELECT count(*) FROM parcel WHERE state <> 4 AND rank = 0"
_DEAD = "SELECT count(*) FROM parcel WHERE state = 4"
_TOOK = """SELECT f.at - r.at FROM receipt r JOIN message m ON m.id > r.id || '.' AND
    m.id < r.id || '/' JOIN fate f ON f.id = m.id
    WHERE r.at >= {} AND m.cause = 'notification' AND m.type_id = 'order'"""


async def serve(products: int, latency: float) -> None:
    """Be both platforms, with so many products, until the input ends."""
    async with Sandbox(Options(customers=50, orders=0)) as sandbox:
        ids = sandbox.build("product", range(_FIRST, _FIRST + products))
        if latency:
            slow = Fault(kind="latency", operation="graphql", seconds=latency)
            sandbox.fluent.faults.add(slow)
        print(json.dumps({**ready(sandbox), "products": ids}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


class Journal:
    """The connector's store, read from outside."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def numbers(self, text: str) -> list[float]:
        """Return the only column that a search finds."""
        if self.url.startswith("sqlite"):
            connection = apsw.Connection(urlsplit(self.url).path[1:], apsw.SQLITE_OPEN_READONLY)
            connection.setbusytimeout(5000)
            found = [row[0] for row in connection.execute(text)]
            connection.close()
            return found
        connection = await asyncpg.connect(self.url)
        try:
            return [row[0] for row in await connection.fetch(text)]
        finally:
            await connection.close()

    async def until_none(self, text: str, within: float) -> None:
        begun = time.monotonic()
        while (left := (await self.numbers(text))[0]) and time.monotonic() - begun < within:
            await asyncio.sleep(0.5)
        if left:
            raise SystemExit(f"{left:.0f} wait after {within:.0f} s")

    async def took(self, since: float) -> list[float]:
        """Return, for each order that was told since then, the seconds from the door to its end."""
        return sorted(await self.numbers(_TOOK.format(since)))


@contextlib.asynccontextmanager
async def journal(asked: argparse.Namespace, folder: Path) -> AsyncIterator[Journal]:
    if asked.url is None:
        yield Journal(f"sqlite:///{folder / 'connect.db'}")
        return
    name = f"bulk_{uuid.uuid4().hex[:12]}"
    server = await asyncpg.connect(asked.url)
    try:
        await server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        parts = urlsplit(asked.url)
        yield Journal(urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, "")))
    finally:
        await server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await server.close()


async def queue(url: str, platforms: Mapping[str, object]) -> None:
    """Put a message for each product, as a job does."""
    account = platforms["fluent"]["account"]
    store = await open_store({"event-queue": url, "ct-queue": url}, recorder(), journal=url)
    now, writes = time.time(), []
    for id_ in platforms["products"]:
        resource = Reference("product", id_)
        message = Message(
            id=uuid.uuid4().hex,
            name=ROUTE,
            key=lane(account, "1", f"product/{id_}"),
            account=account,
            retailer="1",
            project_key="sandbox",
            resource=resource,
            version=1,
            cause="job",
        )
        put = addressed(message, rank="bulk", ordered=False)
        writes.append(Write(Outcome(puts=(put,), facts=(queued(message, now),))))
    for start in range(0, len(writes), 500):
        await store.commit(*writes[start : start + 500])
    await store.close()


async def run(asked: argparse.Namespace, folder: Path) -> dict[str, object]:
    words = ["--serve", "--bulk", str(asked.bulk), "--latency", str(asked.latency)]
    with served(__file__, *words) as platforms:
        async with journal(asked, folder) as books:
            own = {"journal": {"url": books.url}}
            connector = Connector(folder, variables(platforms), own)
            connector.start()
            try:
                return await measured(asked, platforms, connector, books)
            finally:
                connector.stop()


async def measured(
    asked: argparse.Namespace,
    platforms: Mapping[str, object],
    connector: Connector,
    books: Journal,
) -> dict[str, object]:
    """Return the orders' times alone and beside bulk; what is not there in the end is told."""
    till = Till(platforms, connector.url, asked.pace)
    await till.sell(range(50))
    await books.until_none(_WAITING, asked.within)
    began = time.time()
    await till.sell(range(1000, 1000 + asked.live))
    await books.until_none(_WAITING, asked.within)
    alone = await books.took(began)
    began, working = time.time(), time.monotonic()
    flow = asyncio.create_task(till.sell(range(10_000, 10_000 + asked.live)))
    await queue(books.url, platforms)
    before = len(platforms["products"])
    await flow
    selling = time.monotonic() - working
    left = (await books.numbers(_BULK))[0]
    await books.until_none(_LIVE, asked.within)
    beside = await books.took(began)
    held = await orders(platforms)
    ratio = quantiles(beside)["p99_ms"] / quantiles(alone)["p99_ms"]
    return {
        "engine": urlsplit(books.url).scheme,
        "bulk": before,
        "bulk_left_after_the_orders": left,
        "bulk_per_second_meanwhile": round((before - left) / selling, 1),
        "alone": quantiles(alone),
        "beside": quantiles(beside),
        "p99_ratio": round(ratio, 2),
        "exact": held == {"created": 50 + 2 * asked.live, "twice": 0},
        "dead": (await books.numbers(_DEAD))[0],
    }


async def main(asked: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as place:
        found = await run(asked, Path(place).absolute())
    print(json.dumps(found))
    return 1 if found["p99_ratio"] > 2 or not found["exact"] else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bulk", type=int, default=20_000)
    parser.add_argument("--live", type=int, default=300)
    parser.add_argument("--pace", type=float, default=0.2, help="seconds between live orders")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds of Fluent's answers")
    parser.add_argument("--url", help="postgresql://user@host/name")
    parser.add_argument("--within", type=float, default=1500, help="seconds that a run may take")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve(given.bulk, given.latency))
    else:
        sys.exit(asyncio.run(main(given)))
