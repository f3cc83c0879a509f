"""The one task that writes: what came meanwhile shares a transaction, and one wait for the disk."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from fluent_connect.queues.engines.postgresql.commit import CollidedError
from fluent_connect.queues.engines.postgresql.heads import Heads
from fluent_connect.queues.engines.postgresql.link import is_collision, told
from fluent_connect.queues.engines.postgresql.requests import Commit, Request, Take
from fluent_connect.queues.engines.postgresql.transaction import Transaction, Turn
from fluent_connect.queues.engines.postgresql.work import ANY
from fluent_connect.queues.store import StoreError, Verdict, Write

_SWEEP = 1.0
_RECHECK = 0.05
_LARGEST = 512
_ATTEMPTS = 20


class Writer:
    """Serves requests in the order of their coming, many in one transaction."""

    def __init__(self, transaction: Transaction, heads: Heads, wall: Callable[[], float]) -> None:
        self._transaction = transaction
        self._heads = heads
        self._wall = wall
        self._asked: deque[Request] = deque()
        self._waiting: list[Take] = []
        self._swept = self._swept_at = float("-inf")
        self._closing = False
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="postgresql")

    def ask(self, request: Request) -> "asyncio.Future[Any]":
        """Queue a request; its future holds the answer, or StoreError."""
        if self._closing or self._task.done():
            request.future.set_exception(StoreError("the store is closed"))
        else:
            self._asked.append(request)
            self._wake.set()
        return request.future

    def touch(self, queue: str) -> None:
        """Look at a queue: another process says that there is something in it."""
        if queue == ANY:
            self._heads.doubt()
        else:
            self._heads[queue].hear()
        self._wake.set()

    async def close(self) -> None:
        """Answer what waits, and end."""
        self._closing = True
        self._wake.set()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while not self._closing:
                await self._something()
                await self._serve(self._batch())
            await self._serve(self._batch())
        finally:
            for take in self._waiting:
                take.answer = []
                take.settle()
            for request in self._asked:
                request.answer = StoreError("the store is closed")
                request.settle()

    async def _something(self) -> None:
        """Return once something was asked, or can be done by time alone."""
        if not self._asked and not self._looks():
            try:
                async with asyncio.timeout(self._pause()):
                    await self._wake.wait()
            except TimeoutError:
                return
        self._wake.clear()

    def _pause(self) -> float:
        pause = self._swept + _SWEEP - time.monotonic()
        if self._transaction.unsure:
            pause = min(pause, _RECHECK)
        if self._waiting:
            now = self._wall() + self._transaction.skew
            pause = min(pause, min(each.deadline for each in self._waiting) - time.monotonic())
            dues = (self._heads[each.queue].due for each in self._waiting)
            pause = min(pause, min((due - now for due in dues if due is not None), default=pause))
        return max(pause, 0.001)

    def _batch(self) -> list[Request]:
        count = min(len(self._asked), _LARGEST)
        return [self._asked.popleft() for _ in range(count)]

    async def _serve(self, batch: Sequence[Request]) -> None:
        """Answer a batch, and the takes for which there is something or no more time."""
        commits = [each for each in batch if isinstance(each, Commit)]
        works = [each for each in batch if not isinstance(each, Commit | Take)]
        self._waiting += [each for each in batch if isinstance(each, Take)]
        turn = self._turn(works)
        writes = [write for commit in commits for write in commit.writes]
        try:
            verdicts = await self._written(writes, turn)
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            self._refuse([*commits, *works, *self._waiting], error)
            return
        at = 0
        for commit in commits:
            commit.answer = verdicts[at : at + len(commit.writes)]
            at += len(commit.writes)
        self._hand_over([*commits, *works])

    def _looks(self) -> bool:
        """Say whether there may be something for a take that waits."""
        now = self._wall() + self._transaction.skew
        return any(self._heads[each.queue].wanted(each.paused, now) for each in self._waiting)

    def _turn(self, works: Sequence[Request]) -> Turn:
        now, monotonic = self._wall() + self._transaction.skew, time.monotonic()
        sweeps = monotonic - self._swept >= _SWEEP or abs(now - self._swept_at) >= _SWEEP
        if sweeps:
            self._swept, self._swept_at = monotonic, now
        self._waiting = [each for each in self._waiting if not each.future.done()]
        return Turn(works, self._waiting, sweeps=sweeps, looks=self._looks())

    async def _written(self, writes: Sequence[Write], turn: Turn) -> Sequence[Verdict]:
        """Commit all at once; if one of them cannot be stored, each by itself."""
        if not writes and turn.is_idle and not self._transaction.unsure:
            return ()
        try:
            return await self._tried(writes, turn)
        except StoreError:
            raise
        except Exception:
            if not writes:
                raise
        verdicts = [await self._alone(write) for write in writes]
        await self._tried((), turn)
        return verdicts

    async def _alone(self, write: Write) -> Verdict:
        """Commit one write by itself, or refuse it."""
        try:
            return (await self._tried([write], Turn.nothing()))[0]
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, it is this write's own
            return Verdict.REFUSED

    async def _tried(self, writes: Sequence[Write], turn: Turn) -> Sequence[Verdict]:
        """Run one transaction, anew where another process came in between."""
        careful = False
        for _ in range(_ATTEMPTS):
            try:
                return await self._transaction.run(writes, turn, careful=careful)
            except CollidedError:
                careful = True
            except Exception as error:
                if not is_collision(error):
                    raise
        raise StoreError("other processes keep changing what is to be committed")

    def _hand_over(self, answered: Sequence[Request]) -> None:
        late = time.monotonic()
        for take in self._waiting:
            if take.answer is None and take.deadline <= late:
                take.answer = []
        ready = [take for take in self._waiting if take.answer is not None]
        self._waiting = [take for take in self._waiting if take.answer is None]
        for request in (*answered, *ready):
            request.settle()

    def _refuse(self, requests: Sequence[Request], error: Exception) -> None:
        ours = error if isinstance(error, StoreError) else None
        for request in requests:
            request.answer = ours or StoreError(f"the store cannot commit: {told(error)}")
            request.settle()
        self._waiting = []
