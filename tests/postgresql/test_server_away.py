"""What becomes of commits when the server, or the line to it, goes away at the worst moment."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from contracts.scene import SCRIBE, ids, parcel, puts, said, settle, take_all, take_one
from fluent_connect.model.errors import ConfigError
from fluent_connect.model.fact import Received
from fluent_connect.model.outcome import Done, Outcome, Unseen
from fluent_connect.model.parcel import EVENT_QUEUE
from fluent_connect.queues.engines.postgresql import Place, PostgresStore
from fluent_connect.queues.store import Depth, StoreError, Verdict, Write
from postgresql.proxy import Cut, Proxy
from postgresql.server import PrivateServer, binaries

PARCELS = 300
HELD_BACK = 240
"""How many are put before the server was away for the last time: there is work left until then."""


@pytest.fixture
async def proxy(url: str) -> AsyncIterator[Proxy]:
    parts = urlsplit(url)
    proxy = Proxy(parts.hostname or "127.0.0.1", parts.port or 5432)
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest.fixture
async def store(url: str, proxy: Proxy) -> AsyncIterator[PostgresStore]:
    parts = urlsplit(url)
    user = f"{parts.username}@" if parts.username else ""
    through = parts._replace(netloc=f"{user}127.0.0.1:{proxy.port}")
    store = await PostgresStore.open(Place.of(through.geturl()), SCRIBE)
    yield store
    await store.close()


def kept(name: str) -> Write:
    """Put a parcel once, as ingest of a keyed request would."""
    facts = (Received(name, "door", 1.0, 1),)
    return Write(Outcome(guards=(Unseen(name),), puts=puts(parcel(name)), facts=facts))


async def test_a_commit_whose_answer_was_lost_is_told_as_what_it_was(
    store: PostgresStore, proxy: Proxy
) -> None:
    proxy.cut = "after"
    assert list(await store.commit(kept("p1"))) == [Verdict.APPLIED]
    assert proxy.cuts == 1
    assert list(await store.commit(kept("p1"))) == [Verdict.DUPLICATE]
    assert ids(await take_all(store)) == ["p1"]
    assert len(await said(store, "Received")) == 1


async def test_a_commit_that_never_came_is_told_and_changes_nothing(
    store: PostgresStore, proxy: Proxy
) -> None:
    proxy.cut = "before"
    with pytest.raises(StoreError):
        await store.commit(kept("p1"))
    assert list(await store.commit(kept("p1"))) == [Verdict.APPLIED]
    assert ids(await take_all(store)) == ["p1"]


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_a_delivery_whose_commit_is_cut_settles_once(
    store: PostgresStore, proxy: Proxy, cut: Cut
) -> None:
    await store.commit(kept("p1"))
    delivery = await take_one(store)
    proxy.cut = cut
    try:
        verdict = await settle(store, delivery)
    except StoreError:
        verdict = await settle(store, delivery)
    assert verdict is Verdict.APPLIED
    assert len(await said(store, "Settled")) == 1
    assert await store.depth(EVENT_QUEUE) == Depth()


async def test_a_server_that_is_not_there_is_one_clear_mistake() -> None:
    place = Place.of("postgresql://root:secret@127.0.0.1:1/nowhere")
    with pytest.raises(ConfigError, match="cannot be reached") as found:
        await PostgresStore.open(place, SCRIBE)
    assert "secret" not in str(found.value)


@pytest.fixture
async def server() -> AsyncIterator[PrivateServer]:
    programs = binaries()
    if programs is None:
        assert not os.environ.get("CI"), "PostgreSQL's own programs are not installed"
        pytest.skip("PostgreSQL's own programs are not installed")
    # Not under tmp_path: that is pytest's own, and another user's server may not go through it.
    with tempfile.TemporaryDirectory(prefix="fluent-connect-server-") as folder:
        server = PrivateServer(Path(folder), programs)
        await server.start()
        yield server
        await server.stop("fast")


class Load:
    """One who puts, and one who takes, both as patient as the service is."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self._all_are_put = False
        self.refused = 0
        self.settled: list[str] = []
        self.moved = asyncio.Condition()
        self.back_for_good = asyncio.Event()

    async def produce(self) -> None:
        for number in range(PARCELS):
            if number == HELD_BACK:
                await self.back_for_good.wait()
            await self._put(f"p{number}")
        self._all_are_put = True

    async def consume(self) -> None:
        """Take until nothing is left: a commit that was told as refused may have been kept."""
        left = True
        while left:
            try:
                await self._take()
                left = not self._all_are_put or await self._store.depth(EVENT_QUEUE) != Depth()
            except StoreError:
                self.refused += 1
                await asyncio.sleep(0.05)
            async with self.moved:
                self.moved.notify_all()

    async def _put(self, name: str) -> None:
        for _ in range(600):
            try:
                await self._store.commit(kept(name))
            except StoreError:
                self.refused += 1
                await asyncio.sleep(0.05)
            else:
                return
        pytest.fail(f"{name} was refused 600 times")

    def has_settled(self, count: float) -> bool:
        return len(self.settled) >= count

    def was_refused_since(self, refused: int) -> bool:
        return self.refused > refused

    async def _take(self) -> None:
        taken = await self._store.take(EVENT_QUEUE, 8, 0.2)
        verdicts = await self._store.commit(*(Write(Outcome(fate=Done()), t) for t in taken))
        for each, verdict in zip(taken, verdicts, strict=True):
            if verdict is Verdict.APPLIED:
                self.settled.append(each.parcel.id)


@pytest.mark.timeout(90)
async def test_a_server_that_is_killed_under_load_loses_and_doubles_nothing(
    server: PrivateServer,
) -> None:
    store = await PostgresStore.open(Place.of(server.url), SCRIBE, lease=2.0)
    load = Load(store)

    async def restart() -> None:
        for share in (0.2, 0.5):
            async with load.moved:
                await load.moved.wait_for(partial(load.has_settled, PARCELS * share))
            before = load.refused
            await server.stop("immediate")
            async with load.moved:
                await load.moved.wait_for(partial(load.was_refused_since, before))
            await server.start()
        load.back_for_good.set()

    try:
        await asyncio.gather(load.produce(), load.consume(), restart())
        assert load.refused > 0
        told = [each["id"] for each in await said(store, "Settled")]
        assert sorted(told) == sorted(f"p{number}" for number in range(PARCELS))
        assert await store.depth(EVENT_QUEUE) == Depth()
    finally:
        await store.close()
