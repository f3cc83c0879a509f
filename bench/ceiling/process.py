"""Webhook, one synced commit for all that came meanwhile, 200, GET, map, POST, delete."""

import asyncio
import gc
import os
import socket
import sqlite3
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httptools
import msgspec
import uvloop

from fluent_connect.clients.transport import Request, Transport
from fluent_connect.clients.transports import open_transport

_SLOTS = 64
_TURN = 0.0001
"""Seconds after which another thread may have the interpreter; as the connector has it, and as it
sets the collector below."""
_ACCEPTED = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_MUTATION = "mutation ($input: CreateOrderInput!) { createOrder(input: $input) { id ref status } }"
_HEADERS = {"Authorization": "Bearer bench", "Accept": "application/json"}
_PLATFORM = f"{os.environ['CT_URL']}/{os.environ['PROJECT']}"
_GRAPHQL = f"{os.environ['FLUENT_URL']}/graphql"

_decode: Callable[[bytes], Any] = msgspec.json.decode


class Queue:
    """Bodies in SQLite; what comes while a transaction runs shares the next one."""

    def __init__(self, path: Path, then: Callable[[int, bytes], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._then = then
        self._path = path
        self._come: list[tuple[bytes, Callable[[], None]]] = []
        self._done: list[tuple[int]] = []
        self._wake = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def put(self, body: bytes, kept: Callable[[], None]) -> None:
        self._come.append((body, kept))
        self._wake.set()

    def delete(self, key: int) -> None:
        self._done.append((key,))
        self._wake.set()

    def _run(self) -> None:
        database = sqlite3.connect(self._path, isolation_level=None)
        database.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "CREATE TABLE IF NOT EXISTS queue(key INTEGER PRIMARY KEY, body BLOB)"
        )
        rows = database.execute("SELECT key, body FROM queue ORDER BY key").fetchall()
        last = rows[-1][0] if rows else 0
        self._loop.call_soon_threadsafe(self._hand_on, rows, ())
        while self._wake.wait():
            self._wake.clear()
            come, self._come = self._come, []
            done, self._done = self._done, []
            rows = [(last + at, body) for at, (body, _) in enumerate(come, 1)]
            last += len(rows)
            database.execute("BEGIN")
            database.executemany("INSERT INTO queue VALUES (?, ?)", rows)
            database.executemany("DELETE FROM queue WHERE key = ?", done)
            database.execute("COMMIT")
            if rows:
                kept = [each for _, each in come]
                self._loop.call_soon_threadsafe(self._hand_on, rows, kept)

    def _hand_on(self, rows: list[tuple[int, bytes]], kept: list[Callable[[], None]]) -> None:
        for each in kept:
            each()
        for key, body in rows:
            self._then(key, body)


class Webhook(asyncio.Protocol):
    """Reads requests, one after the other, and answers each when it is kept."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        body, self._body = self._body, b""
        self._queue.put(body, lambda: self._transport.write(_ACCEPTED))


class Work:
    """A number of slots, each with one notification at a time."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._ready: deque[tuple[int, bytes]] = deque()
        self._idle: deque[asyncio.Future[None]] = deque()

    def add(self, key: int, body: bytes) -> None:
        self._ready.append((key, body))
        if self._idle:
            self._idle.popleft().set_result(None)

    async def run(self, queue: Queue) -> None:
        while True:
            while not self._ready:
                free: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._idle.append(free)
                await free
            key, body = self._ready.popleft()
            try:
                await self._carry(body)
            except Exception as error:  # noqa: BLE001 - whatever it is, the notification stays
                print(f"once more: {error!r}", file=sys.stderr)
                await asyncio.sleep(0.1)
                self.add(key, body)
            else:
                queue.delete(key)

    async def _carry(self, body: bytes) -> None:
        notification = _decode(body)
        url = f"{_PLATFORM}/orders/{notification['resource']['id']}"
        del notification
        order = await self._ask("GET", url)
        body = msgspec.json.encode({"query": _MUTATION, "variables": {"input": mapped(order)}})
        del order  # held while the answer is awaited, they would fill the processor's caches
        await self._ask("POST", _GRAPHQL, body)

    async def _ask(self, method: str, url: str, body: bytes | None = None) -> Any:
        more = {"Content-Type": "application/json"} if body else {}
        answer = await self._transport.send(Request(method, url, {**_HEADERS, **more}, body), 10)
        if answer.status != 200:
            raise OSError(f"{method} {url} -> {answer.status}")
        return _decode(answer.body)


def mapped(order: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input of createOrder, with the fields that every contestant maps."""
    address, total = order["shippingAddress"], order["totalPrice"]
    first, last = address["firstName"], address["lastName"]
    return {
        "ref": order["id"],
        "type": "HD",
        "retailer": {"id": "1"},
        "totalPrice": amount(total),
        "totalTaxPrice": amount(order["taxedPrice"]["totalTax"]),
        "customer": {"id": order["customerId"]},
        "fulfilmentChoice": {
            "currency": total["currencyCode"],
            "deliveryType": "STANDARD",
            "fulfilmentType": "HD_PFDC",
            "deliveryFirstName": first,
            "deliveryLastName": last,
            "deliveryEmail": order["customerEmail"],
            "deliveryAddress": {
                "name": f"{first} {last}",
                "street": f"{address['streetName']} {address['streetNumber']}",
                "city": address["city"],
                "postcode": address["postalCode"],
                "country": address["country"],
            },
        },
        "items": [
            {
                "ref": line["id"],
                "productRef": line["variant"]["sku"],
                "productCatalogueRef": "DEFAULT:1",
                "quantity": line["quantity"],
                "price": amount(line["price"]["value"]),
                "totalPrice": amount(line["totalPrice"]),
                "totalTaxPrice": amount(line["taxedPrice"]["totalTax"]),
                "currency": line["totalPrice"]["currencyCode"],
            }
            for line in order["lineItems"]
        ],
    }


def amount(money: Mapping[str, Any]) -> float:
    """Return an amount in units of its currency."""
    units: float = money["centAmount"] / 10 ** money["fractionDigits"]
    return units


async def main() -> None:
    """Serve until killed."""
    work = Work(open_transport(os.environ["BENCH_TRANSPORT"]))
    queue = Queue(Path(os.environ["BENCH_DIR"]) / "queue.db", work.add)
    listening = socket.create_server(("127.0.0.1", int(os.environ["BENCH_PORT"])), backlog=1024)
    await asyncio.get_running_loop().create_server(lambda: Webhook(queue), sock=listening)
    async with asyncio.TaskGroup() as slots:
        for _ in range(_SLOTS):
            slots.create_task(work.run(queue))


if __name__ == "__main__":
    sys.setswitchinterval(_TURN)
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    uvloop.run(main())
