"""One transaction: writes, renewals, what time has made ready, and then what can be handed out."""

import asyncio
import time
from collections.abc import Callable, Sequence

import asyncpg

from fluent_connect.model.killpoint import reach
from fluent_connect.model.outcome import Unseen
from fluent_connect.queues.engines.postgresql import statements as sql
from fluent_connect.queues.engines.postgresql.commit import CollidedError, Committer, Standing
from fluent_connect.queues.engines.postgresql.function import COLLIDED
from fluent_connect.queues.engines.postgresql.lanes import free
from fluent_connect.queues.engines.postgresql.link import UNREACHABLE, Link, is_away, told
from fluent_connect.queues.engines.postgresql.parking import Parking
from fluent_connect.queues.engines.postgresql.quick import Quick
from fluent_connect.queues.engines.postgresql.requests import Release, Renewal, Request, Take
from fluent_connect.queues.engines.postgresql.roster import Roster
from fluent_connect.queues.engines.postgresql.sweep import sweep
from fluent_connect.queues.engines.postgresql.take import Taker
from fluent_connect.queues.engines.postgresql.work import Work, lease_of
from fluent_connect.queues.store import StoreError, Verdict, Write

_PATIENCE = 5.0
"""Seconds for which a commit without an answer is asked after, before its askers are told so."""
_ASK_EVERY = 0.2


class Turn:
    """What is to be done in a transaction beside the writes."""

    def __init__(
        self, works: Sequence[Request], waiting: Sequence[Take], *, sweeps: bool, looks: bool
    ) -> None:
        self.works = works
        self.waiting = waiting
        self.sweeps = sweeps
        self._looks = looks

    @classmethod
    def nothing(cls) -> "Turn":
        """Return the turn of a write that is committed alone."""
        return cls((), (), sweeps=False, looks=False)

    @property
    def is_idle(self) -> bool:
        """Say whether there is nothing to ask the server for."""
        return not self.works and not self.sweeps and not self._looks


class Transaction:
    """Runs one at a time on a connection of its own.

    skew: seconds by which the server's clock is before this process's; leases end by the server's.
    """

    def __init__(
        self,
        link: Link,
        committer: Committer,
        taker: Taker,
        parking: Parking,
        *,
        clock: Callable[[], float] | None,
        channel: str,
        roster: Roster,
    ) -> None:
        self._roster = roster
        self._link = link
        self._committer = committer
        self._taker = taker
        self._parking = parking
        self._quick = Quick(committer.shapes, taker, parking, clock=clock, channel=channel)
        self._clock = clock
        self._wall = clock or time.time
        self._channel = channel
        self._swept = False
        self.skew = 0.0

    @property
    def unsure(self) -> bool:
        """Say whether a parcel was blocked by one of another process, which may be back now."""
        return bool(self._taker.blocked)

    async def run(self, writes: Sequence[Write], turn: Turn, *, careful: bool) -> Sequence[Verdict]:
        """Commit, and return the verdicts. Raise StoreError if the server is to blame.

        careful: look whether each lease stands, rather than have the statements prove it.
        """
        connection = await self._link.get()
        try:
            usual = None if careful else await self._usual(connection, writes, turn)
            await connection.execute("BEGIN")
            if usual is None:
                verdicts, xid = await self._within(connection, writes, turn, careful=careful)
            else:
                verdicts, work = usual
                xid = await self._at_once(connection, work, turn, writes=bool(writes))
            if writes:
                reach("store:before-commit")
            await self._end(connection, xid)
        except BaseException as error:
            await self._undo(connection, turn, error)
            raise
        if writes:
            reach("store:after-commit")
        self._parking.committed()
        self._roster.committed()
        return verdicts

    async def _undo(self, connection: asyncpg.Connection, turn: Turn, error: BaseException) -> None:
        """Forget what came to nothing. Raise StoreError if the server is to blame."""
        for take in turn.waiting:
            take.answer = None
        self._parking.undone()
        self._roster.undone()
        self._taker.heads.doubt()
        if isinstance(error, Exception) and is_away(error, connection):
            self._link.drop()
            raise StoreError(f"the store cannot commit: {told(error)}") from error
        await self._roll_back(connection)
        if getattr(error, "sqlstate", None) == COLLIDED:
            raise CollidedError from error

    async def _usual(
        self, connection: asyncpg.Connection, writes: Sequence[Write], turn: Turn
    ) -> tuple[Sequence[Verdict], Work] | None:
        """Return what is to be done if it can be done in one statement, None otherwise."""
        fences = _guarded(writes)[1]
        others = turn.works or turn.sweeps or self._taker.blocked
        if others or not self._swept or len(set(fences)) < len(fences):
            return None
        for take in turn.waiting:
            await self._taker.look(connection, take)
        now = self._wall() + self.skew
        verdicts, work = self._committer.decide(writes, Standing(set(), {}, None), now)
        if not self._quick.fits(work):
            return None
        return (verdicts, work) if await self._quick.prepared(connection) else None

    async def _at_once(
        self, connection: asyncpg.Connection, work: Work, turn: Turn, *, writes: bool
    ) -> str | None:
        """Do all in one statement; return the number of the transaction."""
        wall = self._wall()
        now = wall + self.skew
        wanted = [take for take in turn.waiting if self._is_wanted(take, now)]
        did = await self._quick.run(connection, work, wanted, wall, writes=writes)
        self._taker.heads.back(did.back)
        if self._clock is not None or did.now - wall < self.skew:
            self.skew = did.now - wall
        return did.xid

    def _is_wanted(self, take: Take, now: float) -> bool:
        return self._taker.heads[take.queue].wanted(take.paused, now)

    async def _within(
        self, connection: asyncpg.Connection, writes: Sequence[Write], turn: Turn, *, careful: bool
    ) -> tuple[Sequence[Verdict], str | None]:
        """Do all, one statement after the other."""
        wall = self._wall()
        unseen, newer = _guarded(writes)
        opened = (await connection.fetch(sql.OPEN, bool(writes), unseen, newer))[0]
        now = opened["now"] if self._clock is None else self._clock()
        self.skew = now - wall
        verdicts: Sequence[Verdict] = ()
        told_of: set[str] = set()
        if writes:
            epochs = await _epochs(connection, writes) if careful else None
            versions = dict(zip(opened["fences"], opened["versions"], strict=True))
            standing = Standing(set(opened["seen"]), versions, epochs)
            verdicts, work = self._committer.decide(writes, standing, now)
            await self._committer.apply(connection, work, standing, now)
            told_of |= work.told
        for each in turn.works:
            await self._work(connection, each, now, wall, told_of)
        if turn.sweeps:
            await self._sweep(connection, now, told_of)
        if self._taker.blocked:
            await self._recheck(connection, told_of)
        for take in turn.waiting:
            if self._is_wanted(take, now):
                take.answer = await self._taker.take(connection, take, now, wall) or None
        if told_of:
            await connection.execute(_NOTIFY, self._channel, self._taker.holder, sorted(told_of))
        return verdicts, opened["xid"]

    async def _sweep(self, connection: asyncpg.Connection, now: float, told_of: set[str]) -> None:
        """Do what time alone makes necessary, and know each queue from its beginning again."""
        await self._parking.look(connection)
        await self._roster.beat(connection, now)
        told_of |= await sweep(connection, now)
        self._taker.heads.doubt()
        self._swept = True

    async def _recheck(self, connection: asyncpg.Connection, told_of: set[str]) -> None:
        blocked, self._taker.blocked = self._taker.blocked, set()
        told_of |= self._taker.heads.back(await free(connection, blocked))

    async def _work(
        self,
        connection: asyncpg.Connection,
        work: Request,
        now: float,
        wall: float,
        told_of: set[str],
    ) -> None:
        """Renew or release."""
        if isinstance(work, Renewal):
            seqs, epochs = zip(*map(lease_of, work.deliveries), strict=True)
            lease = self._taker.lease
            rows = await connection.fetch(sql.RENEW, seqs, epochs, now + lease)
            alive = {(row["seq"], row["epoch"]) for row in rows}
            work.answer = [lease_of(each) in alive for each in work.deliveries]
            for each, ours in zip(work.deliveries, work.answer, strict=True):
                if ours:
                    each.lease_until = wall + lease
            return
        if not isinstance(work, Release):
            raise TypeError(f"nobody can do a {type(work).__name__}")
        seqs, epochs = zip(*map(lease_of, work.deliveries), strict=True)
        rows = await connection.fetch(sql.RELEASE, seqs, epochs)
        told_of |= self._taker.heads.back(tuple(row)[:4] for row in rows)
        lanes = {(row["queue"], row["lane"]) for row in rows if row["lane"]}
        if lanes:
            told_of |= self._taker.heads.back(await free(connection, lanes))

    async def _end(self, connection: asyncpg.Connection, xid: str | None) -> None:
        """Commit; if the answer is lost, ask the server what became of it."""
        try:
            done = await connection.execute("COMMIT")
        except Exception as error:
            if xid is None or not is_away(error, connection) or not await self._became(xid):
                raise
            return
        if done != "COMMIT":
            raise StoreError(f"the server answered a commit with {done}")

    async def _became(self, xid: str) -> bool:
        """Say whether a transaction was committed. Raise StoreError if nobody can say in time."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            self._link.drop()
            try:
                connection = await self._link.get()
                status = await connection.fetchval(sql.BECAME, xid)
            except (StoreError, OSError, TimeoutError, asyncpg.PostgresError) as error:
                if isinstance(error, asyncpg.PostgresError) and error.sqlstate == _UNKNOWN:
                    break
            else:
                if status in {"committed", "aborted"}:
                    return bool(status == "committed")
            await asyncio.sleep(_ASK_EVERY)
        raise StoreError("the answer to a commit was lost, and nobody can say what became of it")

    async def _roll_back(self, connection: asyncpg.Connection) -> None:
        try:
            await connection.execute("ROLLBACK")
        except UNREACHABLE:
            self._link.drop()


_NOTIFY = "SELECT pg_notify($1, $2 || ' ' || queue) FROM unnest($3::text[]) AS u (queue)"
_UNKNOWN = "22023"


def _guarded(writes: Sequence[Write]) -> tuple[list[str], list[str]]:
    """Return the keys that must be unseen, and those of fences."""
    unseen: list[str] = []
    newer: list[str] = []
    for write in writes:
        for guard in write.outcome.guards:
            (unseen if isinstance(guard, Unseen) else newer).append(guard.key)
    return unseen, newer


async def _epochs(connection: asyncpg.Connection, writes: Sequence[Write]) -> dict[int, int]:
    """Return the epochs of the deliveries that are out, and keep them so."""
    seqs = [lease_of(write.delivery)[0] for write in writes if write.delivery is not None]
    if not seqs:
        return {}
    return {row["seq"]: row["epoch"] for row in await connection.fetch(sql.STANDING, seqs)}
