"""Every commit of ours waits for the disk, whatever the server is used to."""

from urllib.parse import urlsplit

import asyncpg

from contracts import postgres
from fluent_connect.journal.record import recorder
from fluent_connect.model.fact import Received, Statement
from fluent_connect.model.outcome import Outcome
from fluent_connect.queues.engines.postgresql import Place, PostgresStore
from fluent_connect.queues.store import Write

_NOTED = "ALTER TABLE receipt ADD COLUMN waits TEXT DEFAULT current_setting('synchronous_commit')"


async def test_commits_wait_for_the_disk_though_the_database_is_not_used_to_it(url: str) -> None:
    place = urlsplit(url)
    await postgres.run(f'ALTER DATABASE "{place.path.strip("/")}" SET synchronous_commit = off')
    store = await PostgresStore.open(Place.of(url), recorder())
    beside = await asyncpg.connect(postgres.url_of(place.path.strip("/")))
    await beside.execute(f"SET search_path = {place.query.partition('=')[2]}")
    await beside.execute(_NOTED)
    await beside.close()
    await store.commit(Write(Outcome(facts=(Received("a", "door", 1.0, 2),))))
    (row,) = await store.read(Statement("SELECT waits FROM receipt"))
    assert row["waits"] == "on"
    await store.close()
