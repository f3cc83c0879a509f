"""The journal kept by a real store: what the engine groups and settles comes out the same."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from contracts import postgres
from fluent_connect.journal.erasure import dead_of_statement
from fluent_connect.journal.ledger import Ledger, ledger_statement
from fluent_connect.journal.record import recorder
from fluent_connect.journal.retention import expired_statement
from fluent_connect.model.fact import Dropped, Erased, Expired, Fact, Received, Revived, Split
from fluent_connect.model.outcome import Dead, Done, Fate, Outcome, Unseen
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE, Parcel, Put
from fluent_connect.queues.engines.postgresql import Place, PostgresStore
from fluent_connect.queues.engines.sqlite.store import SqliteStore
from fluent_connect.queues.store import Delivery, Store, Write
from unit.journal.books import NOW, queued, told


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store: Store
    if request.param == "sqlite":
        store = await SqliteStore.open(tmp_path / "connect.db", recorder(), clock=lambda: NOW)
    else:
        if (why := postgres.why_not()) is not None:
            pytest.skip(why)
        place = Place.of(await postgres.schema_for(tmp_path))
        store = await PostgresStore.open(place, recorder(), clock=lambda: NOW)
    yield store
    await store.close()
    await postgres.drop_for(tmp_path)


async def receive(store: Store, *ids: str) -> None:
    writes = [
        Write(
            Outcome(
                puts=(Put(CT_QUEUE, Parcel(id_, "", b"{}")),),
                facts=(Received(id_, "default", NOW, 2),),
            )
        )
        for id_ in ids
    ]
    await store.commit(*writes)


async def taken(store: Store, queue: str) -> Sequence[Delivery]:
    return sorted(await store.take(queue, 100, 0.0), key=lambda d: d.parcel.id)


async def settle(store: Store, queue: str, fate: Fate) -> None:
    await store.commit(*[Write(Outcome(fate), d) for d in await taken(store, queue)])


def listened(delivery: Delivery, key: str) -> Write:
    id_ = delivery.parcel.id
    put = Put(EVENT_QUEUE, Parcel(f"{id_}.0", f"lane-{id_}", b"{}", origin=id_))
    facts: tuple[Fact, ...] = (told(id_), queued(f"{id_}.0", id_))
    return Write(Outcome(Done("1 messages"), (Unseen(key),), (put,), facts), delivery)


async def ledger(store: Store) -> Ledger:
    return Ledger.from_rows(await store.read(ledger_statement(NOW)))


async def test_a_day_closes_repeats_batches_and_dead_letters_included(store: Store) -> None:
    await receive(store, "a", "b", "c", "d")
    assert await ledger(store) == Ledger(accepted=4, waiting=4, by_state={"received": 4})
    first, repeat, batch, other = await taken(store, CT_QUEUE)
    parts = [f"c-{i}" for i in range(3)]
    split = Outcome(
        Done("3 parts"),
        puts=[Put(CT_QUEUE, Parcel(part, "", b"{}")) for part in parts],
        facts=(Split("c", parts, "default", NOW),),
    )
    await store.commit(
        listened(first, "k-1"), listened(repeat, "k-1"), Write(split, batch), listened(other, "k-2")
    )
    assert await ledger(store) == Ledger(
        accepted=5, waiting=5, repeats=1, by_state={"received": 3, "queued": 2}
    )
    await settle(store, CT_QUEUE, Dead("malformed"))
    await settle(store, EVENT_QUEUE, Done("created"))
    assert await ledger(store) == Ledger(accepted=5, done=2, dead=3, repeats=1)


async def test_dead_letters_are_revived_and_dropped(store: Store) -> None:
    await receive(store, "a", "b")
    await settle(store, CT_QUEUE, Dead("malformed"))
    await store.commit(Write(Outcome(facts=(Revived(("a",)), Dropped(("b",))))))
    assert await ledger(store) == Ledger(accepted=2, skipped=1, waiting=1, by_state={"received": 1})


async def test_what_was_erased_and_dropped_leaves_no_bytes(store: Store) -> None:
    await receive(store, "a")
    delivery = (await taken(store, CT_QUEUE))[0]
    await store.commit(listened(delivery, "k"))
    await settle(store, EVENT_QUEUE, Dead("refused", "ann@x.org"))
    dead = [str(r["id"]) for r in await store.read(dead_of_statement("order", "r-1"))]
    await store.commit(Write(Outcome(facts=(Dropped(dead), Erased("order", "r-1")))))
    assert await store.original("a") is None
    assert await ledger(store) == Ledger(accepted=1, skipped=1)


async def test_what_is_past_retention_is_forgotten(store: Store) -> None:
    await receive(store, "a", "b")
    await settle(store, CT_QUEUE, Done())
    ids = [str(row["id"]) for row in await store.read(expired_statement(NOW + 1, limit=1))]
    await store.commit(Write(Outcome(facts=(Expired(ids=ids),))))
    assert await ledger(store) == Ledger(accepted=1, done=1)
