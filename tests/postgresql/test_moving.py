"""What a SQLite store holds comes whole into PostgreSQL, beside what is there already."""

from pathlib import Path

import pytest

from contracts.scene import ids, parcel, put, puts, settle, take_all, take_one
from fluent_connect.journal.ledger import Ledger, ledger_statement
from fluent_connect.journal.record import recorder
from fluent_connect.model.errors import ConfigError
from fluent_connect.model.fact import Queued, Received
from fluent_connect.model.outcome import Dead, Done, Fence, Later, Newer, Outcome, Parked, Unseen
from fluent_connect.model.parcel import CT_QUEUE, Parcel
from fluent_connect.queues.engines.postgresql import Place, PostgresStore
from fluent_connect.queues.engines.sqlite import SqliteStore
from fluent_connect.queues.moving import move, versions
from fluent_connect.queues.store import Store, Verdict, Write


async def receive(store: Store, *names: str) -> None:
    for name in names:
        facts = (Received(name, "door", 1.0, 2),)
        put_ = puts(Parcel(name, "", b'{"a": 1}', {"door": "main"}), queue=CT_QUEUE)
        await store.commit(Write(Outcome(puts=put_, facts=facts)))


async def listen(store: Store, name: str) -> None:
    delivery = await take_one(store, CT_QUEUE)
    assert delivery.parcel.id == name
    made = parcel(f"{name}.0", f"lane-{name}", origin=name)
    fact = Queued(f"{name}.0", name, "orders", "A", "1", "order", "r", 1, "notification", 1.0)
    await settle(store, delivery, put=puts(made), facts=[fact], guards=[Unseen(f"key-{name}")])


async def counted(store: Store) -> Ledger:
    return Ledger.from_rows(await store.read(ledger_statement(0.0)))


async def busy(file: Path) -> Ledger:
    """Leave a store behind in which something of every state stands."""
    store = await SqliteStore.open(file, recorder(), serving=True)
    for name in ("a", "b", "c", "d", "e"):
        await receive(store, name)
        await listen(store, name)
    guard = Newer("fence", Fence(7, "old"))
    fates = (Done(), Later(3600.0, "busy"), Parked("no parent", "ref"), Dead("broken", "why"))
    for fate in fates:
        await settle(store, await take_one(store), fate, guards=[guard])
        guard = Newer("fence", Fence(guard.fence.version + 1, "old"))
    await take_one(store)
    await receive(store, "f")
    ledger = await counted(store)
    await store.close()
    return ledger


async def test_what_waits_is_dead_or_done_comes_along(url: str, tmp_path: Path) -> None:
    file = tmp_path / "connect.db"
    before = await busy(file)
    there = await PostgresStore.open(Place.of(url), recorder())
    await receive(there, "x")
    await there.commit(Write(Outcome(guards=(Newer("fence", Fence(20, "new")),))))
    counts = await move(file, url, recorder())
    after = await counted(there)
    assert counts["parcel"] == 5
    assert (after.accepted, after.done, after.dead) == (7, before.done, before.dead)
    assert (after.waiting, after.unaccounted) == (before.waiting + 1, 0)
    assert (await there.fences("fence"))["fence"].version == 20
    assert await there.commit(Write(Outcome(guards=(Unseen("key-a"),)))) == [Verdict.DUPLICATE]
    assert sorted(ids(await take_all(there, CT_QUEUE))) == ["f", "x"]
    assert ids(await take_all(there)) == ["e.0"]
    original = await there.original("e")
    assert original is not None
    assert (original.body, original.headers) == (b'{"a": 1}', {"door": "main"})
    await there.close()
    assert not file.exists()
    assert file.with_name("connect.db.moved").exists()


async def test_what_was_moved_is_not_moved_again(url: str, tmp_path: Path) -> None:
    file = tmp_path / "connect.db"
    await busy(file)
    await move(file, url, recorder())
    file.with_name("connect.db.moved").rename(file)
    with pytest.raises(ConfigError, match="taken in already"):
        await move(file, url, recorder())
    assert file.exists()


async def test_a_file_in_use_is_left_alone(url: str, tmp_path: Path) -> None:
    file = tmp_path / "connect.db"
    store = await SqliteStore.open(file, recorder(), serving=True)
    await put(store, parcel("p1"))
    with pytest.raises(ConfigError, match="another process serves"):
        await move(file, url, recorder())
    await store.close()


async def test_schemas_are_told_without_being_made(url: str) -> None:
    before = await versions(url, recorder())
    assert {standing for standing, _ in before.values()} == {0}
    store = await PostgresStore.open(Place.of(url), recorder())
    after = await versions(url, recorder())
    assert all(standing == known > 0 for standing, known in after.values())
    await store.close()


async def test_a_newer_schema_is_refused_and_left_alone(url: str) -> None:
    from contracts import postgres

    store = await PostgresStore.open(Place.of(url), recorder())
    await store.close()
    schema = Place.of(url).schema
    await postgres.run(f"UPDATE {schema}.schema_version SET version = 99", Place.of(url).dsn)
    with pytest.raises(ConfigError, match="version 99, this program knows"):
        await PostgresStore.open(Place.of(url), recorder())


async def test_two_that_start_at_once_make_one_schema(url: str) -> None:
    import asyncio

    opening = (PostgresStore.open(Place.of(url), recorder()) for _ in range(4))
    for store in await asyncio.gather(*opening):
        await put(store, parcel("p"))
        await store.close()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("postgresql://u:secret@h/d?pol=1", "unknown option 'pol'"),
        ("postgresql://u:secret@h/d?sslmode=yes", "sslmode is one of"),
        ("postgresql://u:secret@h/d?pool=0", "pool is a number"),
        ("postgresql://u:secret@h", "names no database"),
    ],
)
def test_a_wrong_url_says_what_is_wrong_and_no_password(text: str, word: str) -> None:
    with pytest.raises(ConfigError, match=word) as found:
        Place.of(text)
    assert "secret" not in str(found.value)


def test_a_url_keeps_what_the_driver_reads() -> None:
    place = Place.of("postgresql://u@h:5433/d?sslmode=require&pool=5&schema=connect")
    assert place == Place("postgresql://u@h:5433/d?sslmode=require", "connect", 5)
