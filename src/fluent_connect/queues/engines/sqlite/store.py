"""The SQLite store: queues and journal in one file, shared by one service and the CLI."""

import asyncio
import fcntl
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar
from zlib import crc32

import apsw

from fluent_connect.model.errors import ConfigError
from fluent_connect.model.fact import Recorder, Statement
from fluent_connect.model.outcome import Fence
from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.engines.sqlite.cache import Cache
from fluent_connect.queues.engines.sqlite.checkpoints import Checkpoints
from fluent_connect.queues.engines.sqlite.commit import Committer, parcel_of, release, renewed
from fluent_connect.queues.engines.sqlite.looks import Looks
from fluent_connect.queues.engines.sqlite.reader import Reader
from fluent_connect.queues.engines.sqlite.reclaim import reclaim
from fluent_connect.queues.engines.sqlite.schema import connect, migrate
from fluent_connect.queues.engines.sqlite.take import Taker
from fluent_connect.queues.engines.sqlite.thread import Commit, DatabaseThread, Take, Work
from fluent_connect.queues.store import Bodies, Delivery, Depth, Verdict, Write

T = TypeVar("T")


class SqliteStore:
    """A Store in one SQLite file (`Store` says what its methods promise)."""

    def __init__(
        self,
        path: Path,
        recorder: Recorder,
        *,
        clock: Callable[[], float],
        lease: float,
        record: Bodies,
        sample: float,
        serving: bool,
    ) -> None:
        self.path = path
        self._clock = clock
        self._lease = lease
        self._lock = _claim(path) if serving else None
        _keep_private(path)
        connection = connect(str(path))
        migrate(connection, recorder.migrations)
        self._cache = Cache()
        taker = Taker(connection, lease, self._cache)
        if serving:
            with connection:
                reclaim(connection, clock())
        self._checkpoints = Checkpoints(str(path), connection)
        self._thread = DatabaseThread(
            connection,
            Committer(connection, recorder, self._cache, _keeping(record, sample)),
            taker,
            clock,
            after=self._checkpoints.after_commit,
        )
        self._looks = Looks(self._thread)
        self._connection = connection
        self._reader = Reader(str(path))

    @classmethod
    async def open(
        cls,
        path: str | Path,
        recorder: Recorder,
        *,
        clock: Callable[[], float] = time.time,
        lease: float = 30.0,
        record: Bodies = "failed",
        sample: float = 0.01,
        serving: bool = False,
    ) -> "SqliteStore":
        """Open the file, make it if there is none, and bring its schema up to date.

        `serving`: this is the one process that takes deliveries; whatever a killed one held is
        ready at once. Raise ConfigError if another process serves the file, or if a newer version
        wrote it. `record` says which bodies are kept after their end, `sample` which share of them.
        """
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        return await asyncio.to_thread(
            cls,
            path,
            recorder,
            clock=clock,
            lease=lease,
            record=record,
            sample=sample,
            serving=serving,
        )

    async def commit(self, *writes: Write) -> Sequence[Verdict]:
        """Return what came of each write once all would survive a crash."""
        if not writes:
            return ()
        verdicts: Sequence[Verdict] = await self._thread.ask(Commit(_loop(), writes))
        return verdicts

    async def take(
        self, queue: str, limit: int, wait: float, *, paused: Collection[str] = ()
    ) -> Sequence[Delivery]:
        """Return 1 to `limit` deliveries, or none after `wait` seconds."""
        request = Take(_loop(), queue, limit, wait, tuple(paused))
        deliveries: Sequence[Delivery] = await self._thread.ask(request)
        return deliveries

    async def renew(self, *deliveries: Delivery) -> Sequence[bool]:
        """Move the end of each lease, in place; False where it is lost."""
        until = self._clock() + self._lease
        alive = await self._ask(lambda c: renewed(c, deliveries, until, self._cache))
        for delivery, ours in zip(deliveries, alive, strict=True):
            if ours:
                delivery.lease_until = until
        return alive

    async def release(self, *deliveries: Delivery) -> None:
        """Give deliveries back, untried."""
        await self._ask(lambda c: release(c, deliveries, self._cache), touches=True)

    async def fences(self, *keys: str) -> Mapping[str, Fence]:
        """Return the fences that stand."""
        if not keys:
            return {}
        found: Mapping[str, Fence] = await self._looks.ask(keys)
        return found

    async def delivered(self) -> int:
        """Return the number of the newest `Delivered` fact."""
        return self._cache.wakes.number

    async def original(self, id: str) -> Parcel | None:
        """Return a ct-queue parcel as it came in, while its bytes are kept."""
        rows = await self.read(
            Statement("SELECT id, headers, data FROM body WHERE id = ?", values=(id,))
        )
        for row in rows:
            return parcel_of(str(row["id"]), str(row["headers"]), bytes(row["data"]))  # type: ignore[call-overload]
        return None

    async def read(self, statement: Statement) -> Sequence[Mapping[str, object]]:
        """Return the rows of a search, read over a connection of its own."""
        return await asyncio.to_thread(self._reader.rows, statement)

    async def depth(self, queue: str) -> Depth:
        """Count the parcels of a queue."""
        rows = await self.read(Statement(_SQL_DEPTH, values=(self._clock(), queue)))
        counts = {int(str(row["kind"])): int(str(row["n"])) for row in rows}
        oldest = [float(str(row["oldest"])) for row in rows if row["kind"] != _DEAD]
        names = ("ready", "leased", "blocked", "parked", "dead", "scheduled")
        return Depth(
            **{name: counts.get(kind, 0) for kind, name in enumerate(names)},
            oldest=min(oldest, default=None),
        )

    async def backup(self, target: str | Path) -> None:
        """Write a consistent copy of the live store to a new file, while it goes on."""
        await asyncio.to_thread(self._reader.copy, Path(target))

    async def close(self) -> None:
        """Answer what waits, and let go of the file."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._thread.close()
        self._checkpoints.close()
        self._reader.close()
        self._connection.close()
        if self._lock is not None:
            os.close(self._lock)

    async def _ask(self, run: Callable[[apsw.Connection], T], *, touches: bool = False) -> T:
        answer: T = await self._thread.ask(Work(_loop(), run, touches=touches))
        return answer


_loop = asyncio.get_running_loop
_DEAD = 4
_SQL_DEPTH = (
    "SELECT CASE WHEN state <> 0 THEN state WHEN due > ?1 THEN 5 WHEN lane <> '' AND EXISTS ("
    "SELECT 1 FROM parcel out WHERE out.state = 1 AND out.queue = ?2 AND out.lane = parcel.lane)"
    " THEN 2 ELSE 0 END AS kind, count(*) AS n, min(put_at) AS oldest FROM parcel"
    " WHERE queue = ?2 GROUP BY kind"
)


def _keep_private(path: Path) -> None:
    """Have a new file readable by its owner alone: it holds customers' data."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _keeping(record: Bodies, sample: float) -> Callable[[str], bool]:
    """Return what says of an id whether its body is kept after its end."""
    if record == "sample":
        return lambda id_: crc32(id_.encode()) < sample * 2**32
    return lambda _: record == "all"


def served(path: Path) -> bool:
    """Say whether a process serves this file now."""
    try:
        lock = os.open(f"{path}.lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def _claim(path: Path) -> int:
    """Be the one process that serves this file, for as long as it lives."""
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        message = (
            f"another process serves {path}: SQLite serves one; stop the other, or use PostgreSQL"
        )
        raise ConfigError(message) from error
    return lock
