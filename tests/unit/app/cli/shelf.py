"""A data folder as a service leaves it, and a command line that is read back."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fluent_connect.app.cli import main
from fluent_connect.journal.record import recorder
from fluent_connect.model.fact import (
    Attempted,
    Fact,
    Known,
    Queued,
    Received,
    Told,
)
from fluent_connect.model.outcome import Dead, Done, Fate, Later, Outcome, Skipped
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE, Parcel, Put
from fluent_connect.queues.engines.sqlite.store import SqliteStore
from fluent_connect.queues.store import Write

NOW = 1_800_000_000.0
ROUTE = "commercetools.connect.order.create"
CUSTOMER = "5e1f3c1e-0000-4000-8000-00000000cafe"
CALLS = (
    b'[{"system":"commercetools","method":"GET","path":"/shop/orders/o-1","status":200,'
    b'"seconds":0.04,"sent":"","answer":""},{"system":"fluent","method":"POST",'
    b'"path":"createOrder","status":400,"seconds":0.2,'
    b'"sent":"{\\"ref\\":\\"1234\\",\\"primaryEmail\\":\\"ann@example.com\\"}","answer":""}]'
)


class Ran(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        """The lines of `--json`."""
        return [json.loads(line) for line in self.out.splitlines()]


class Shell:
    """Runs commands on one data folder."""

    def __init__(self, data: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.data = data
        self._capture = capture

    def __call__(self, *words: str) -> Ran:
        self._capture.readouterr()
        code = main(words)
        told = self._capture.readouterr()
        return Ran(code, told.out, told.err)

    def there(self, *words: str) -> Ran:
        """Run with `--data`."""
        return self(*words, "--data", str(self.data))


def unit(number: int) -> str:
    return f"{number:032x}"


async def open_at(data: Path) -> SqliteStore:
    return await SqliteStore.open(data / "connect.db", recorder(), clock=lambda: NOW)


def fill(data: Path, *, lost: bool = False) -> None:
    """Leave: 1 done, 2 dead orders, 1 skipped, 1 retrying, 1 malformed; `lost`: one unaccounted."""
    asyncio.run(_fill(data, lost=lost))


async def _fill(data: Path, *, lost: bool) -> None:
    store = await open_at(data)
    await _notify(store, 1, "order", "o-1", (Done("created"),))
    await _notify(store, 2, "order", "o-2", (Dead("refused: ann@example.com", "C0140E bad"),))
    await _notify(store, 3, "order", "o-3", (Dead("no account mapping for store X"),))
    await _notify(store, 4, "customer", CUSTOMER, (Skipped("gone"),))
    await _notify(store, 5, "order", "o-5", (Later(60.0, "HTTP 503"),))
    await _receive(store, 6, b"not json ann@example.com")
    delivery = (await store.take(CT_QUEUE, 1, 0.0))[0]
    await store.commit(Write(Outcome(Dead("malformed", "not JSON")), delivery))
    if lost:
        await store.commit(Write(Outcome(facts=(Received(unit(7), "default", NOW, 2),))))
    await store.close()


async def _receive(store: SqliteStore, number: int, body: bytes) -> None:
    parcel = Parcel(unit(number), "", body, {"content-type": "application/json"})
    received = Received(unit(number), "default", NOW + number, len(body))
    await store.commit(Write(Outcome(puts=(Put(CT_QUEUE, parcel),), facts=(received,))))


async def _notify(
    store: SqliteStore, number: int, type_id: str, resource: str, fates: Sequence[Fate]
) -> None:
    """Take a notification from the door to the end of its message."""
    id_, at = unit(number), NOW + number
    body = {"resource": {"typeId": type_id, "id": resource}, "email": "ann@example.com"}
    await _receive(store, number, json.dumps(body).encode())
    delivery = (await store.take(CT_QUEUE, 1, 0.0))[0]
    kind = "OrderCreated" if type_id == "order" else "ResourceUpdated"
    facts: tuple[Fact, ...] = (
        Told(id_, f"n-{number}", kind, "shop", type_id, resource, 7, None, at + 0.1),
        Queued(f"{id_}.0", id_, ROUTE, "ACME", "1", type_id, resource, 7, "notification", at + 0.1),
        Known(f"{id_}.0", "order-number", f"{1000 + number}"),
    )
    lane = f"ACME/1/{type_id}/{resource}"
    message = Parcel(f"{id_}.0", lane, b"{}", group=f"ACME/{ROUTE}", origin=id_)
    outcome = Outcome(Done("1 messages"), puts=(Put(EVENT_QUEUE, message),), facts=facts)
    await store.commit(Write(outcome, delivery))
    for fate in fates:
        taken = (await store.take(EVENT_QUEUE, 1, 0.0))[0]
        said = type(fate).__name__.lower()
        attempt = Attempted(
            f"{id_}.0", taken.tries, at + 1, 0.31, "OrderCreateHandler", ROUTE, said, "", CALLS
        )
        await store.commit(Write(Outcome(fate, facts=(attempt,)), taken))
