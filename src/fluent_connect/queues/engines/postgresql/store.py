"""The PostgreSQL store: queues and journal in one database, for any number of processes."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from zlib import crc32

import msgspec

from fluent_connect.model.fact import Recorder, Statement
from fluent_connect.model.ids import new_id
from fluent_connect.model.outcome import Fence
from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.engines.postgresql.commit import Committer
from fluent_connect.queues.engines.postgresql.ears import Ears
from fluent_connect.queues.engines.postgresql.link import UNREACHABLE, Link
from fluent_connect.queues.engines.postgresql.parking import Parking
from fluent_connect.queues.engines.postgresql.place import Place
from fluent_connect.queues.engines.postgresql.reader import Reader
from fluent_connect.queues.engines.postgresql.requests import Commit, Release, Renewal, Take
from fluent_connect.queues.engines.postgresql.roster import Roster
from fluent_connect.queues.engines.postgresql.schema import migrate
from fluent_connect.queues.engines.postgresql.take import Taker
from fluent_connect.queues.engines.postgresql.transaction import Transaction
from fluent_connect.queues.engines.postgresql.writer import Writer
from fluent_connect.queues.store import Bodies, Delivery, Depth, StoreError, Verdict, Write

_CHANNEL = "fluent_connect"


class PostgresStore:
    """A Store in one PostgreSQL database (`Store` says what its methods promise).

    worker: the name of this opening of the store, unique per start.
    """

    def __init__(
        self,
        place: Place,
        recorder: Recorder,
        link: Link,
        parking: Parking,
        *,
        clock: Callable[[], float] | None,
        lease: float,
        keeps: Callable[[str], bool],
        role: str | None,
    ) -> None:
        self.place = place
        self.worker = new_id()
        self._wall = clock or time.time
        self._link = link
        self._parking = parking
        self._roster = Roster(self.worker, role, self._wall)
        channel = f"{_CHANNEL}_{place.schema}" if place.schema else _CHANNEL
        taker = Taker(self.worker, lease, self._roster)
        transaction = Transaction(
            link,
            Committer(recorder, keeps, self._parking, taker.heads),
            taker,
            self._parking,
            clock=clock,
            channel=channel,
            roster=self._roster,
        )
        self._writer = Writer(transaction, taker.heads, self._wall)
        ears = Link(place, by_index=True)
        hear = self._writer.touch
        self._ears = Ears(ears, channel=channel, worker=self.worker, hear=hear)
        self._reader = Reader(place)

    @classmethod
    async def open(
        cls,
        place: Place,
        recorder: Recorder,
        *,
        clock: Callable[[], float] | None = None,
        lease: float = 30.0,
        record: Bodies = "failed",
        sample: float = 0.01,
        role: str | None = None,
    ) -> "PostgresStore":
        """Open the database and bring its schema up to date.

        Raise ConfigError if it cannot be reached, or if a newer version wrote it. `clock` stands in
        for the server's, for tests. `role`: what this process does, if it serves. `record` says
        which bodies are kept after their end, `sample` which share of them.
        """
        link, parking = Link(place, by_index=True), Parking()
        try:
            await migrate(await link.opened(), recorder.migrations, place.schema)
            await parking.look(await link.get())
        except BaseException:
            await link.close()
            raise
        keeps = _keeping(record, sample)
        return cls(place, recorder, link, parking, clock=clock, lease=lease, keeps=keeps, role=role)

    @property
    def workers(self) -> int:
        """Return how many processes work on messages now, this one among them."""
        return self._roster.working

    async def commit(self, *writes: Write) -> Sequence[Verdict]:
        """Return what came of each write once all would survive a crash."""
        if not writes:
            return ()
        verdicts: Sequence[Verdict] = await self._writer.ask(Commit(writes))
        return verdicts

    async def take(
        self, queue: str, limit: int, wait: float, *, paused: Collection[str] = ()
    ) -> Sequence[Delivery]:
        """Return 1 to `limit` deliveries, or none after `wait` seconds."""
        request = Take(queue, limit, wait, tuple(paused))
        deliveries: Sequence[Delivery] = await self._writer.ask(request)
        return deliveries

    async def renew(self, *deliveries: Delivery) -> Sequence[bool]:
        """Move the end of each lease, in place; False where it is lost."""
        if not deliveries:
            return ()
        alive: Sequence[bool] = await self._writer.ask(Renewal(deliveries))
        return alive

    async def release(self, *deliveries: Delivery) -> None:
        """Give deliveries back, untried."""
        if deliveries:
            await self._writer.ask(Release(deliveries))

    async def fences(self, *keys: str) -> Mapping[str, Fence]:
        """Return the fences that stand."""
        return await self._ears.fences(keys) if keys else {}

    async def delivered(self) -> int:
        """Return the number of the newest `Delivered` fact that this process knows of.

        Others may have delivered since: then what parks with this number looks once too often.
        """
        return self._parking.number

    async def original(self, id: str) -> Parcel | None:
        """Return a ct-queue parcel as it came in, while its bytes are kept."""
        statement = Statement("SELECT headers, data FROM body WHERE id = ?", values=(id,))
        for row in await self.read(statement):
            headers = msgspec.json.decode(str(row["headers"]), type=dict[str, str])
            return Parcel(id=id, key="", body=row["data"], headers=headers)  # type: ignore[arg-type]
        return None

    async def read(self, statement: Statement) -> Sequence[Mapping[str, object]]:
        """Return the rows of a search, read over a connection of its own."""
        return await self._reader.rows(statement)

    async def depth(self, queue: str) -> Depth:
        """Count the parcels of a queue."""
        now = self._wall()
        rows = await self.read(Statement(_SQL_DEPTH, values=(now, queue)))
        counts = {str(row["kind"]): int(str(row["n"])) for row in rows}
        oldest = [float(str(row["oldest"])) for row in rows if row["kind"] != "dead"]
        return Depth(**counts, oldest=min(oldest, default=None))

    async def close(self) -> None:
        """Answer what waits, and let go of the connections."""
        await self._writer.close()
        await self._ears.close()
        with contextlib.suppress(StoreError, *UNREACHABLE):
            await self._roster.leave(await self._link.get())
        await asyncio.gather(self._reader.close(), self._link.close())


_SQL_DEPTH = """
    SELECT CASE WHEN state = 1 THEN 'leased' WHEN state = 2 THEN 'blocked'
            WHEN state = 3 THEN 'parked' WHEN state = 4 THEN 'dead'
            WHEN due > ? THEN 'scheduled'
            WHEN lane <> '' AND EXISTS (SELECT 1 FROM parcel o WHERE o.state = 1 AND o.lane <> ''
                AND o.queue = p.queue AND o.lane = p.lane) THEN 'blocked'
            ELSE 'ready' END AS kind, count(*) AS n, min(put_at) AS oldest
    FROM parcel p WHERE queue = ? GROUP BY kind"""


def _keeping(record: Bodies, sample: float) -> Callable[[str], bool]:
    """Return what says of an id whether its body is kept after its end."""
    if record == "sample":
        return lambda id_: crc32(id_.encode()) < sample * 2**32
    return lambda _: record == "all"
