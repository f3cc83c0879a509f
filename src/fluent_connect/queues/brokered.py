"""A Store made of a broker, which moves parcels, and a SQL store, which answers for them.

The broker is transport; each parcel stands in SQL from its put to its end, so that no failure of
the broker, not even the loss of all it holds, loses one. The steps, each safe to die after:

1. `commit`: one SQL commit of guards, facts, fates, and each put as a row of the queue's outbox.
2. The broker's confirmed put. Died before or in it: the relay sends the row again.
3. `take` adopts what the broker hands out: one SQL commit remembers the put, moves the row from
   the outbox to the queue of the same name in SQL. A put that is known is a duplicate: dropped.
4. The broker's acknowledgement. Died before it: the broker hands out what step 3 then drops.
5. What a consumer gets is SQL's delivery: leases, lanes, tries, delays, parking and dead letters
   are SQL's alone, across any number of processes that share it.

What a broker cannot promise stays in SQL: ordered lanes (a put that fails in part would reorder
them), puts for later, and bodies too large for the broker.

To adopt costs a second row a parcel, against acknowledging the broker with the outcome. That would
need lanes, tries and a fate that SQL keeps for a parcel that SQL does not hold, and leases of two
systems that end at different times.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from fluent_connect.model.fact import Statement
from fluent_connect.model.ids import new_id
from fluent_connect.model.killpoint import reach
from fluent_connect.model.outcome import Fence, Later, Outcome
from fluent_connect.model.parcel import Parcel, Put
from fluent_connect.queues.adoption import adoption, bare, outbox
from fluent_connect.queues.label import fits, from_outbox, outbox_row, wire
from fluent_connect.queues.store import (
    Broker,
    Delivery,
    Depth,
    Shared,
    Store,
    StoreError,
    Verdict,
    Write,
)

Sending = tuple[str, str, Parcel]
"""The queue, the put, and what the broker is to carry."""

_BATCH = 64
_PATIENCE = 1.0
_TURNS = 10
_REMEMBERED = 100_000
_UNREACHABLE = (StoreError, OSError)


class BrokeredStore:
    """Queues on a broker, with the promise of the SQL store behind it.

    queues:       those that the broker carries; all others are the SQL store's own.
    relay_every:  seconds between the relay's rounds, and those that a fresh put is left alone.
    resend_after: seconds after which a confirmed put that did not arrive is sent once more.
    send_timeout: seconds that a commit waits for the broker before it leaves a put to the relay.
    poll:         seconds that the broker may hold one call for more, while a take waits.
    trouble:      told why the broker does not do its part, and None once it does again.

    A broker that cannot be reached raises StoreError or OSError. Puts of one id at once may be one.
    """

    def __init__(
        self,
        broker: Broker,
        sql: Store,
        *,
        queues: Collection[str],
        clock: Callable[[], float] = time.time,
        relay_every: float = 5.0,
        resend_after: float = 600.0,
        send_timeout: float = 5.0,
        poll: float = 1.0,
        trouble: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        self._broker = broker
        self._sql = sql
        self._queues = frozenset(queues)
        self._clock = clock
        self._relay_every = relay_every
        self._resend_after = resend_after
        self._send_timeout = send_timeout
        self._poll = poll
        self._trouble = trouble
        self._troubles: dict[str, str] = {}
        self._silence = "; ".join(filter(None, ("no answer in time", broker.capabilities.silence)))
        self._reachable = True
        self._closing = False
        self._confirmed: dict[str, None] = {}
        self._waiting: Counter[str] = Counter()
        self._turns: Counter[str] = Counter()
        self._taking = {queue: asyncio.Lock() for queue in queues}
        self._moving = {queue: asyncio.Lock() for queue in queues}
        self._adopters: dict[str, asyncio.Task[None]] = {}
        self._relay: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        broker: Broker,
        sql: Store,
        *,
        queues: Collection[str],
        clock: Callable[[], float] = time.time,
        relay_every: float = 5.0,
        resend_after: float = 600.0,
        send_timeout: float = 5.0,
        poll: float = 1.0,
        trouble: Callable[[str | None], None] = lambda _: None,
    ) -> "BrokeredStore":
        """Return the store with its relay at work; it owns, and closes, broker and SQL store."""
        store = cls(
            broker,
            sql,
            queues=queues,
            clock=clock,
            relay_every=relay_every,
            resend_after=resend_after,
            send_timeout=send_timeout,
            poll=poll,
            trouble=trouble,
        )
        store._relay = asyncio.create_task(store._relay_on())
        return store

    @property
    def workers(self) -> int:
        """Return how many processes work on messages now, as the SQL store knows."""
        return self._sql.workers if isinstance(self._sql, Shared) else 1

    async def commit(self, *writes: Write) -> Sequence[Verdict]:
        """Return what came of each write once SQL keeps it; the relay sends what is not sent."""
        packed = [self._pack(write) for write in writes]
        reach("brokered:before-commit")
        verdicts = await self._sql.commit(*(write for write, _ in packed))
        reach("brokered:after-commit")
        settled = zip(packed, verdicts, strict=True)
        sendings = [
            each for (_, sent), verdict in settled if verdict is Verdict.APPLIED for each in sent
        ]
        if sendings and self._reachable:
            self._reachable = await self._send(sendings) == len(sendings)
        return verdicts

    async def take(
        self, queue: str, limit: int, wait: float, *, paused: Collection[str] = ()
    ) -> Sequence[Delivery]:
        """Return 1 to `limit` deliveries; live before bulk among what the broker has handed out."""
        if queue not in self._queues:
            return await self._sql.take(queue, limit, wait, paused=paused)
        self._raise_what_failed(queue)
        found = await self._sql.take(queue, limit, 0.0, paused=paused)
        self._turns[queue] += 1
        if found:
            if len(found) < limit or self._turns[queue] % _TURNS == 0:
                self._adopt_beside(queue)
            return found
        if wait <= 0:
            more = True
            while more and not found:
                more = await self._adopt_now(queue)
                found = await self._sql.take(queue, limit, 0.0, paused=paused)
            return found
        self._waiting[queue] += 1
        try:
            self._adopt_beside(queue)
            return await self._sql.take(queue, limit, wait, paused=paused)
        except StoreError:
            if not self._closing:
                raise
            return []
        finally:
            self._waiting[queue] -= 1

    async def renew(self, *deliveries: Delivery) -> Sequence[bool]:
        """Move the end of each lease, in place. False: it is lost, stop the handler."""
        return await self._sql.renew(*deliveries)

    async def release(self, *deliveries: Delivery) -> None:
        """Give deliveries back untried, ready at once for any process."""
        await self._sql.release(*deliveries)

    async def fences(self, *keys: str) -> Mapping[str, Fence]:
        """Return the fences that stand; a key without one is absent."""
        return await self._sql.fences(*keys)

    async def delivered(self) -> int:
        """Return the number of the newest `Delivered` fact. Read it before a fetch."""
        return await self._sql.delivered()

    async def original(self, id: str) -> Parcel | None:
        """Return a ct-queue parcel as it came in, once it was taken."""
        return await self._sql.original(id)

    async def read(self, statement: Statement) -> Sequence[Mapping[str, object]]:
        """Return the rows that a search of the journal finds."""
        return await self._sql.read(statement)

    async def depth(self, queue: str) -> Depth:
        """Count the parcels of a queue; those under way, or put by others, count as ready."""
        if queue not in self._queues:
            return await self._sql.depth(queue)
        async with self._moving[queue]:
            # What another process moves meanwhile is counted twice rather than not at all.
            under_way = await self._sql.depth(outbox(queue))
            depth = await self._sql.depth(queue)
        try:
            at_broker = await self._broker.depth(queue) or 0
        except _UNREACHABLE:
            at_broker = 0
        put_at = [each for each in (depth.oldest, under_way.oldest) if each is not None]
        return msgspec.structs.replace(
            depth,
            ready=depth.ready + max(under_way.waiting, at_broker),
            oldest=min(put_at, default=None),
        )

    async def close(self) -> None:
        """Let go of the broker and of the SQL store; what was not adopted stays with the broker."""
        self._closing = True
        await self._stop()
        await self._sql.close()
        await self._broker.close()

    async def _stop(self) -> None:
        tasks = [*self._adopters.values(), *([self._relay] if self._relay else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _pack(self, write: Write) -> tuple[Write, Sequence[Sending]]:
        """Turn puts for the broker into rows of the outbox, and tell what is to be sent."""
        sendings: list[Sending] = []
        puts: list[Put] = []
        for put in write.outcome.puts:
            sending = self._sending(put)
            if sending is None:
                puts.append(put)
                continue
            sendings.append(sending)
            row = outbox_row(put.parcel, sending[1], self._clock() + self._relay_every)
            puts.append(Put(outbox(put.queue), row))
        if not sendings:
            return write, ()
        return Write(msgspec.structs.replace(write.outcome, puts=puts), write.delivery), sendings

    def _sending(self, put: Put) -> Sending | None:
        """Return what the broker is to carry; None if the put is for SQL alone."""
        parcel = put.parcel
        if put.queue not in self._queues or parcel.ordered or parcel.not_before > self._clock():
            return None
        token = new_id()
        try:
            sent = wire(parcel, token, self._broker.capabilities)
            return (put.queue, token, sent) if fits(sent, self._broker.capabilities) else None
        except UnicodeEncodeError:
            # No store can keep it: let SQL be the one that refuses.
            return None

    async def _send(self, sendings: Sequence[Sending]) -> int:
        """Return how many the broker confirmed."""
        confirmed = 0
        for queue in dict.fromkeys(each for each, _, _ in sendings):
            batch = [(token, sent) for each, token, sent in sendings if each == queue]
            try:
                async with asyncio.timeout(self._send_timeout):
                    errors = await self._broker.put(queue, *(sent for _, sent in batch))
            except _UNREACHABLE as error:
                self._tell(f"put on {queue}", error)
                continue
            self._tell(f"put on {queue}", next(filter(None, errors), None))
            tokens = [token for (token, _), error in zip(batch, errors, strict=True) if not error]
            confirmed += len(tokens)
            self._confirmed.update(dict.fromkeys(tokens))
        reach("brokered:after-put")
        while len(self._confirmed) > _REMEMBERED:
            del self._confirmed[next(iter(self._confirmed))]
        return confirmed

    async def _relay_on(self) -> None:
        """Send at start and at every round what was put and not confirmed."""
        while True:
            try:
                sent = [await self._resend(queue) for queue in self._queues]
                self._reachable = all(sent)
                await self._forget_troubles()
            except _UNREACHABLE:
                self._reachable = False
            await asyncio.sleep(self._relay_every)

    async def _forget_troubles(self) -> None:
        """Take back that a put fails, once none is left: what was unclear may have arrived."""
        for queue in self._queues:
            told = f"put on {queue}"
            if told in self._troubles and not (await self._sql.depth(outbox(queue))).waiting:
                self._tell(told, None)

    async def _resend(self, queue: str) -> bool:
        """Return whether all that was due is with the broker."""
        while rows := await self._sql.take(outbox(queue), _BATCH, 0.0):
            sendings = [self._sending_again(queue, row.parcel) for row in rows]
            await self._send([each for each in sendings if each[1] not in self._confirmed])
            sent = [token in self._confirmed for _, token, _ in sendings]
            fates = [
                Later(self._resend_after, "under way", counts=False)
                if each
                else Later(self._relay_every, "not sent yet", counts=False)
                for each in sent
            ]
            # A row that was adopted meanwhile is gone: its write loses its lease, as it should.
            writes = (Write(Outcome(fate=fate), row) for fate, row in zip(fates, rows, strict=True))
            await self._sql.commit(*writes)
            for token in (token for _, token, _ in sendings):
                self._confirmed.pop(token, None)
            if not all(sent):
                return False
        return True

    def _sending_again(self, queue: str, row: Parcel) -> Sending:
        token, parcel = from_outbox(row)
        return queue, token, wire(parcel, token, self._broker.capabilities)

    def _adopt_beside(self, queue: str) -> None:
        """Adopt once, and on as long as a take waits, while the caller goes on."""
        task = self._adopters.get(queue)
        if task is None or task.done():
            self._adopters[queue] = asyncio.create_task(self._adopt_on(queue))

    async def _adopt_on(self, queue: str) -> None:
        while True:
            try:
                await self._adopt(queue, self._poll if self._waiting[queue] else 0.0)
                self._tell(f"take from {queue}", None)
            except _UNREACHABLE as error:
                self._tell(f"take from {queue}", error)
                await asyncio.sleep(_PATIENCE)
            if not self._waiting[queue]:
                return

    async def _adopt_now(self, queue: str) -> bool:
        try:
            return await self._adopt(queue, 0.0)
        except _UNREACHABLE:
            # What SQL holds can be handed out without the broker.
            return False

    async def _adopt(self, queue: str, wait: float) -> bool:
        """Return whether the broker handed anything out."""
        async with self._taking[queue]:
            deliveries = await self._broker.take(queue, _BATCH, wait)
            if not deliveries:
                return False
            reach("brokered:before-adoption")
            try:
                async with self._moving[queue]:
                    verdicts = await self._move(deliveries)
            except StoreError:
                await self._broker.release(*deliveries)
                raise
            reach("brokered:after-adoption")
            # What SQL refuses even so stays with the broker, which hands it out again.
            judged = list(zip(deliveries, verdicts, strict=True))
            await self._broker.ack(*(each for each, word in judged if word is not Verdict.REFUSED))
            if refused := [each for each, word in judged if word is Verdict.REFUSED]:
                await self._broker.release(*refused)
                raise StoreError(f"the journal refuses {len(refused)} of {len(judged)} parcels")
            return True

    async def _move(self, deliveries: Sequence[Delivery]) -> Sequence[Verdict]:
        """Commit the adoptions; of one that is refused, the bytes alone."""
        now = self._clock()
        verdicts = list(await self._sql.commit(*(adoption(each, now) for each in deliveries)))
        for place, delivery in enumerate(deliveries):
            if verdicts[place] is Verdict.REFUSED:
                verdicts[place] = (await self._sql.commit(bare(delivery, now)))[0]
        return verdicts

    def _tell(self, doing: str, error: Exception | None) -> None:
        """Keep what the broker does not do now, and pass it on when it changes."""
        told = None if error is None else f"{doing}: {str(error) or self._silence}"
        if told == self._troubles.get(doing):
            return
        if told is None:
            del self._troubles[doing]
        else:
            self._troubles[doing] = told
        self._trouble("; ".join(self._troubles.values()) or None)

    def _raise_what_failed(self, queue: str) -> None:
        """Raise the bug that ended a task of ours, rather than wait for what it will not bring."""
        for task in (self._relay, self._adopters.get(queue)):
            if task is not None and task.done() and not task.cancelled():
                task.result()
