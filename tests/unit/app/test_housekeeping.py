"""Retention, over a real store and a clock that the test sets."""

import asyncio
from pathlib import Path

from structlog.testing import capture_logs

from contracts.scene import Clock, parcel, put, settle, state, take_one
from fluent_connect.app.housekeeping import Housekeeping, Keep
from fluent_connect.journal.ledger import Ledger, ledger_statement
from fluent_connect.journal.record import recorder
from fluent_connect.model.fact import Received, Statement
from fluent_connect.model.outcome import Dead, Done, Unseen
from fluent_connect.model.parcel import CT_QUEUE
from fluent_connect.queues.engines.sqlite import SqliteStore
from fluent_connect.queues.store import Store, StoreError

KEEP = Keep(settled=100.0, seen=100.0, bodies=50.0)


async def accept(store: Store, id_: str, clock: Clock) -> None:
    await state(store, Received(id_, "default", clock.now, 2))
    await put(store, parcel(id_), queue=CT_QUEUE)


async def ledger(store: Store, clock: Clock) -> Ledger:
    return Ledger.from_rows(await store.read(ledger_statement(clock.now)))


async def test_what_ended_long_ago_goes_and_what_waits_or_is_dead_stays(tmp_path: Path) -> None:
    clock = Clock()
    store = await SqliteStore.open(tmp_path / "connect.db", recorder(), clock=clock, record="all")
    house = Housekeeping(store, KEEP, clock=clock)
    for id_, fate in (("old", Done()), ("dead", Dead("refused"))):
        await accept(store, id_, clock)
        await settle(store, await take_one(store, CT_QUEUE), fate, guards=[Unseen(id_)])
    await accept(store, "waiting", clock)
    assert await house.clean() == 0

    clock.advance(60)
    await house.clean()
    assert await store.original("old") is None
    assert await store.original("dead") is not None

    clock.advance(60)
    await accept(store, "new", clock)
    assert await house.clean() > 0
    told = await ledger(store, clock)
    assert (told.done, told.dead, told.waiting, told.unaccounted) == (0, 1, 2, 0)

    clock.advance(15 * 86400)
    await house.clean()
    keys = {str(row["key"]) for row in await store.read(Statement("SELECT key FROM seen"))}
    assert not keys
    await store.close()


class _Broken(Housekeeping):
    cleaned = 0

    async def clean(self) -> int:
        self.cleaned += 1
        if self.cleaned == 1:
            raise StoreError("busy")
        if self.cleaned == 3:
            raise asyncio.CancelledError
        return 7


async def test_a_store_that_cannot_now_is_cleaned_the_next_time(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "connect.db", recorder())
    with capture_logs() as lines:
        house = _Broken(store, KEEP, every=0.0)
        running = asyncio.create_task(house.run())
        await asyncio.wait([running])
    assert [line["event"] for line in lines] == ["retention put off", "retention"]
    assert lines[1]["deleted"] == 7
    await store.close()
