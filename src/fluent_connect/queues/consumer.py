"""The one loop: take deliveries, hand each to a station, and commit what comes of it."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import msgspec

from fluent_connect.model.killpoint import reach
from fluent_connect.model.outcome import Outcome
from fluent_connect.queues.retry import RetryPolicy, aborted
from fluent_connect.queues.store import Delivery, Store, StoreError, Verdict, Write
from fluent_connect.queues.turns import Turns

Station = Callable[[Delivery], Awaitable[Outcome]]
"""What takes a delivery to an outcome: the CT Queue Listener, the Message Router."""

OnCommitted = Callable[[Write, Verdict], None]
_PATIENCE = 2.0
"""Seconds that a cancelled handler may take to clear up."""


class Consumer:
    """Hand each delivery of a queue to a station, and commit what comes of it.

    paused:       patterns of groups to leave alone, asked before each take.
    outage:       whether the delivery's account cannot be reached: then no try is counted.
    on_committed: told of each write and its verdict, after the commit.
    renew_every:  seconds between renewals of what is in hand; well below the store's lease.
    concurrency:  how many deliveries wait for a worker or are worked on; while these are being
                  committed, as many of the next are taken, so that nobody waits for the disk.
    workers:      how many deliveries are worked on at a time; None: `concurrency`. One is
                  enough for a station that never waits.
    """

    def __init__(
        self,
        store: Store,
        queue: str,
        station: Station,
        *,
        retry: RetryPolicy,
        concurrency: int,
        on_committed: OnCommitted | None = None,
        paused: Callable[[], Collection[str]] = tuple,
        outage: Callable[[Delivery], bool] = lambda _: False,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
        renew_every: float = 10.0,
        grace: float = 15.0,
        workers: int | None = None,
    ) -> None:
        self._workers = workers or concurrency
        self._store = store
        self._queue = queue
        self._station = station
        self._retry = retry
        self._concurrency = concurrency
        self._on_committed = on_committed
        self._paused = paused
        self._outage = outage
        self._clock = clock
        self._chance = chance
        self._renew_every = renew_every
        self._grace = grace
        self._ready = Turns(self._workers)
        self._done: list[Write] = []
        self._settling = 0
        self._in_hand: dict[str, tuple[Delivery, asyncio.Task[None] | None]] = {}
        self._idle: list[asyncio.Future[None]] = []
        self._room = asyncio.Event()
        self._committable = asyncio.Event()
        self._resting = asyncio.Event()
        self._closing = False
        self._stopping = False
        self.running: dict[str, float] = {}
        """Leases of what a station works on now, and since when; what a watchdog looks at."""

    @property
    def in_hand(self) -> int:
        """Return how many deliveries are ours at the moment."""
        return len(self._in_hand)

    @property
    def held(self) -> Sequence[tuple[Delivery, asyncio.Task[None] | None]]:
        """Return the deliveries that are ours, each with the task that works on it, if one does."""
        return tuple(self._in_hand.values())

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; then finish what is in hand, or release it after the grace.

        Whatever else ends the work, a bug of ours or of the store, is raised after that.
        """
        self._closing = self._stopping = False
        workers = [asyncio.create_task(self._work()) for _ in range(self._workers)]
        committer = asyncio.create_task(self._commit())
        renewer = asyncio.create_task(self._renew())
        taker = asyncio.create_task(self._take())
        asked = asyncio.create_task(stop.wait())
        all_of_us: set[asyncio.Task[Any]] = {asked, taker, committer, renewer, *workers}
        try:
            ended, _ = await asyncio.wait(all_of_us, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
            taker.cancel()
            await asyncio.gather(taker, return_exceptions=True)
            await self._finish(workers)
            self._closing = True
            self._committable.set()
            await asyncio.gather(committer, return_exceptions=True)
            renewer.cancel()
            await asyncio.gather(renewer, return_exceptions=True)
            await self._give_back()
        for task in ended - {asked}:
            if task.cancelled():
                raise RuntimeError("a task of the consumer was cancelled by somebody else")
            task.result()

    async def _take(self) -> None:
        """Keep the workers in deliveries, also while what they have done is being committed."""
        while True:
            in_hand = len(self._in_hand)
            room = self._concurrency - max(in_hand - self._settling, in_hand // 2)
            if room <= 0:
                self._room.clear()
                await self._room.wait()
                continue
            taking = asyncio.ensure_future(
                self._store.take(self._queue, room, 1.0, paused=self._paused())
            )
            try:
                self._hand_out(await asyncio.shield(taking))
            except asyncio.CancelledError:
                # What the store leased while we were told to stop goes back untried.
                with contextlib.suppress(StoreError):
                    self._hold(await taking)
                raise
            except StoreError:
                await asyncio.sleep(1.0)

    def _hand_out(self, deliveries: Sequence[Delivery]) -> None:
        self._hold(deliveries)
        for delivery in deliveries:
            self._ready.add(delivery)
            while self._idle:
                waiting = self._idle.pop()
                if not waiting.done():
                    waiting.set_result(None)
                    break

    def _hold(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self._in_hand[delivery.lease] = (delivery, None)

    async def _work(self) -> None:
        """Be one of a fixed number of workers: cheaper than a task for each delivery."""
        me = asyncio.current_task()
        assert me is not None  # noqa: S101 - a worker is a task
        while not self._stopping:
            while (delivery := self._ready.next()) is None:
                await self._something(me)
            if delivery.lease not in self._in_hand:
                self._ready.ended(delivery)
                continue
            self._in_hand[delivery.lease] = (delivery, me)
            self.running[delivery.lease] = self._clock()
            try:
                self._retry.admit(delivery)
                outcome = await self._station(delivery)
            except BaseException as error:  # noqa: BLE001 - retry.py decides what becomes of it
                caught = self._caught(error, delivery, me)
                if caught is None:
                    continue
                outcome = caught
            finally:
                self.running.pop(delivery.lease, None)
                self._ready.ended(delivery)
                if not self.running:
                    self._resting.set()
            while me.cancelling() and not self._stopping:
                # The handler did not heed that its lease was lost; the store will.
                me.uncancel()
            self._done.append(Write(self._decided(delivery, outcome), delivery))
            self._committable.set()

    def _something(self, me: asyncio.Task[None]) -> "asyncio.Future[None]":
        """Return what is done once there may be a delivery for one more worker."""
        waiting: asyncio.Future[None] = me.get_loop().create_future()
        self._idle.append(waiting)
        return waiting

    def _caught(
        self, error: BaseException, delivery: Delivery, me: asyncio.Task[Any]
    ) -> Outcome | None:
        """Return what comes of an exception; None if it is that the lease is lost.

        Raise it if this worker is told to end. A handler has no say in that: whatever it raises,
        SystemExit or a CancelledError of its own, is a failure of its message.
        """
        if isinstance(error, Exception):
            return Outcome(error=error)
        if isinstance(error, asyncio.CancelledError) and me.cancelling():
            if delivery.lease not in self._in_hand:
                me.uncancel()
                return None
            if self._stopping:
                raise error
        if me.get_loop().is_closed():
            raise error
        return Outcome(error=aborted(error))

    def _decided(self, delivery: Delivery, outcome: Outcome) -> Outcome:
        """Give a failed outcome the fate that the retry policy makes of its error."""
        if not isinstance(outcome, Outcome) or (outcome.fate is None and outcome.error is None):
            outcome = Outcome(error=TypeError(f"a station returned {outcome!r:.200}"))
        if outcome.error is None:
            return outcome
        fate = self._retry.next(
            delivery,
            outcome.error,
            now=self._clock(),
            chance=self._chance(),
            outage=self._outage(delivery),
        )
        return msgspec.structs.replace(outcome, fate=fate)

    async def _commit(self) -> None:
        """Commit whatever has come since the last commit, all at once."""
        while True:
            await self._committable.wait()
            self._committable.clear()
            writes, self._done = self._done, []
            if writes:
                self._settling = sum(write.delivery is not None for write in writes)
                self._room.set()
                await self._commit_all(writes)
                self._settling = 0
            if self._closing and not self._done:
                return

    async def _commit_all(self, writes: Sequence[Write]) -> None:
        while True:
            reach("consumer:before-commit")
            try:
                verdicts = await self._store.commit(*writes)
                break
            except StoreError:
                if self._closing:
                    return
                await asyncio.sleep(1.0)
        reach("consumer:after-commit")
        for write, verdict in zip(writes, verdicts, strict=True):
            if write.delivery is not None:
                if verdict is Verdict.REFUSED and not _is_refusal(write):
                    self._done.append(_refusal(write, self._decided))
                    self._committable.set()
                    continue
                self._in_hand.pop(write.delivery.lease, None)
            if self._on_committed is not None:
                self._on_committed(write, verdict)
        self._room.set()

    async def _renew(self) -> None:
        """Keep the leases of what is in hand; stop the handler of one that is lost."""
        while True:
            await asyncio.sleep(self._renew_every)
            held = [delivery for delivery, _ in self._in_hand.values()]
            if not held:
                continue
            try:
                alive = await self._store.renew(*held)
            except StoreError:
                continue
            for delivery, ours in zip(held, alive, strict=True):
                if not ours:
                    _, worker = self._in_hand.pop(delivery.lease, (delivery, None))
                    if worker is not None and delivery.lease in self.running:
                        worker.cancel()
            self._room.set()

    async def _finish(self, workers: Sequence[asyncio.Task[None]]) -> None:
        """Let what runs come to its end within the grace; what has not begun is not begun."""
        self._stopping = True
        self._ready.clear()
        if self.running:
            self._resting.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._resting.wait(), self._grace)
        for worker in workers:
            worker.cancel()
        await asyncio.wait(workers, timeout=_PATIENCE)

    async def _give_back(self) -> None:
        """Release what is left, but for what a handler still works on, deaf to its cancellation."""
        held = [each for each, _ in self._in_hand.values() if each.lease not in self.running]
        self._in_hand.clear()
        if held:
            try:
                await self._store.release(*held)
            except StoreError:
                # Their leases run out by themselves.
                return


def _is_refusal(write: Write) -> bool:
    return isinstance(write.outcome.error, UnstorableError)


def _refusal(write: Write, decided: Callable[[Delivery, Outcome], Outcome]) -> Write:
    """Return what to commit for a delivery whose outcome the store could not keep."""
    delivery = write.delivery
    if delivery is None:
        raise ValueError("only a delivery can be refused again")
    error = UnstorableError("the store refused what came of it")
    return Write(decided(delivery, Outcome(error=error)), delivery)


class UnstorableError(Exception):
    """A bug: an outcome that no store can keep. It gets the few tries of any bug."""
