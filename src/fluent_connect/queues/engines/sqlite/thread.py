"""The one thread that writes: what came meanwhile shares a transaction, and one sync."""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Sequence
from queue import Empty, SimpleQueue
from typing import Any

import apsw

from fluent_connect.model.killpoint import reach
from fluent_connect.queues.engines.sqlite.commit import ANY, Committer
from fluent_connect.queues.engines.sqlite.fences import fences
from fluent_connect.queues.engines.sqlite.take import Taker
from fluent_connect.queues.store import StoreError, Verdict, Write

_SWEEP = 1.0
_ASK_EVERY = 0.02
_LARGEST = 512


class Request:
    """Something asked of the thread, and the future that its answer goes to."""

    __slots__ = ("answer", "future", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.answer: Any = None

    def settle(self) -> None:
        """Hand the answer over; on the loop."""
        if self.future.done():
            return
        if isinstance(self.answer, Exception):
            self.future.set_exception(self.answer)
        else:
            self.future.set_result(self.answer)


class Commit(Request):
    """Writes to apply."""

    __slots__ = ("writes",)

    def __init__(self, loop: asyncio.AbstractEventLoop, writes: Sequence[Write]) -> None:
        super().__init__(loop)
        self.writes = writes


class Take(Request):
    """A wish for deliveries, open until `deadline` (monotonic).

    `due` is when to look again by itself; before that only if its queue was touched.
    """

    __slots__ = ("deadline", "due", "limit", "paused", "queue")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        queue: str,
        limit: int,
        wait: float,
        paused: Collection[str],
    ) -> None:
        super().__init__(loop)
        self.queue = queue
        self.limit = limit
        self.paused = paused
        self.deadline = time.monotonic() + wait
        self.due: float | None = 0.0


class Work(Request):
    """Anything else that runs on the connection: renewals, releases, small reads.

    `touches`: it may have made parcels ready.
    """

    __slots__ = ("run", "touches")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        run: Callable[[apsw.Connection], Any],
        *,
        touches: bool = False,
    ) -> None:
        super().__init__(loop)
        self.run = run
        self.touches = touches


class Look(Request):
    """A wish for the fences of some keys; all that come together are read at once."""

    __slots__ = ("keys",)

    def __init__(self, loop: asyncio.AbstractEventLoop, keys: Sequence[str]) -> None:
        super().__init__(loop)
        self.keys = keys


class DatabaseThread:
    """Serves requests in the order of their coming, many in one transaction."""

    def __init__(
        self,
        connection: apsw.Connection,
        committer: Committer,
        taker: Taker,
        clock: Callable[[], float],
        *,
        after: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._committer = committer
        self._taker = taker
        self._clock = clock
        self._after = after
        self._requests: SimpleQueue[Request | None] = SimpleQueue()
        self._waiting: list[Take] = []
        self._swept = 0.0
        self._asked = 0.0
        self._version: object = None
        self._closing = False
        self._broken: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="sqlite", daemon=True)
        self._thread.start()

    def ask(self, request: Request) -> "asyncio.Future[Any]":
        """Queue a request; its future holds the answer, or StoreError."""
        if self._closing:
            request.future.set_exception(StoreError("the store is closed"))
        else:
            self._requests.put(request)
        return request.future

    def close(self) -> None:
        """Answer what waits, and end. Blocks until the thread has ended."""
        self._closing = True
        self._requests.put(None)
        self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            batch: list[Request] = []
            going = self._collect(batch)
            answered = self._serve(batch)
            if not going:
                answered += self._end_waiting()
            self._deliver(answered)
            self._after()
        self._deliver(self._leftovers())

    def _collect(self, batch: list[Request]) -> bool:
        """Gather what has come; wait for the first, but no longer than something is due."""
        try:
            first = self._requests.get(timeout=self._pause())
            while True:
                if first is None:
                    return False
                batch.append(first)
                if len(batch) >= _LARGEST:
                    return True
                first = self._requests.get_nowait()
        except Empty:
            return True

    def _pause(self) -> float:
        """Return how long nothing can happen by itself."""
        pause = _SWEEP
        if self._waiting:
            pause = min(pause, min(t.deadline for t in self._waiting) - time.monotonic())
            now = self._clock()
            for take in self._waiting:
                if take.due is not None:
                    pause = min(pause, take.due - now)
        return max(pause, 0.0005)

    def _serve(self, batch: Sequence[Request]) -> list[Request]:
        """Run a batch in one transaction; return what has its answer."""
        takes = [request for request in batch if isinstance(request, Take)]
        self._waiting += takes
        if self._broken is not None:
            return self._refuse([*batch, *self._waiting], self._broken)
        try:
            if self._only_looks(batch):
                return self._works(batch)
            with_verdicts = self._commits([r for r in batch if isinstance(r, Commit)], batch)
        except apsw.Error as error:
            self._note(error)
            return self._refuse([r for r in batch if not isinstance(r, Take)], error)
        return with_verdicts

    def _only_looks(self, batch: Sequence[Request]) -> bool:
        """Say whether all that was asked is a statement that needs no transaction of ours."""
        if not batch or not all(isinstance(request, Look) for request in batch):
            return False
        now, late = self._clock(), time.monotonic()
        return abs(now - self._swept) < _SWEEP and not any(
            late >= take.deadline or (take.due is not None and now >= take.due)
            for take in self._waiting
        )

    def _commits(self, commits: Sequence[Commit], batch: Sequence[Request]) -> list[Request]:
        writes = [write for commit in commits for write in commit.writes]
        try:
            verdicts, served = self._transaction(writes, batch)
        except apsw.Error as error:
            if _is_ours(error) or not writes:
                raise
            verdicts = [self._alone(write) for write in writes]
            _, served = self._transaction([], batch)
        except Exception:  # noqa: BLE001 - a write that cannot be stored must not stop the others
            verdicts = [self._alone(write) for write in writes]
            _, served = self._transaction([], batch)
        at = 0
        for commit in commits:
            commit.answer = verdicts[at : at + len(commit.writes)]
            at += len(commit.writes)
        return [*commits, *served]

    def _transaction(
        self, writes: Sequence[Write], batch: Sequence[Request]
    ) -> tuple[list[Verdict], list[Request]]:
        run = self._connection.execute
        now = self._clock()
        run("BEGIN IMMEDIATE").fetchall()
        try:
            verdicts = self._committer.apply(writes, now) if writes else []
            served = self._works(batch)
            # A clock that was set back must not hold up what waits for a time.
            swept = abs(now - self._swept) >= _SWEEP
            if swept:
                self._taker.sweep(now)
                self._swept = now
            fresh = swept or _touches(batch) or self._others_wrote()
            served += self._takes(now, everything=fresh)
            if writes:
                reach("store:before-commit")
            run("COMMIT").fetchall()
        except BaseException:
            for take in self._waiting:
                take.answer = None
            if self._connection.in_transaction:
                run("ROLLBACK").fetchall()
            raise
        if writes:
            reach("store:after-commit")
        self._waiting = [take for take in self._waiting if take.answer is None]
        return verdicts, served

    def _alone(self, write: Write) -> Verdict:
        """Commit one write by itself, or refuse it."""
        try:
            return self._transaction([write], [])[0][0]
        except apsw.Error as error:
            if _is_ours(error):
                raise
            return Verdict.REFUSED
        except Exception:  # noqa: BLE001 - whatever it is, it is this write's own
            return Verdict.REFUSED

    def _works(self, batch: Sequence[Request]) -> list[Request]:
        works: list[Request] = []
        looks = [request for request in batch if isinstance(request, Look)]
        if looks:
            found = fences(self._connection, [key for look in looks for key in look.keys])
            for look in looks:
                look.answer = {key: found[key] for key in look.keys if key in found}
            works += looks
        for request in batch:
            if isinstance(request, Work):
                request.answer = request.run(self._connection)
                works.append(request)
        return works

    def _others_wrote(self) -> bool:
        """Say whether another process has committed; asked for while a take waits, now and then."""
        monotonic = time.monotonic()
        if not self._waiting or monotonic - self._asked < _ASK_EVERY:
            return False
        self._asked = monotonic
        version = self._connection.execute("PRAGMA data_version").get
        changed = bool(version != self._version)
        self._version = version
        if changed:
            self._taker.forget()
        return changed

    def _takes(self, now: float, *, everything: bool) -> list[Request]:
        """Serve the takes for which there may be something now."""
        served: list[Request] = []
        late = time.monotonic()
        touched = self._committer.touched
        for take in self._waiting:
            if take.future.done():
                take.answer = []
                continue
            due = take.due is not None and now >= take.due
            if everything or due or take.queue in touched or ANY in touched:
                take.answer = self._taker.take(take.queue, take.limit, take.paused, now) or None
                if take.answer is None:
                    take.due = self._taker.next_due(take.queue, take.paused)
            if take.answer is None and late >= take.deadline:
                take.answer = []
            if take.answer is not None:
                served.append(take)
        touched.clear()
        return served

    def _end_waiting(self) -> list[Request]:
        ended: list[Request] = list(self._waiting)
        for request in ended:
            request.answer = []
        self._waiting = []
        return ended

    def _leftovers(self) -> list[Request]:
        left: list[Request] = []
        while True:
            try:
                request = self._requests.get_nowait()
            except Empty:
                return left
            if request is not None:
                request.answer = StoreError("the store is closed")
                left.append(request)

    def _refuse(self, requests: Sequence[Request], error: Exception) -> list[Request]:
        refused = []
        for request in requests:
            request.answer = StoreError(f"the store cannot commit: {error}")
            refused.append(request)
        self._waiting = [take for take in self._waiting if take.answer is None]
        return refused

    def _note(self, error: apsw.Error) -> None:
        """After a failed sync or a corrupt page nothing more is promised until a restart."""
        if isinstance(error, apsw.IOError | apsw.CorruptError | apsw.NotADBError):
            self._broken = error

    @staticmethod
    def _deliver(requests: Sequence[Request]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[Request]] = {}
        for request in requests:
            by_loop.setdefault(request.loop, []).append(request)
        for loop, ready in by_loop.items():
            try:
                loop.call_soon_threadsafe(_settle, ready)
            except RuntimeError:
                # The loop has been closed: nobody waits any more.
                continue


def _touches(batch: Sequence[Request]) -> bool:
    return any(isinstance(request, Work) and request.touches for request in batch)


def _settle(requests: Sequence[Request]) -> None:
    for request in requests:
        request.settle()


def _is_ours(error: apsw.Error) -> bool:
    """Say whether the store, not the write, is to blame: disk full, I/O, locked, corrupt."""
    kinds = (
        apsw.FullError,
        apsw.IOError,
        apsw.BusyError,
        apsw.LockedError,
        apsw.CorruptError,
        apsw.NotADBError,
        apsw.ReadOnlyError,
        apsw.CantOpenError,
        apsw.NoMemError,
    )
    return isinstance(error, kinds)
