"""How long `explain` looks for one order among a million: `python bench/explain.py`.

Fills a journal with that many notifications and messages (every one with its receipt, attempt,
fates and references), then looks for orders by number, by id and by ref in Fluent, as `explain`
does, and tells the longest look. Exit 1 if that is more than a second.
"""

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from fluent_connect.app.cli import store
from fluent_connect.app.explain.history import history
from fluent_connect.app.explain.subjects import meant
from fluent_connect.journal.record import recorder
from fluent_connect.journal.subjects import subjects_from_rows, subjects_statement
from fluent_connect.journal.timeline import resource_timeline_statement, timeline_from_rows
from fluent_connect.queues.engines.sqlite.store import SqliteStore

_ROUTE = "commercetools.connect.order.create"
_CALLS = (
    '[{"system":"commercetools","method":"GET","path":"/shop/orders/x","status":200,'
    '"seconds":0.04},{"system":"fluent","method":"POST","path":"/graphql createOrder",'
    '"status":200,"seconds":0.2,"sent":"{}","answer":"{}"}]'
)
_AT_ONCE = 50_000
_BEGAN = 1_790_000_000.0
_LIMIT = 1.0
_TABLES = {
    "receipt": 4,
    "notification": 9,
    "message": 10,
    "fate": 5,
    "attempt": 9,
    "reference": 3,
}
Row = tuple[str, tuple[object, ...]]


def resource(number: int) -> str:
    """Return the id of an order: as random as those of commercetools."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))


def rows(number: int) -> Iterator[Row]:
    """Yield what a service keeps of one order that was carried to Fluent."""
    at, order = _BEGAN + number / 20, resource(number)
    unit = f"{int(at * 1000):012x}{number:020x}"
    message = f"{unit}.0"
    about = ("order", order, 1)
    yield "receipt", (unit, "default", at, 612)
    yield "notification", (unit, f"n-{number}", "OrderCreated", "shop", *about, 1, at)
    yield "message", (message, unit, _ROUTE, "ACME", "1", *about, "notification", at)
    yield "fate", (unit, "done", "1 message", at, 1)
    yield "fate", (message, "done", "created", at, 1)
    yield "attempt", (message, at, 1, 0.3, "OrderCreateHandler", _ROUTE, "done", "", _CALLS)
    for kind, value in (("order-number", f"{number}"), ("fluent", f"{number}")):
        yield "reference", (value, kind, message)
    yield "reference", (resource(number % 1000), "customer", message)


async def fill(path: Path, count: int) -> None:
    """Make a store with so many messages in its journal."""
    await (await SqliteStore.open(path, recorder())).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    for start in range(0, count, _AT_ONCE):
        made: dict[str, list[tuple[object, ...]]] = {table: [] for table in _TABLES}
        for number in range(start, min(count, start + _AT_ONCE)):
            for table, values in rows(number):
                made[table].append(values)
        for table, width in _TABLES.items():
            marks = ", ".join("?" * width)
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", made[table])
        connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def look(path: Path, text: str, kind: str | None) -> float:
    """Return the seconds from opening the store to the history of what a text means."""
    began = time.perf_counter()
    async with store.opened(path) as opened:
        found = meant(subjects_from_rows(await opened.read(subjects_statement(text))), kind)
        (one,) = found[:1]
        statement = resource_timeline_statement(one.type_id, one.resource, time.time(), limit=200)
        steps = timeline_from_rows(await opened.read(statement))
    assert history(steps, one.type_id, one.resource).messages[0].state == "done"
    return time.perf_counter() - began


def main() -> int:
    """Fill, look, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="keep the store here, or use the one there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        path = (given.data or Path(made)) / store.FILE
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            asyncio.run(fill(path, given.messages))
        step = max(1, given.messages // 7)
        asked = [
            (text, kind)
            for number in range(step, given.messages, step)
            for text, kind in ((f"{number}", "order"), (resource(number), None))
        ]
        took = [asyncio.run(look(path, text, kind)) for text, kind in asked]
    print(
        f"{given.messages:,} messages, {len(took)} looks:"
        f" median {statistics.median(took) * 1000:.0f} ms, longest {max(took) * 1000:.0f} ms"
    )
    return 0 if max(took) < _LIMIT else 1


if __name__ == "__main__":
    raise SystemExit(main())
