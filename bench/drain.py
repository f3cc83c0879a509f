"""How fast N queued messages with random ids leave the Event Queue, systems answered from memory.

python bench/drain.py N [URL]. URL: of an empty PostgreSQL database; without, SQLite in this folder.
Prints one JSON object: messages a second over all, over the first and the last tenth, memory when
full and after, and how long the first page of `events list` took meanwhile.
"""

import asyncio
import json
import re
import sys
import tempfile
import time
import uuid
from pathlib import Path

import uvloop
from run import ACCOUNT

from fluent_connect.app import logs
from fluent_connect.app.config.load import load
from fluent_connect.app.discovery import discover
from fluent_connect.app.service import Service
from fluent_connect.clients.transport import Answer, Request
from fluent_connect.journal.search import EventFilter, events_statement
from fluent_connect.model.fact import Paused, Received, Resumed
from fluent_connect.model.ids import new_id
from fluent_connect.model.outcome import Outcome
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE, Parcel, Put
from fluent_connect.queues.store import Write

HERE = Path(__file__).parent
TOKEN = b'{"access_token":"a","expires_in":86400,"token_type":"bearer"}'
MADE = b'{"data":{"createOrder":{"id":"1","ref":"x","status":"CREATED"}}}'
MONEY = {"centAmount": 1190, "fractionDigits": 2, "currencyCode": "EUR"}
ADDRESS = {
    "firstName": "Ada", "lastName": "Muster", "streetName": "Hauptstrasse", "streetNumber": "1",
    "city": "Berlin", "postalCode": "10115", "country": "DE",
}  # fmt: skip
ORDER = {
    "version": 1, "orderNumber": "1", "createdAt": "2026-01-01T00:00:00.000Z", "customerId": "c",
    "customerEmail": "ada@example.com", "totalPrice": MONEY, "taxedPrice": {"totalTax": MONEY},
    "shippingAddress": ADDRESS, "store": {"key": "berlin"},
    "lineItems": [
        {
            "id": "l1", "quantity": 1, "variant": {"sku": "S"}, "price": {"value": MONEY},
            "totalPrice": MONEY, "taxedPrice": {"totalTax": MONEY}, "name": {"en-GB": "Thing"},
        }
    ],
}  # fmt: skip
BODY = json.dumps(ORDER, separators=(",", ":"))[1:]


class Memory:
    """Both systems, without a network."""

    async def send(self, request: Request, timeout: float) -> Answer:
        await asyncio.sleep(0)
        if request.url.endswith("/oauth/token"):
            return Answer(200, TOKEN, {})
        if request.url.endswith("/graphql"):
            return Answer(200, MADE, {})
        id_ = request.url.rsplit("/", 1)[1]
        return Answer(200, f'{{"id":"{id_}",{BODY}'.encode(), {})

    async def close(self) -> None:
        """Nothing is held."""


def rss() -> float:
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return round(int(found.group(1)) / 1000, 1) if found else -1.0


def notification() -> bytes:
    id_, order = uuid.uuid4(), uuid.uuid4()
    return json.dumps(
        {
            "notificationType": "Message", "projectKey": "bench", "id": str(id_), "version": 1,
            "sequenceNumber": 1, "resource": {"typeId": "order", "id": str(order)},
            "resourceVersion": 1, "type": "OrderCreated",
            "resourceUserProvidedIdentifiers": {"orderNumber": str(order)[:13]},
        }
    ).encode()  # fmt: skip


def write() -> Write:
    id_, body = new_id(), notification()
    parcel = Parcel(id_, "", body, {"door": "default", "content-type": "application/json"})
    received = Received(id_, "default", time.time(), len(body))
    return Write(Outcome(puts=(Put(CT_QUEUE, parcel),), facts=(received,)))


async def fill(service: Service, count: int) -> None:
    for at in range(0, count, 500):
        await service.store.commit(*[write() for _ in range(min(500, count - at))])
    while (await service.store.depth(CT_QUEUE)).waiting:
        await asyncio.sleep(0.2)


async def events(service: Service) -> float:
    """Return how long the first page of events takes."""
    began = time.perf_counter()
    await service.store.read(events_statement(EventFilter(), time.time()))
    return time.perf_counter() - began


async def drained(service: Service, count: int) -> dict[str, float]:
    """Let all go, and return the rates at the head, at the end and over all."""
    marks = [(0.0, count)]
    began, pages = time.perf_counter(), [await events(service)]
    while (left := (await service.store.depth(EVENT_QUEUE)).waiting) > 0:
        marks.append((time.perf_counter() - began, left))
        if len(marks) % 20 == 0:
            pages.append(await events(service))
        await asyncio.sleep(0.1 if count < 50_000 else 0.5)
    marks.append((time.perf_counter() - began, 0))
    return {
        "per_second": round(count / marks[-1][0]),
        "head": rate(marks, count, count * 0.9),
        "end": rate(marks, count * 0.1, 0),
        "events_list_seconds": round(max(pages), 3),
    }


def rate(marks: list[tuple[float, int]], high: float, low: float) -> int:
    """Return the messages a second between two depths."""
    began, most = next(each for each in marks if each[1] <= high)
    ended, least = next(each for each in marks if each[1] <= low)
    return round((most - least) / max(ended - began, 0.001))


async def main(count: int, url: str | None) -> None:
    logs.configure("warning", "json")
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as data:
        environ = {**ACCOUNT, "BENCH_PARTNER": str(HERE / "contestant" / "partner")}
        if url:
            environ["FC_JOURNAL_URL"] = url
        flags = {"data": str(Path(data).absolute()), "port": 0, "admin.port": 0}
        config = load(HERE / "contestant" / "config", (), environ, flags)
        service = Service(config, discover(config.packages, config.paths), transport=Memory())
        await service.start()
        await service.store.commit(Write(Outcome(facts=(Paused("*", time.time(), "bench"),))))
        await service.pulse.look_at_pauses()
        await fill(service, count)
        full = rss()
        await service.store.commit(Write(Outcome(facts=(Resumed("*"),))))
        await service.pulse.look_at_pauses()
        result = {"count": count, **await drained(service, count), "rss_full_mb": full}
        result["rss_drained_mb"] = rss()
        await service.stop(0.0)
    print(json.dumps(result))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
