"""A Store that forgets everything with its process: for unit tests, and for partners' tests."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Literal

from fluent_connect.model.codec import encode
from fluent_connect.model.fact import (
    Delivered,
    Dropped,
    Fact,
    Recorder,
    Revived,
    Sent,
    Settled,
    Statement,
)
from fluent_connect.model.outcome import (
    Dead,
    Fate,
    Fence,
    Guard,
    Later,
    Outcome,
    Parked,
    Superseded,
    Unseen,
)
from fluent_connect.model.parcel import CT_QUEUE, Parcel
from fluent_connect.queues.engines.memory.journal import MemoryJournal
from fluent_connect.queues.engines.memory.rows import (
    Row,
    compile_patterns,
    end_of,
    mirrored,
    originals_of,
)
from fluent_connect.queues.store import Delivery, Depth, StoreError, Verdict, Write

_SHORTEST_NAP = 0.01

_AHEAD = 86400.0
"""Seconds by which a woken parcel is set before its time: it goes before what was put since."""


class MemoryStore:
    """Queues and journal in memory, with all that the contract of a Store asks but durability."""

    def __init__(
        self,
        recorder: Recorder | None = None,
        clock: Callable[[], float] = time.time,
        lease: float = 30.0,
        *,
        record: Literal["failed", "all"] = "failed",
    ) -> None:
        self._journal = MemoryJournal(recorder)
        self._clock = clock
        self._lease = lease
        self._record = record
        self._numbers = count(1)
        self._rows: dict[str, dict[int, Row]] = {}
        self._leased: dict[str, Row] = {}
        self._seen: set[str] = set()
        self._fences: dict[str, Fence] = {}
        self._delivered: dict[str, int] = {}
        self._newest = 0
        self._originals: dict[str, Parcel] = {}
        self._references: Counter[str] = Counter()
        self._changed = asyncio.Event()
        self._closed = False

    async def commit(self, *writes: Write) -> Sequence[Verdict]:
        """Return what came of each write; the process's end undoes them all."""
        if self._closed:
            raise StoreError("the store is closed")
        verdicts = [self._commit(write) for write in writes]
        self._wake()
        return verdicts

    async def take(
        self, queue: str, limit: int, wait: float, *, paused: Collection[str] = ()
    ) -> Sequence[Delivery]:
        """Return 1 to `limit` deliveries, each in a lane of its own; none after `wait` seconds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + wait
        pattern = compile_patterns(paused)
        while not self._closed:
            found = self._claim(queue, limit, pattern)
            left = end - loop.time()
            if found or left <= 0:
                return found
            changed = self._changed
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), min(left, self._until_due(queue)))
        return []

    async def renew(self, *deliveries: Delivery) -> Sequence[bool]:
        """Move the end of each lease, in place. False: it is lost."""
        held = []
        for delivery in deliveries:
            row = self._leased.get(delivery.lease)
            held.append(row is not None)
            if row is not None:
                row.due = delivery.lease_until = self._clock() + self._lease
        return held

    async def release(self, *deliveries: Delivery) -> None:
        """Give deliveries back untried, ready at once and in their old place."""
        for delivery in deliveries:
            row = self._leased.get(delivery.lease)
            if row is not None:
                row.tries -= 1
                self._free(row, "ready", row.put_at)
        self._wake()

    async def fences(self, *keys: str) -> Mapping[str, Fence]:
        """Return the fences that stand; a key without one is absent."""
        return {key: self._fences[key] for key in keys if key in self._fences}

    async def delivered(self) -> int:
        """Return the number of the newest `Delivered` fact."""
        return self._newest

    async def original(self, id: str) -> Parcel | None:
        """Return a ct-queue parcel as it came in, for as long as something refers to it."""
        return self._originals.get(id)

    async def read(self, statement: Statement) -> Sequence[Mapping[str, object]]:
        """Return the rows that a search of the journal finds."""
        return self._journal.read(statement, (mirrored(row) for row in self._all()))

    async def depth(self, queue: str) -> Depth:
        """Count the parcels of a queue."""
        self._expire(queue)
        now = self._clock()
        rows = self._queue(queue)
        free = {row.seq for row in self._candidates(queue)}
        due = [row for row in rows if row.state == "ready" and row.due <= now]
        states = Counter(row.state for row in rows)
        return Depth(
            ready=len(free),
            scheduled=states["ready"] - len(due),
            leased=states["leased"],
            blocked=len(due) - len(free),
            parked=states["parked"],
            dead=states["dead"],
            oldest=min((row.put_at for row in rows if row.state != "dead"), default=None),
        )

    async def close(self) -> None:
        """End the takes that wait, and forget the journal."""
        self._closed = True
        self._wake()
        self._journal.close()

    # taking

    def _claim(self, queue: str, limit: int, paused: re.Pattern[str] | None) -> list[Delivery]:
        self._expire(queue)
        candidates = self._candidates(queue, paused)
        chosen = [row for _, row in zip(range(limit), candidates, strict=False)]
        return [self._hand_out(row) for row in chosen]

    def _candidates(self, queue: str, paused: re.Pattern[str] | None = None) -> Iterator[Row]:
        """Yield what may be handed out now, the first of each lane, in order."""
        now = self._clock()
        rows = self._queue(queue)
        taken = {row.parcel.key for row in rows if row.state == "leased"}
        holders: dict[str, int] = {}
        for row in rows:
            if row.parcel.ordered:
                holders.setdefault(row.parcel.key, row.seq)
        for row in sorted(rows, key=lambda each: each.order):
            key = row.parcel.key
            if row.state != "ready" or row.due > now:
                continue
            if paused is not None and paused.fullmatch(row.parcel.group):
                continue
            if key and (key in taken or holders.get(key, row.seq) < row.seq):
                continue
            taken.add(key)
            yield row

    def _hand_out(self, row: Row) -> Delivery:
        now = self._clock()
        row.state = "leased"
        row.lease = f"{row.seq}.{next(self._numbers)}"
        row.due = now + self._lease
        row.tries += 1
        row.first_tried = now if row.first_tried is None else row.first_tried
        self._leased[row.lease] = row
        return Delivery(
            queue=row.queue,
            parcel=row.parcel,
            tries=row.tries,
            first_tried=row.first_tried,
            lease=row.lease,
            lease_until=row.due,
            parks=row.parks,
        )

    def _expire(self, queue: str) -> None:
        """Make ready what was leased or parked for long enough."""
        now = self._clock()
        for row in self._queue(queue):
            if row.state == "leased" and row.due <= now:
                self._free(row, "ready", row.put_at)
            elif row.state == "parked" and row.due <= now:
                row.state = "ready"

    def _until_due(self, queue: str) -> float:
        """Return the seconds until time alone could make something ready."""
        now = self._clock()
        rows = self._queue(queue)
        times = [row.due - now for row in rows if row.state != "dead" and row.due > now]
        return max(min(times, default=3600.0), _SHORTEST_NAP)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    # committing

    def _commit(self, write: Write) -> Verdict:
        row = None
        if write.delivery is not None:
            row = self._leased.get(write.delivery.lease)
            if row is None:
                return Verdict.LEASE_LOST
        outcome = write.outcome
        verdict = self._ask(outcome.guards)
        if verdict is not Verdict.APPLIED:
            outcome = Outcome(fate=Superseded(verdict.value))
        try:
            encode(outcome.puts)
            self._journal.write([*outcome.facts, *self._ends(row, outcome)])
        except Exception:  # noqa: BLE001 - whatever it was, this write alone is refused
            return Verdict.REFUSED
        self._apply(row, outcome)
        return verdict

    def _ask(self, guards: Sequence[Guard]) -> Verdict:
        for guard in guards:
            if isinstance(guard, Unseen):
                if guard.key in self._seen:
                    return Verdict.DUPLICATE
            elif (stands := self._fences.get(guard.key)) is not None:
                above = guard.fence.version - stands.version
                if above < 0 or (above == 0 and not guard.or_equal):
                    return Verdict.SUPERSEDED
        return Verdict.APPLIED

    def _ends(self, row: Row | None, outcome: Outcome) -> Iterator[Fact]:
        """Yield what the store itself says: whose end this write is."""
        now = self._clock()
        end = end_of(outcome.fate)
        if row is not None and end is not None:
            yield Settled(row.parcel.id, *end, now, row.tries)
        for fact in outcome.facts:
            if isinstance(fact, Dropped):
                for dead in self._dead(fact.ids):
                    yield Settled(dead.parcel.id, "skipped", "dropped", now, dead.tries)

    def _apply(self, row: Row | None, outcome: Outcome) -> None:
        for guard in outcome.guards:
            if isinstance(guard, Unseen):
                self._seen.add(guard.key)
            else:
                self._fences[guard.key] = guard.fence
        for put in outcome.puts:
            self._put(put.queue, put.parcel)
        for fact in outcome.facts:
            self._heed(fact)
        if row is not None and row.lease in self._leased:
            self._settle(row, outcome.fate)

    def _heed(self, fact: Fact) -> None:
        """Do what some facts mean for the queues."""
        match fact:
            case Delivered(ref):
                self._deliver(ref)
            case Revived(ids):
                for row in self._dead(ids):
                    row.state, row.due = "ready", self._clock()
                    row.tries, row.parks, row.first_tried = 0, 0, None
            case Dropped(ids):
                for row in self._dead(ids):
                    self._remove(row)
            case Sent(queue, ids):
                for row in [each for each in self._queue(queue) if each.parcel.id in ids]:
                    self._remove(row)

    def _deliver(self, ref: str) -> None:
        self._newest += 1
        self._delivered[ref] = self._newest
        for row in self._all():
            if row.state == "parked" and row.waits_for == ref:
                row.state, row.due = "ready", self._clock() - _AHEAD

    def _settle(self, row: Row, fate: Fate | None) -> None:
        now = self._clock()
        match fate:
            case Later(after, reason, counts):
                row.reason = reason
                row.tries -= 0 if counts else 1
                self._free(row, "ready", now + after)
            case Parked(reason, waits_for, since, after):
                row.reason = reason
                row.tries -= 1
                row.parks += 1
                row.waits_for = waits_for
                came = self._delivered.get(waits_for or "", 0) > since
                self._free(
                    row, "ready" if came else "parked", now - _AHEAD if came else now + after
                )
            case Dead(reason, error):
                row.reason, row.error = reason, error
                self._free(row, "dead", now)
            case _:
                self._remove(row)

    def _put(self, queue: str, parcel: Parcel) -> None:
        now = self._clock()
        seq = next(self._numbers)
        row = Row(seq, queue, parcel, now, parcel.not_before or now)
        self._rows.setdefault(queue, {})[seq] = row
        if queue == CT_QUEUE:
            self._originals[parcel.id] = parcel
        self._references.update(originals_of(row))

    def _free(self, row: Row, state: Literal["ready", "parked", "dead"], due: float) -> None:
        self._leased.pop(row.lease, None)
        row.state, row.due, row.lease = state, due, ""

    def _remove(self, row: Row) -> None:
        self._leased.pop(row.lease, None)
        del self._rows[row.queue][row.seq]
        for id_ in originals_of(row):
            self._references[id_] -= 1
            if self._references[id_] <= 0:
                del self._references[id_]
                if self._record == "failed":
                    self._originals.pop(id_, None)

    def _all(self) -> Iterator[Row]:
        for rows in self._rows.values():
            yield from rows.values()

    def _dead(self, ids: Iterable[str]) -> list[Row]:
        wanted = set(ids)
        return [row for row in self._all() if row.state == "dead" and row.parcel.id in wanted]

    def _queue(self, queue: str) -> Collection[Row]:
        return self._rows.get(queue, {}).values()
