"""A Message that does not come with the others is noticed, looked for and told of."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from contracts.scene import Clock
from fluent_connect.app.config.commercetools import GapsSection
from fluent_connect.app.gap_fetching import GapFetcher
from fluent_connect.app.gaps import GapWatch
from fluent_connect.app.housekeeping import Housekeeping, Keep
from fluent_connect.app.telemetry import Telemetry
from fluent_connect.clients.commercetools.client import Commercetools, CommercetoolsApi
from fluent_connect.clients.trace import Trace
from fluent_connect.clients.transport import Answer
from fluent_connect.journal.gaps import Gap, gaps_from_rows, gaps_statement
from fluent_connect.journal.ledger import Ledger, ledger_statement
from fluent_connect.journal.record import recorder
from fluent_connect.journal.schema import MIGRATIONS
from fluent_connect.journal.timeline import timeline_from_rows, timeline_statement
from fluent_connect.listener.account_mapping import AccountMap
from fluent_connect.listener.ct_queue_listener import CTQueueListener
from fluent_connect.listener.parse import parse
from fluent_connect.listener.route_mapping import RouteMap
from fluent_connect.model.fact import Received, Told
from fluent_connect.model.notification import Reference, sequence_key
from fluent_connect.model.outcome import Dead, Later, Outcome, Skipped, Unseen
from fluent_connect.model.parcel import CT_QUEUE, Parcel, Put
from fluent_connect.queues.engines.sqlite import SqliteStore
from fluent_connect.queues.store import Write
from unit.clients.wire import COMMERCETOOLS, Wire, commercetools_door, json

START = 1_800_000_000.0
_BEFORE = next(i for i, step in enumerate(MIGRATIONS) if "TABLE gap" in step)


class Scene:
    """A store, a clock, and notifications that come or do not."""

    def __init__(self, store: SqliteStore, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.telemetry = Telemetry()
        self.count = 1

    def watch(
        self, *, full: bool = True, record: str = "all", fetch: GapFetcher | None = None
    ) -> GapWatch:
        section = GapsSection.model_validate({"after": "10m", "record": record})
        return GapWatch(
            self.store,
            self.telemetry,
            section,
            full=lambda _: full,
            fetch=fetch,
            project="shop",
            clock=self.clock,
        )

    async def come(self, *numbers: int, of: str = "o-1", project: str = "shop") -> str:
        """Take Messages of these numbers to their end; return the id of the last."""
        self.clock.advance(1.0)
        ids = await self._receive(len(numbers))
        taken = await self.store.take(CT_QUEUE, len(numbers), 0.0)
        writes = []
        for delivery, number in zip(taken, numbers, strict=True):
            told = self._told(delivery.parcel.id, number, of, project)
            guards = (Unseen(sequence_key(project or "shop", Reference("order", of), number)),)
            outcome = Outcome(Skipped("filtered"), guards=guards, facts=(told,))
            writes.append(Write(outcome, delivery))
        await self.store.commit(*writes)
        return ids[-1]

    async def stumble(self, number: int, fate: Dead | Later, of: str = "o-1") -> None:
        """Take a Message that cannot be handed on: it is dead, or tried again."""
        (id_,) = await self._receive(1)
        delivery = (await self.store.take(CT_QUEUE, 1, 0.0))[0]
        facts = (self._told(id_, number, of, "shop"),)
        await self.store.commit(Write(Outcome(fate, facts=facts), delivery))

    async def _receive(self, count: int) -> Sequence[str]:
        ids = [f"{number:032x}" for number in range(self.count, self.count + count)]
        self.count += count
        writes = []
        for id_ in ids:
            received = Received(id_, "eu", self.clock.now, 2)
            parcel = Parcel(id_, "", b"{}", {"door": "eu"})
            writes.append(Write(Outcome(puts=(Put(CT_QUEUE, parcel),), facts=(received,))))
        await self.store.commit(*writes)
        return ids

    def _told(self, id_: str, number: int | None, of: str, project: str) -> Told:
        return Told(id_, f"n-{id_}", "X", project, "order", of, 7, number, self.clock.now)

    async def gaps(self) -> dict[int, str]:
        return {each.sequence: each.state for each in await self.rows()}

    async def rows(self) -> Sequence[Gap]:
        return gaps_from_rows(await self.store.read(gaps_statement()))


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    clock = Clock(START)
    store = await SqliteStore.open(tmp_path / "connect.db", recorder(), clock=clock)
    yield Scene(store, clock)
    await store.close()


async def test_a_gap_is_noticed_once_its_time_is_over(scene: Scene) -> None:
    watch = scene.watch()
    await watch.sweep()
    await scene.come(1, 2)
    last = await scene.come(5)
    await watch.sweep()
    assert await scene.gaps() == {}
    scene.clock.advance(601)
    with capture_logs() as logs:
        await watch.sweep()
        await watch.sweep()
    assert await scene.gaps() == {3: "missing", 4: "missing"}
    assert [each["sequence"] for each in logs] == [3, 4]
    assert logs[0]["event"] == "message missing"
    (first, _) = await scene.rows()
    assert (first.revealed, first.door, first.project_key) == (last, "eu", "shop")
    assert b'sequence_gaps{state="missing"} 2.0' in generate_latest(scene.telemetry.registry)
    steps = timeline_from_rows(await scene.store.read(timeline_statement("o-1", scene.clock.now)))
    told = [(each.unit, each.sequence, each.state) for each in steps if each.what == "gap"]
    assert sorted(told) == [(last, 3, "missing"), (last, 4, "missing")]


async def test_what_comes_in_another_order_within_its_time_is_no_gap(scene: Scene) -> None:
    watch = scene.watch()
    await watch.sweep()
    await scene.come(1, 4, 3, 2, 5)
    scene.clock.advance(700)
    await watch.sweep()
    assert await scene.gaps() == {}


async def test_a_gap_that_closes_late_has_arrived(scene: Scene) -> None:
    watch = scene.watch()
    await watch.sweep()
    await scene.come(1, 3)
    scene.clock.advance(700)
    await watch.sweep()
    assert await scene.gaps() == {2: "missing"}
    await scene.come(2)
    await watch.sweep()
    assert await scene.gaps() == {2: "arrived"}
    scene.clock.advance(700)
    await watch.sweep()
    assert await scene.gaps() == {2: "arrived"}


async def test_what_waits_or_is_dead_has_come(scene: Scene) -> None:
    watch = scene.watch()
    await watch.sweep()
    await scene.come(1)
    await scene.stumble(2, Dead("no account"))
    await scene.stumble(3, Later(86_400.0, "busy"))
    await scene.come(4, 6)
    scene.clock.advance(700)
    await watch.sweep()
    assert await scene.gaps() == {5: "missing"}


async def test_nobody_misses_what_was_before_the_first_that_came(scene: Scene) -> None:
    watch = scene.watch()
    await watch.sweep()
    await scene.come(7, 8)
    await scene.come(3, of="o-2", project="")
    await scene.come(5, of="o-2", project="")
    scene.clock.advance(700)
    await watch.sweep()
    assert {(each.resource, each.sequence) for each in await scene.rows()} == {("o-2", 4)}
    assert [each.project_key for each in await scene.rows()] == ["shop"]


async def test_it_begins_with_what_comes_and_goes_on_after_a_restart(scene: Scene) -> None:
    await scene.come(1, 3)
    scene.clock.advance(700)
    first = scene.watch()
    await first.sweep()
    assert await scene.gaps() == {}
    await scene.come(5)
    scene.clock.advance(700)
    scene.telemetry = Telemetry()
    await scene.watch().sweep()
    assert await scene.gaps() == {4: "missing"}


async def test_of_a_type_that_is_taken_in_part_a_gap_is_only_possible(scene: Scene) -> None:
    watch = scene.watch(full=False)
    await watch.sweep()
    await scene.come(1, 3)
    scene.clock.advance(700)
    with capture_logs() as logs:
        await watch.sweep()
    assert (await scene.gaps(), logs) == ({2: "possible"}, [])
    await scene.come(2)
    await watch.sweep()
    assert await scene.gaps() == {2: "arrived"}


async def test_possible_gaps_may_go_unrecorded(scene: Scene) -> None:
    watch = scene.watch(full=False, record="full")
    await watch.sweep()
    await scene.come(1, 3)
    scene.clock.advance(700)
    await watch.sweep()
    assert await scene.gaps() == {}


async def test_many_pages_of_messages_are_gone_over(scene: Scene) -> None:
    watch = scene.watch()
    await watch.sweep()
    await scene.come(*(number for number in range(1, 1202) if number not in {3, 700, 1100}))
    scene.clock.advance(700)
    await watch.sweep()
    assert await scene.gaps() == dict.fromkeys((3, 700, 1100), "missing")


def message(number: int) -> dict[str, object]:
    return {
        "id": f"m-{number}",
        "version": 1,
        "sequenceNumber": number,
        "resource": {"typeId": "order", "id": "o-1"},
        "resourceVersion": number,
        "type": "OrderStateChanged",
        "orderState": "Confirmed",
        "createdAt": "2026-01-01T00:00:00.000Z",
    }


def page(*numbers: int) -> Answer:
    return json({"results": [message(number) for number in numbers]})


def fetcher(scene: Scene, wire: Wire) -> GapFetcher:
    api = CommercetoolsApi(commercetools_door(wire), COMMERCETOOLS.project_key)

    def opened(project: str) -> Commercetools | None:
        return api.bound(Trace()) if project == "shop" else None

    return GapFetcher(scene.store, opened, clock=scene.clock)


async def lacking(scene: Scene, wire: Wire) -> GapWatch:
    """Let 2 and 3 be missing, with commercetools at the other end of `wire`."""
    watch = scene.watch(fetch=fetcher(scene, wire))
    await watch.sweep()
    await scene.come(1, 4)
    scene.clock.advance(700)
    return watch


async def test_what_is_missing_is_fetched_and_accounted_for(scene: Scene) -> None:
    wire = Wire(page(1, 2, 3, 4))
    watch = await lacking(scene, wire)
    await watch.sweep()
    assert await scene.gaps() == {2: "fetched", 3: "fetched"}
    (request,) = wire.requests
    assert (
        "/messages?where=resource%28typeId%3D%22order%22%20and%20id%3D%22o-1%22%29" in request.url
    )
    assert "sort=sequenceNumber%20asc" in request.url
    delivery = (await scene.store.take(CT_QUEUE, 1, 0.0))[0]
    assert delivery.parcel.headers["door"] == "eu"
    read = parse(delivery.parcel.body)
    assert (read.id, read.sequence, read.project_key) == ("m-2", 2, "shop")
    assert read.payload["orderState"] == "Confirmed"
    assert (await scene.rows())[0].unit == delivery.parcel.id
    ledger = Ledger.from_rows(await scene.store.read(ledger_statement(scene.clock.now)))
    assert (ledger.accepted, ledger.waiting, ledger.unaccounted) == (4, 2, 0)
    await watch.sweep()
    assert len(wire.requests) == 1


async def test_one_that_comes_late_as_well_is_a_repeat(scene: Scene) -> None:
    wire = Wire(page(2, 3))
    await (await lacking(scene, wire)).sweep()
    listener = CTQueueListener(RouteMap(()), AccountMap(()), clock=scene.clock)
    for delivery in await scene.store.take(CT_QUEUE, 2, 0.0):
        await scene.store.commit(Write(await listener(delivery), delivery))
    await scene.come(2)
    ledger = Ledger.from_rows(await scene.store.read(ledger_statement(scene.clock.now)))
    assert (ledger.accepted, ledger.repeats, ledger.unaccounted) == (4, 1, 0)
    assert await scene.gaps() == {2: "fetched", 3: "fetched"}


async def test_what_commercetools_has_no_more_is_gone_after_three_looks(scene: Scene) -> None:
    wire = Wire(page(1, 3), page(4))
    watch = await lacking(scene, wire)
    await watch.sweep()
    assert await scene.gaps() == {2: "missing", 3: "fetched"}
    await watch.sweep()
    assert len(wire.requests) == 1
    with capture_logs() as logs:
        for _ in range(3):
            scene.clock.advance(700)
            await watch.sweep()
    assert len(wire.requests) == 3
    assert await scene.gaps() == {2: "gone", 3: "fetched"}
    assert [each["event"] for each in logs] == ["missing message gone"]


@pytest.mark.parametrize("status", [403, 404, 501])
async def test_a_project_that_keeps_no_messages_is_asked_again_after_an_hour(
    scene: Scene, status: int
) -> None:
    wire = Wire(json({"message": "no"}, status))
    watch = await lacking(scene, wire)
    with capture_logs() as logs:
        for _ in range(4):
            await watch.sweep()
            scene.clock.advance(700)
    assert len(wire.requests) == 1
    told = [each["event"] for each in logs]
    assert told.count("missing messages cannot be fetched") == 1
    assert await scene.gaps() == {2: "missing", 3: "missing"}
    assert f"answered {status}" in (await scene.rows())[0].why
    scene.clock.advance(3600)
    await watch.sweep()
    assert len(wire.requests) == 2


async def test_an_outage_of_commercetools_leaves_all_as_it_is(scene: Scene) -> None:
    wire = Wire(json({"message": "busy"}, 503), page(2, 3))
    watch = await lacking(scene, wire)
    await watch.sweep()
    assert await scene.gaps() == {2: "missing", 3: "missing"}
    await watch.sweep()
    assert await scene.gaps() == {2: "fetched", 3: "fetched"}


async def test_old_gaps_go_with_the_rest(scene: Scene) -> None:
    watch = scene.watch()
    await watch.sweep()
    await scene.come(1, 3)
    scene.clock.advance(700)
    await watch.sweep()
    keep = Keep(settled=3600.0, seen=86400.0, bodies=3600.0)
    house = Housekeeping(scene.store, keep, clock=scene.clock)
    await house.clean()
    assert await scene.gaps() == {2: "missing"}
    scene.clock.advance(3700)
    await house.clean()
    assert await scene.gaps() == {}


async def test_a_store_of_before_begins_with_what_comes_after_its_upgrade(tmp_path: Path) -> None:
    file, clock, now = tmp_path / "connect.db", Clock(START), recorder()
    old = msgspec.structs.replace(now, migrations=now.migrations[:_BEFORE])
    before = Scene(await SqliteStore.open(file, old, clock=clock), clock)
    await before.come(1, 3)
    await before.stumble(4, Later(86_400.0, "busy"))
    await before.store.close()
    after = Scene(await SqliteStore.open(file, now, clock=clock), clock)
    try:
        clock.advance(700)
        watch = after.watch()
        await watch.sweep()
        assert await after.gaps() == {}
        assert (await after.store.depth(CT_QUEUE)).waiting == 1
        after.count = before.count
        await after.come(7)
        clock.advance(700)
        await watch.sweep()
        assert await after.gaps() == {5: "missing", 6: "missing"}
    finally:
        await after.store.close()
