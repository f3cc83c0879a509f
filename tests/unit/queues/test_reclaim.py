"""A process is killed with many parcels in hand: who pays for it?"""

from pathlib import Path

import pytest

from contracts.scene import SCRIBE, Clock, parcel, put, settle, take_all, take_one
from fluent_connect.model.outcome import Done
from fluent_connect.model.parcel import EVENT_QUEUE
from fluent_connect.queues.engines.sqlite import SqliteStore
from fluent_connect.queues.retry import RetryPolicy

_CRASHES = 40
_HEALTHY = 20


async def start(file: Path, clock: Clock) -> SqliteStore:
    return await SqliteStore.open(file, SCRIBE, clock=clock, serving=True)


async def test_parcels_in_hand_together_lose_no_try_when_the_process_is_killed(
    tmp_path: Path,
) -> None:
    file, clock = tmp_path / "connect.db", Clock()
    for _ in range(2):
        store = await start(file, clock)
        await put(store, *(parcel(f"{clock.now}-{n}") for n in range(3)))
        assert [each.tries for each in await take_all(store)] == [1] * 3
        await store.close()
        clock.advance(3600)
        store = await start(file, clock)
        taken = await take_all(store)
        assert [each.tries for each in taken] == [1] * 3
        for each in taken:
            await settle(store, each, Done())
        await store.close()


async def test_a_parcel_that_was_in_hand_alone_has_used_a_try(tmp_path: Path) -> None:
    file, clock = tmp_path / "connect.db", Clock()
    store = await start(file, clock)
    await put(store, parcel("alone"), parcel("waiting"))
    (taken,) = await store.take(EVENT_QUEUE, 1, 0.0)
    await store.close()
    store = await start(file, clock)
    tries = {each.parcel.id: each.tries for each in await take_all(store)}
    await store.close()
    assert tries == {taken.parcel.id: 2, "waiting": 1}


async def test_one_that_kills_the_process_each_time_dies_and_its_neighbours_do_not(
    tmp_path: Path,
) -> None:
    """Whoever takes the poison is killed; what was taken before it in that round is done."""
    file, clock = tmp_path / "connect.db", Clock()
    store = await start(file, clock)
    names = [f"healthy-{n}" for n in range(_HEALTHY)]
    half = _HEALTHY // 2
    await put(store, *(parcel(name) for name in [*names[:half], "poison", *names[half:]]))
    done: dict[str, int] = {}
    for _ in range(_CRASHES):
        crashed = False
        while not crashed and len(done) < _HEALTHY:
            taken = await store.take(EVENT_QUEUE, 100, 0.0)
            crashed = any(each.parcel.id == "poison" for each in taken)
            for each in taken if not crashed else ():
                done[each.parcel.id] = each.tries
                await settle(store, each, Done())
            clock.advance(0.01)
        if len(done) == _HEALTHY:
            break
        await store.close()
        store = await start(file, clock)
    assert len(done) == _HEALTHY
    assert max(done.values()) <= 2
    for _ in range(20):
        await store.close()
        store = await start(file, clock)
        clock.advance(60.0)
        worst = (await take_one(store)).tries
    await store.close()
    assert worst > len(RetryPolicy().waits) + 1


@pytest.mark.parametrize("crashes", [3, 8])
async def test_suspects_wait_but_never_longer_than_half_a_minute_and_one_by_one(
    tmp_path: Path, crashes: int
) -> None:
    file, clock = tmp_path / "connect.db", Clock()
    store = await start(file, clock)
    await put(store, parcel("a"), parcel("b"))
    for _ in range(crashes):
        clock.advance(100.0)
        assert len(await take_all(store)) == 2
        await store.close()
        store = await start(file, clock)
    assert await take_all(store) == []
    clock.advance(min(2.0 ** (crashes - 3), 30.0))
    assert [each.parcel.id for each in await take_all(store)] == ["a"]
    clock.advance(0.1)
    assert [each.parcel.id for each in await take_all(store)] == ["b"]
    await store.close()
