"""A store over time: written by a newer version, brought up to date in place, backed up."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from contracts.scene import Clock, parcel, put, settle, state, take_all, take_one
from e2e.harness import Books, Connector, change, told, until
from e2e.test_life import tell
from fluent_connect.journal.record import recorder
from fluent_connect.model.errors import ConfigError
from fluent_connect.model.fact import Paused, Received, Statement
from fluent_connect.model.outcome import Dead, Done, Fate, Fence, Later, Newer, Parked, Unseen
from fluent_connect.model.parcel import EVENT_QUEUE
from fluent_connect.queues.engines.sqlite import SqliteStore
from fluent_connect.queues.store import Depth
from fluent_connect.sandbox.servers import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
_STEP = """
ALTER TABLE receipt ADD COLUMN region TEXT NOT NULL DEFAULT 'nowhere';
CREATE INDEX receipt_region ON receipt (region);
"""


async def test_a_store_of_a_newer_version_is_refused_and_left_alone(
    environ: dict[str, str], quick: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    async with Connector(data, environ, config=quick) as connector:
        assert await connector.post(change("cart", "x")) == 202
        await connector.settled()
        assert await connector.stop() == 0
    newer = apsw.Connection(str(data / "connect.db"))
    newer.execute("UPDATE schema_version SET version = version + 1").fetchall()
    newer.close()
    refused = Connector(data, environ, config=quick)
    await refused.start()
    assert await refused.ended() == 3
    await refused.end()
    assert "run the version that wrote it" in refused.text
    assert Books(data).ledger().accepted == 1


async def test_a_store_is_brought_up_to_date_with_messages_in_all_states(tmp_path: Path) -> None:
    file, clock = tmp_path / "connect.db", Clock()
    old = recorder()
    new = msgspec.structs.replace(old, migrations=(*old.migrations, _STEP))
    before = await SqliteStore.open(file, old, clock=clock, serving=True)
    await fill(before)
    depth = await before.depth(EVENT_QUEUE)
    assert depth == Depth(
        ready=1, scheduled=1, leased=1, blocked=1, parked=1, dead=1, oldest=clock.now
    )
    await before.close()

    after = await SqliteStore.open(file, new, clock=clock, serving=True)
    try:
        (row,) = await after.read(Statement("SELECT id, region FROM receipt"))
        assert row == {"id": "accepted", "region": "nowhere"}
        whole = await after.depth(EVENT_QUEUE)
        assert (whole.parked, whole.dead, whole.waiting) == (1, 1, 5)
        assert (await after.fences("fence"))["fence"].version == 7
        clock.advance(3600)
        taken = {each.parcel.id: each.tries for each in await take_all(after)}
        assert taken == {"leased": 2, "ready": 1, "later": 2, "parked": 1}
    finally:
        await after.close()
    with pytest.raises(ConfigError, match="is version"):
        await SqliteStore.open(file, old, clock=clock)


async def fill(store: SqliteStore) -> None:
    """Bring parcels into every state that there is."""
    await state(store, Received("accepted", "default", 1.0, 2), Paused("acme/*", 1.0, "me"))
    ends: dict[str, Fate] = {
        "later": Later(60.0, "busy"),
        "parked": Parked("no parent", "acme/1/product/P", 0, 60.0),
        "dead": Dead("refused"),
        "done": Done(),
    }
    for id_, fate in ends.items():
        await put(store, parcel(id_, f"lane-{id_}"))
        guards = (Unseen(id_), Newer("fence", Fence(7))) if id_ == "done" else ()
        await settle(store, await take_one(store), fate, guards=guards)
    await put(store, parcel("leased", "lane"))
    await take_one(store)
    await put(store, parcel("blocked", "lane"), parcel("ready", "other"))


async def test_a_backup_under_load_is_restored_and_nothing_is_doubled(
    sandbox: Sandbox, environ: dict[str, str], quick: Path, tmp_path: Path
) -> None:
    data, file, restored = tmp_path / "data", tmp_path / "backup.db", tmp_path / "restored"
    bodies = [_of(order) for order in sandbox.commercetools.project.scan("order")]
    bodies += [_of(each) for each in sandbox.commercetools.project.scan("customer")]
    async with Connector(data, environ, config=quick) as connector:
        half = len(bodies) // 2
        for body in bodies[:half]:
            assert await connector.post(body) == 202
        await until(lambda: Books(data).parcels())
        await tell(data, "backup", str(file))
        for body in bodies[half:]:
            assert await connector.post(body) == 202
        await connector.settled(accepted=len(bodies))
        assert await connector.stop() == 0
    await tell(restored, "restore", str(file))
    async with Connector(restored, environ, config=quick) as again:
        for body in bodies:
            assert await again.post(body) == 202
        ledger = await again.settled(accepted=half + len(bodies))
        assert (ledger.dead, ledger.unaccounted) == (0, 0), Books(restored).told()
        assert await again.stop() == 0
    for kind in ("order", "customer", "standardProduct", "variantProduct", "category"):
        made = [each["ref"] for each in sandbox.fluent.entities.creations(kind)]
        assert len(made) == len(set(made)), kind
    assert len(sandbox.fluent.entities.creations("order")) == 6


def _of(resource: Mapping[str, Any]) -> dict[str, object]:
    kind, type_id = ("OrderCreated", "order")
    if "orderNumber" not in resource:
        kind, type_id = ("CustomerCreated", "customer")
    return told(kind, type_id, resource["id"])
