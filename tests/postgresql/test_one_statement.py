"""A transaction of the usual kind is one statement; where it cannot be, the same comes of it."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from contracts import postgres
from contracts.scene import SCRIBE, ids, parcel, puts, said, settle, take_all, take_one
from fluent_connect.model.fact import Received
from fluent_connect.model.ids import new_id
from fluent_connect.model.outcome import Outcome, Unseen
from fluent_connect.model.parcel import EVENT_QUEUE
from fluent_connect.queues.engines.postgresql import Place, PostgresStore
from fluent_connect.queues.store import Verdict, Write


@pytest.fixture
async def role(url: str) -> AsyncIterator[str]:
    """Return the URL for a role that may not make anything for the time of its connection."""
    name, database = f"fc_test_{new_id()}", urlsplit(url).path.strip("/")
    here = postgres.url_of(database)
    await postgres.run(f'CREATE ROLE "{name}" LOGIN')
    for right in (
        f'REVOKE TEMPORARY ON DATABASE "{database}" FROM PUBLIC',
        f'GRANT CREATE ON DATABASE "{database}" TO "{name}"',
    ):
        await postgres.run(right, here)
    parts = urlsplit(url)
    yield parts._replace(netloc=f"{name}@{parts.netloc.rpartition('@')[2]}").geturl()
    await postgres.run(f'DROP OWNED BY "{name}" CASCADE', here)
    await postgres.run(f'DROP ROLE "{name}"')


def kept(name: str) -> Write:
    facts = (Received(name, "door", 1.0, 1),)
    return Write(Outcome(guards=(Unseen(name),), puts=puts(parcel(name)), facts=facts))


async def functions(store: PostgresStore) -> int:
    """Return how many functions the store has made for the time of its connection."""
    text = "SELECT count(*) AS n FROM pg_proc WHERE proname LIKE 'fluent_connect_%'"
    row = await postgres.run(text, store.place.dsn)
    assert row is not None
    return int(str(row["n"]))


async def flow(store: PostgresStore) -> None:
    """Carry a few through, each known once, one of them told twice."""
    for number in range(6):
        name = f"p{number}"
        assert list(await store.commit(kept(name))) == [Verdict.APPLIED]
        delivery = await take_one(store)
        assert delivery.parcel.id == name
        assert await settle(store, delivery) is Verdict.APPLIED
    assert list(await store.commit(kept("p5"), kept("p6"))) == [Verdict.DUPLICATE, Verdict.APPLIED]
    assert ids(await take_all(store)) == ["p6"]
    assert len(await said(store, "Received")) == 7


async def test_what_is_usual_goes_by_a_function(url: str) -> None:
    store = await PostgresStore.open(Place.of(url), SCRIBE)
    try:
        await flow(store)
        assert await functions(store) > 0
    finally:
        await store.close()
    left = await functions(store)
    for _ in range(400):  # the server drops them after it has let the connection go
        if not left:
            break
        await asyncio.sleep(0.05)
        left = await functions(store)
    assert left == 0


async def test_a_role_that_may_not_make_functions_comes_to_the_same(role: str) -> None:
    store = await PostgresStore.open(Place.of(role), SCRIBE)
    try:
        await flow(store)
        assert await functions(store) == 0
    finally:
        await store.close()


async def test_what_another_process_puts_before_what_was_taken_is_found(url: str) -> None:
    ours = await PostgresStore.open(Place.of(url), SCRIBE)
    theirs = await PostgresStore.open(Place.of(url), SCRIBE)
    try:
        await ours.commit(kept("young"))
        assert (await take_one(ours)).parcel.id == "young"
        old = parcel("old", not_before=1.0)
        await theirs.commit(Write(Outcome(puts=puts(old))))
        assert ids(await ours.take(EVENT_QUEUE, 1, 30.0)) == ["old"]
    finally:
        await theirs.close()
        await ours.close()
