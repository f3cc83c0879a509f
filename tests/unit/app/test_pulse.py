"""What the pulse tells of a store, with a clock that the test sets."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from contracts.scene import Clock, parcel, put, state
from e2e.harness import until
from fluent_connect.app import disk
from fluent_connect.app.pulse import Pulse, rest
from fluent_connect.app.telemetry import Telemetry
from fluent_connect.journal.record import recorder
from fluent_connect.model.fact import Paused, Received, Statement
from fluent_connect.queues.engines.memory import MemoryStore
from fluent_connect.queues.engines.sqlite import SqliteStore
from fluent_connect.queues.store import Depth, StoreError


class Broken(MemoryStore):
    async def read(self, statement: Statement) -> Sequence[Mapping[str, object]]:
        raise StoreError("no room")


class Slow(SqliteStore):
    """Counts nothing before it is let to."""

    patience: asyncio.Event

    async def depth(self, queue: str) -> Depth:
        await self.patience.wait()
        return await super().depth(queue)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def telemetry(clock: Clock) -> Telemetry:
    return Telemetry(clock)


async def test_an_empty_store_is_ready(tmp_path: Path, telemetry: Telemetry, clock: Clock) -> None:
    store = await SqliteStore.open(tmp_path / "connect.db", recorder(), clock=clock)
    pulse = Pulse(store, telemetry, tmp_path, refuse=2.0, warn=2.0, clock=clock)
    await pulse.look()
    assert pulse.problems() == []
    assert pulse.room.free > 0
    await store.close()


async def test_a_store_that_cannot_be_read_is_not_ready_until_it_can(
    telemetry: Telemetry, clock: Clock
) -> None:
    pulse = Pulse(Broken(recorder()), telemetry, None, clock=clock)
    await pulse.look()
    assert pulse.problems() == ["store: no room"]
    await pulse.look_at_pauses()
    assert pulse.stopped() == ()


async def test_an_id_without_fate_and_parcel_is_told(
    tmp_path: Path, telemetry: Telemetry, clock: Clock
) -> None:
    store = await SqliteStore.open(tmp_path / "connect.db", recorder(), clock=clock)
    pulse = Pulse(store, telemetry, None, clock=clock)
    await state(store, Received("lost", "default", clock.now, 2))
    with capture_logs() as lines:
        await pulse.look()
    assert pulse.problems() == ["ledger: 1 unaccounted"]
    assert [line["unaccounted"] for line in lines] == [1]
    assert telemetry.registry.get_sample_value("fluent_connect_unaccounted") == 1
    await store.close()


async def test_no_progress_for_a_minute_is_not_ready_unless_it_was_stopped(
    tmp_path: Path, telemetry: Telemetry, clock: Clock
) -> None:
    store = await SqliteStore.open(tmp_path / "connect.db", recorder(), clock=clock)
    outages: list[str] = []
    pulse = Pulse(store, telemetry, None, clock=clock, outages=lambda: outages)
    await put(store, parcel("p", group="acme/route"))
    await pulse.look()
    assert pulse.problems() == []
    clock.advance(61)
    assert [each.partition(":")[0] for each in pulse.problems()] == ["progress"]
    outages.append("acme/*")
    assert pulse.problems() == []
    outages.clear()
    telemetry.last_commit = clock.now
    assert pulse.problems() == []
    await state(store, Paused("other/*", clock.now, "me"))
    await pulse.look_at_pauses()
    outages.append("acme/*")
    assert set(pulse.stopped()) == {"other/*", "acme/*"}
    await store.close()


async def test_a_pause_bites_while_the_rest_is_still_counted(
    tmp_path: Path, telemetry: Telemetry, clock: Clock
) -> None:
    store = await Slow.open(tmp_path / "connect.db", recorder(), clock=clock)
    Slow.patience = asyncio.Event()
    pulse = Pulse(store, telemetry, None, clock=clock)
    running = asyncio.create_task(pulse.run())
    await state(store, Paused("acme/*", clock.now, "me"))
    await until(pulse.stopped, within=5.0)
    assert pulse.depths == {}
    running.cancel()
    await store.close()


def test_a_long_look_leaves_the_store_alone_for_longer() -> None:
    assert rest(0.1, every=10.0) == 10.0
    assert rest(11.0, every=10.0) == 99.0


async def test_a_disk_that_fills_is_warned_of_and_then_refused(
    tmp_path: Path, telemetry: Telemetry, clock: Clock
) -> None:
    store = await SqliteStore.open(tmp_path / "connect.db", recorder(), clock=clock)
    pulse = Pulse(store, telemetry, tmp_path, warn=0.0, refuse=2.0, clock=clock)
    with capture_logs() as lines:
        await pulse.look()
    assert [line["event"] for line in lines] == ["disk low"]
    assert not pulse.disk_full
    pulse.room = disk.Room(2.0, 0)
    assert pulse.disk_full
    assert pulse.problems() == ["disk: 200% used, 0 bytes free"]
    await store.close()
