"""Many writes, one transaction: guards read in batches, each write applied or refused whole."""

from collections.abc import Callable, Sequence

import asyncpg
import msgspec

from fluent_connect.model.fact import (
    Delivered,
    Dropped,
    Fact,
    Recorder,
    Revived,
    Sent,
    Settled,
)
from fluent_connect.model.outcome import (
    Dead,
    Done,
    Fate,
    Fence,
    Later,
    Newer,
    Outcome,
    Parked,
    Skipped,
    Superseded,
    Unseen,
)
from fluent_connect.model.parcel import Put
from fluent_connect.queues.engines.postgresql import statements as sql
from fluent_connect.queues.engines.postgresql.dialect import storable
from fluent_connect.queues.engines.postgresql.lanes import free
from fluent_connect.queues.engines.postgresql.parking import Parking
from fluent_connect.queues.engines.postgresql.rows import Rows, Shapes
from fluent_connect.queues.store import Delivery, Verdict, Write

_encode = msgspec.json.Encoder().encode
_NATIVE = (Delivered, Sent, Revived, Dropped)
_NO_HEADERS = "{}"
ANY = "*"


class CollidedError(Exception):
    """Another process changed what this transaction was decided by: decide once more."""


class Standing:
    """What guards and leases are judged by, read once for all writes of a transaction.

    epochs: None where each lease is taken to stand, which the statements themselves then prove.
    """

    def __init__(
        self, seen: set[str], versions: dict[str, int], epochs: dict[int, int] | None
    ) -> None:
        self.seen = seen
        self.versions = versions
        self.stood = dict(versions)
        """The versions as they were read, which the commit of newer ones must still find."""
        self.epochs = epochs
        self._settled: set[int] = set()

    def settles(self, delivery: Delivery) -> bool:
        """Say whether the lease stands and was not settled by an earlier write."""
        seq, epoch = lease_of(delivery)
        if seq in self._settled or (self.epochs is not None and self.epochs.get(seq) != epoch):
            return False
        self._settled.add(seq)
        return True


class Committer:
    """Applies writes to the tables, within a transaction that its caller opens and ends."""

    def __init__(self, recorder: Recorder, keeps: Callable[[str], bool], parking: Parking) -> None:
        self._record = recorder.record
        self._keeps = keeps
        self._parking = parking
        self._shapes = Shapes()

    async def apply(
        self,
        connection: asyncpg.Connection,
        writes: Sequence[Write],
        standing: Standing,
        now: float,
    ) -> tuple[list[Verdict], set[str]]:
        """Return the verdict of each write, and the queues in which something may be ready.

        Raise CollidedError if what it was decided by no longer holds.
        """
        work = _Work(now, Rows(self._shapes))
        verdicts = [self._decide(write, standing, work) for write in writes]
        await _guards(connection, work, standing)
        await self._send(connection, work)
        return verdicts, work.touched

    def _decide(self, write: Write, standing: Standing, work: "_Work") -> Verdict:
        outcome, delivery = write.outcome, write.delivery
        fate = outcome.fate
        if delivery is not None:
            if not standing.settles(delivery):
                return Verdict.LEASE_LOST
            if fate is None:
                return Verdict.REFUSED
        verdict, by = judge(outcome, standing)
        if verdict is Verdict.APPLIED:
            self._accept(outcome, standing, work)
        elif fate is not None:
            fate = Superseded(by)
        if delivery is not None and fate is not None:
            self._settle(delivery, fate, work)
        return verdict

    def _accept(self, outcome: Outcome, standing: Standing, work: "_Work") -> None:
        for guard in outcome.guards:
            if isinstance(guard, Unseen):
                standing.seen.add(guard.key)
                work.seen.append(guard.key)
            else:
                standing.versions[guard.key] = guard.fence.version
                work.fences[guard.key] = _fence_row(guard, work.now)
        for put in outcome.puts:
            _put(put, work)
        for fact in outcome.facts:
            self._remember(fact, work)

    def _remember(self, fact: Fact, work: "_Work") -> None:
        if isinstance(fact, _NATIVE):
            work.native.append(fact)
        for statement in self._record(fact):
            work.rows.statement(statement)

    def _settle(self, delivery: Delivery, fate: Fate, work: "_Work") -> None:
        parcel, lease = delivery.parcel, lease_of(delivery)
        if parcel.key:
            work.lanes.add((delivery.queue, parcel.key))
        work.touched.add(delivery.queue)
        if isinstance(fate, Later):
            row = (*lease, work.now + fate.after, 0 if fate.counts else 1, storable(fate.reason))
            work.later.append(row)
        elif isinstance(fate, Parked):
            work.parked.append((lease, fate))
        elif isinstance(fate, Dead):
            work.dead.append((*lease, storable(fate.reason), storable(fate.error)))
            self._end(delivery, "dead", fate.reason, work)
        else:
            work.gone.append(lease)
            work.bodies.append(parcel.origin or parcel.id)
            self._end(delivery, *_end(fate), work)

    def _end(self, delivery: Delivery, state: str, reason: str, work: "_Work") -> None:
        self._remember(Settled(delivery.parcel.id, state, reason, work.now, delivery.tries), work)

    async def _send(self, connection: asyncpg.Connection, work: "_Work") -> None:
        if work.gone:
            rows = await connection.fetch(sql.GONE, [seq for seq, _ in work.gone])
            _all_of(sorted((row["seq"], row["epoch"]) for row in rows) == sorted(work.gone))
        for text, settled in ((sql.SET_LATER, work.later), (sql.SET_DEAD, work.dead)):
            if settled:
                done = await connection.execute(text, *zip(*settled, strict=True))
                _all_of(count_of(done) == len(settled))
        await self._native(connection, work)
        await work.rows.send(connection)
        if work.lanes:
            await free(connection, work.lanes)
        forgotten = [id_ for id_ in work.bodies if not self._keeps(id_)]
        if forgotten:
            await connection.execute(sql.BODIES, forgotten)
        await self._parking_last(connection, work)

    async def _native(self, connection: asyncpg.Connection, work: "_Work") -> None:
        for fact in work.native:
            if isinstance(fact, Delivered):
                work.delivered.append(fact.ref)
                continue
            work.touched.add(ANY)
            if isinstance(fact, Sent):
                await connection.execute(sql.SENT, fact.queue, list(fact.ids))
            elif isinstance(fact, Revived):
                await connection.execute(sql.REVIVE, work.now, list(fact.ids))
            elif isinstance(fact, Dropped):
                for row in await connection.fetch(sql.DROP, list(fact.ids)):
                    work.lanes.add((row["queue"], row["lane"]))
                    work.bodies.append(row["origin"] or row["id"])
                    dropped = (row["id"], "skipped", "dropped by operator", work.now, row["tries"])
                    self._remember(Settled(*dropped), work)

    async def _parking_last(self, connection: asyncpg.Connection, work: "_Work") -> None:
        """Do what holds up other processes as late as can be."""
        if work.delivered:
            work.touched |= await self._parking.deliver(connection, work.delivered, work.now)
        if work.parked:
            parked = await self._parking.park(connection, work.parked, work.now)
            _all_of(parked == len(work.parked))


class _Work:
    """What a transaction has to do."""

    __slots__ = (
        "bodies",
        "dead",
        "delivered",
        "fences",
        "gone",
        "lanes",
        "later",
        "native",
        "now",
        "parked",
        "rows",
        "seen",
        "touched",
    )

    def __init__(self, now: float, rows: Rows) -> None:
        self.now = now
        self.rows = rows
        self.seen: list[str] = []
        self.fences: dict[str, tuple[object, ...]] = {}
        self.gone: list[tuple[int, int]] = []
        self.later: list[tuple[object, ...]] = []
        self.parked: list[tuple[tuple[int, int], Parked]] = []
        self.dead: list[tuple[object, ...]] = []
        self.native: list[Fact] = []
        self.delivered: list[str] = []
        self.bodies: list[str] = []
        self.lanes: set[tuple[str, str]] = set()
        self.touched: set[str] = set()


async def _guards(connection: asyncpg.Connection, work: _Work, standing: Standing) -> None:
    """Write what guards remember, in one order in all processes, so that none waits in a circle."""
    if work.seen:
        done = await connection.execute(sql.ADD_SEEN, sorted(work.seen), work.now)
        _all_of(count_of(done) == len(work.seen))
    keys = sorted(work.fences)
    risen = [(*work.fences[key], standing.stood[key]) for key in keys if key in standing.stood]
    added = [work.fences[key] for key in keys if key not in standing.stood]
    for text, rows in ((sql.SET_FENCE, risen), (sql.ADD_FENCE, added)):
        if rows:
            done = await connection.execute(text, *zip(*rows, strict=True))
            _all_of(count_of(done) == len(rows))


def _put(put: Put, work: _Work) -> None:
    parcel, now = put.parcel, work.now
    work.touched.add(put.queue)
    headers = _encode(parcel.headers).decode() if parcel.headers else _NO_HEADERS
    inline = parcel.origin is not None
    if not inline:
        work.rows.add(*sql.ADD_BODY, (parcel.id, headers, parcel.body, now))
    row = (
        put.queue,
        parcel.id,
        parcel.key,
        1 if parcel.rank == "bulk" else 0,
        parcel.group,
        parcel.not_before or now,
        int(parcel.ordered),
        parcel.origin,
        headers if inline else None,
        parcel.body if inline else None,
        now,
    )
    work.rows.add(*sql.ADD_PARCEL, row)


def judge(outcome: Outcome, standing: Standing) -> tuple[Verdict, str]:
    """Return what the guards say, and of a refusal why."""
    for guard in outcome.guards:
        if isinstance(guard, Unseen):
            if guard.key in standing.seen:
                return Verdict.DUPLICATE, f"duplicate of {guard.key}"
            continue
        stands = standing.versions.get(guard.key)
        if stands is not None and not _passes(guard, stands):
            return Verdict.SUPERSEDED, f"version {stands} was applied"
    return Verdict.APPLIED, ""


def _passes(guard: Newer, stands: int) -> bool:
    version = guard.fence.version
    return version > stands or (guard.or_equal and version == stands)


def _fence_row(guard: Newer, now: float) -> tuple[object, ...]:
    fence: Fence = guard.fence
    dependencies = _encode(fence.dependencies).decode()
    deleted = int(fence.deleted)
    named = (guard.key, fence.version, fence.fingerprint, fence.output)
    return (*named, deleted, dependencies, now)


def _end(fate: Done | Skipped | Superseded) -> tuple[str, str]:
    match fate:
        case Done(note):
            return "done", note
        case Skipped(reason):
            return "skipped", reason
        case Superseded(by):
            return "superseded", by


def _all_of(holds: bool) -> None:  # noqa: FBT001 - reads as the sentence that it is
    if not holds:
        raise CollidedError


def count_of(tag: str) -> int:
    """Return the number of rows that the tag of a command tells: "INSERT 0 3", "DELETE 2"."""
    return int(tag.rpartition(" ")[2])


def lease_of(delivery: Delivery) -> tuple[int, int]:
    """Return the row and the epoch that a delivery's lease names."""
    seq, _, epoch = delivery.lease.partition(".")
    return int(seq), int(epoch)
