"""Many writes, one transaction: guards read in batches, each write applied or refused whole."""

from collections.abc import Callable, Sequence

import asyncpg

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
    Later,
    Newer,
    Outcome,
    Parked,
    Skipped,
    Superseded,
    Unseen,
)
from fluent_connect.queues.engines.postgresql import statements as sql
from fluent_connect.queues.engines.postgresql.dialect import storable
from fluent_connect.queues.engines.postgresql.heads import Heads
from fluent_connect.queues.engines.postgresql.lanes import free
from fluent_connect.queues.engines.postgresql.parking import Parking
from fluent_connect.queues.engines.postgresql.rows import Rows, Shapes
from fluent_connect.queues.engines.postgresql.work import ANY, Values, Work, lease_of, rank_of
from fluent_connect.queues.store import Delivery, Verdict, Write

_NATIVE = (Sent, Revived, Dropped)


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

    def __init__(
        self, recorder: Recorder, keeps: Callable[[str], bool], parking: Parking, heads: Heads
    ) -> None:
        self._record = recorder.record
        self._inserts = recorder.inserts
        self._keeps = keeps
        self._parking = parking
        self._heads = heads
        self.shapes = Shapes()

    def decide(
        self, writes: Sequence[Write], standing: Standing, now: float
    ) -> tuple[list[Verdict], Work]:
        """Return the verdict of each write, and what is to be done for them."""
        work = Work(now, Rows(self.shapes))
        verdicts = [self._decide(write, standing, work) for write in writes]
        return verdicts, work

    async def apply(
        self, connection: asyncpg.Connection, work: Work, standing: Standing, now: float
    ) -> None:
        """Do it. Raise CollidedError if what it was decided by no longer holds."""
        work.now = now
        await _guards(connection, work, standing)
        for step, rows in work.settled():
            await _run(connection, step, rows, now)
        await self._native(connection, work)
        for step, rows in work.added():
            await _run(connection, step, rows, now)
        await work.rows.send(connection)
        if work.lanes:
            work.told |= self._heads.back(await free(connection, work.lanes))
        await _run(connection, sql.BODIES, [(id_,) for id_ in work.bodies], now)
        await self._parking_last(connection, work)

    def _decide(self, write: Write, standing: Standing, work: Work) -> Verdict:
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

    def _accept(self, outcome: Outcome, standing: Standing, work: Work) -> None:
        for guard in outcome.guards:
            if isinstance(guard, Unseen):
                standing.seen.add(guard.key)
                work.seen.append(guard.key)
            else:
                standing.versions[guard.key] = guard.fence.version
                work.fence(guard)
        for put in outcome.puts:
            work.put(put)
            branch = (put.parcel.group, rank_of(put.parcel))
            self._heads[put.queue].put(branch, put.parcel.not_before or work.now)
        for fact in outcome.facts:
            self._remember(fact, work)

    def _remember(self, fact: Fact, work: Work) -> None:
        insert = self._inserts.get(type(fact))
        if insert is not None:
            work.rows.add(insert.form, insert.values(fact))
            return
        if isinstance(fact, Delivered):
            work.delivered.append(fact.ref)
        elif isinstance(fact, _NATIVE):
            work.native.append(fact)
        for statement in self._record(fact):
            work.rows.statement(statement)

    def _settle(self, delivery: Delivery, fate: Fate, work: Work) -> None:
        parcel, lease = delivery.parcel, lease_of(delivery)
        if parcel.key:
            work.lanes.add((delivery.queue, parcel.key))
        if isinstance(fate, Later):
            work.later.append((*lease, fate.after, 0 if fate.counts else 1, storable(fate.reason)))
            branch = (parcel.group, rank_of(parcel))
            self._heads[delivery.queue].put(branch, work.now + fate.after)
            work.told.add(delivery.queue)
        elif isinstance(fate, Parked):
            work.parked.append((lease, fate))
        elif isinstance(fate, Dead):
            work.dead.append((*lease, storable(fate.reason), storable(fate.error)))
            self._end(delivery, "dead", fate.reason, work)
        else:
            work.gone.append(lease)
            self._forget(parcel.origin or parcel.id, work)
            self._end(delivery, *_end(fate), work)

    def _forget(self, id: str, work: Work) -> None:
        if not self._keeps(id):
            work.bodies.append(id)

    def _end(self, delivery: Delivery, state: str, reason: str, work: Work) -> None:
        self._remember(Settled(delivery.parcel.id, state, reason, work.now, delivery.tries), work)

    async def _native(self, connection: asyncpg.Connection, work: Work) -> None:
        for fact in work.native:
            work.told.add(ANY)
            self._heads.doubt()
            if isinstance(fact, Sent):
                await connection.execute(sql.SENT, fact.queue, list(fact.ids))
            elif isinstance(fact, Revived):
                await connection.execute(sql.REVIVE, work.now, list(fact.ids))
            elif isinstance(fact, Dropped):
                for row in await connection.fetch(sql.DROP, list(fact.ids)):
                    work.lanes.add((row["queue"], row["lane"]))
                    self._forget(row["origin"] or row["id"], work)
                    dropped = (row["id"], "skipped", "dropped by operator", work.now, row["tries"])
                    self._remember(Settled(*dropped), work)

    async def _parking_last(self, connection: asyncpg.Connection, work: Work) -> None:
        """Do what holds up other processes as late as can be."""
        if work.delivered:
            woken = await self._parking.deliver(connection, work.delivered, work.now)
            work.told |= self._heads.back(woken)
        if work.parked:
            parked, back = await self._parking.park(connection, work.parked, work.now)
            _all_of(parked + back == len(work.parked))
            if back:
                self._heads.doubt()
                work.told.add(ANY)


async def _guards(connection: asyncpg.Connection, work: Work, standing: Standing) -> None:
    """Write what guards remember, in one order in all processes, so that none waits in a circle."""
    await _run(connection, sql.ADD_SEEN, [(key,) for key in sorted(work.seen)], work.now)
    keys = sorted(work.fences)
    risen = [(*work.fences[key], standing.stood[key]) for key in keys if key in standing.stood]
    added = [work.fences[key] for key in keys if key not in standing.stood]
    await _run(connection, sql.SET_FENCE, risen, work.now)
    await _run(connection, sql.ADD_FENCE, added, work.now)


async def _run(
    connection: asyncpg.Connection, step: sql.Step, rows: Sequence[Values], now: float
) -> None:
    """Run a step for its rows, if there are any."""
    if rows:
        last = (now,) if step.timed else ()
        done = await connection.execute(step.numbered(), *zip(*rows, strict=True), *last)
        _all_of(not step.exact or count_of(done) == len(rows))


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
