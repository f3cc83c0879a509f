"""Many writes, one transaction: guards read in batches, each write applied or refused whole."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import apsw
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
    Outcome,
    Parked,
    Skipped,
    Superseded,
    Unseen,
)
from fluent_connect.model.parcel import Parcel, Put
from fluent_connect.queues.engines.sqlite import statements as sql
from fluent_connect.queues.engines.sqlite.cache import Cache
from fluent_connect.queues.engines.sqlite.lanes import free
from fluent_connect.queues.engines.sqlite.rows import Rows, as_list, fetch
from fluent_connect.queues.store import Delivery, Verdict, Write

_encode = msgspec.json.Encoder().encode
_epochs = msgspec.json.Decoder(list[tuple[int, int]]).decode
_standing = msgspec.json.Decoder(tuple[set[str], list[tuple[str, int]]]).decode
ANY = "*"
_AHEAD = 86400.0
"""Seconds by which a woken parcel is set before its time: it goes before all that was put since."""
_NATIVE = (Delivered, Sent, Revived, Dropped)
_HEADERS = "{}"


class _Standing(NamedTuple):
    """What guards and leases are judged by, read once for all writes of a transaction."""

    epochs: dict[int, int]
    seen: set[str]
    versions: dict[str, int]


class Committer:
    """Applies writes to the tables, within a transaction that its caller opens and ends."""

    def __init__(
        self,
        connection: apsw.Connection,
        recorder: Recorder,
        cache: Cache,
        keeps: Callable[[str], bool],
    ) -> None:
        self._connection = connection
        self._record = recorder.record
        self._inserts = recorder.inserts
        self._cache = cache
        self._keeps = keeps
        self.touched: set[str] = set()
        """Queues in which something may be ready since the last take; ANY: any of them."""

    def apply(self, writes: Sequence[Write], now: float) -> list[Verdict]:
        """Return the verdict of each write; leave the transaction open."""
        work = _Work(now)
        leases = [None if each.delivery is None else _lease(each.delivery) for each in writes]
        standing = self._standing(writes, [each[0] for each in leases if each], now)
        verdicts = [
            self._decide(write, lease, standing, work)
            for write, lease in zip(writes, leases, strict=True)
        ]
        self._send(work)
        return verdicts

    def _standing(self, writes: Sequence[Write], seqs: Sequence[int], now: float) -> _Standing:
        unseen, newer = [], []
        for write in writes:
            for guard in write.outcome.guards:
                if isinstance(guard, Unseen):
                    unseen.append(guard.key)
                else:
                    newer.append(guard.key)
        epochs, unsure = self._cache.leases.standing(seqs, now)
        if unsure:
            epochs |= _epochs_of(self._connection, unsure)
        self._cache.leases.end(seqs)
        if not unseen and not newer:
            return _Standing(epochs, set(), {})
        keys = (as_list(unseen), as_list(newer))
        seen, versions = _standing(self._connection.execute(sql.STANDING, keys).get)
        return _Standing(epochs, seen, dict(versions))

    def _decide(
        self, write: Write, lease: tuple[int, int] | None, standing: _Standing, work: "_Work"
    ) -> Verdict:
        outcome, delivery = write.outcome, write.delivery
        fate, seq = outcome.fate, 0
        if lease is not None:
            seq, epoch = lease
            if standing.epochs.get(seq) != epoch:
                return Verdict.LEASE_LOST
            if fate is None:
                return Verdict.REFUSED
            del standing.epochs[seq]
        verdict, by = _judge(outcome, standing)
        if verdict is Verdict.APPLIED:
            self._accept(outcome, standing, work)
        elif fate is not None:
            fate = Superseded(by)
        if delivery is not None and fate is not None:
            self._settle(delivery, seq, fate, work)
        return verdict

    def _accept(self, outcome: Outcome, standing: _Standing, work: "_Work") -> None:
        for guard in outcome.guards:
            if isinstance(guard, Unseen):
                standing.seen.add(guard.key)
                work.rows.add(sql.ADD_SEEN, (guard.key, work.now))
            else:
                standing.versions[guard.key] = guard.fence.version
                work.rows.add(sql.SET_FENCE, _fence_row(guard.key, guard.fence, work.now))
        for put in outcome.puts:
            self._put(put, work)
        for fact in outcome.facts:
            self._remember(fact, work)

    def _put(self, put: Put, work: "_Work") -> None:
        parcel, now = put.parcel, work.now
        self._cache.fresh.keep(put.queue, parcel)
        self._cache.put(put.queue, parcel.group)
        self.touched.add(put.queue)
        headers = _encode(parcel.headers).decode() if parcel.headers else _HEADERS
        inline = parcel.origin is not None
        if not inline:
            work.rows.add(sql.ADD_BODY, (parcel.id, headers, parcel.body, now))
        work.rows.add(
            sql.ADD_PARCEL,
            (
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
            ),
        )

    def _remember(self, fact: Fact, work: "_Work") -> None:
        insert = self._inserts.get(type(fact))
        if insert is not None:
            work.rows.add(insert.form, insert.values(fact))
            return
        if isinstance(fact, _NATIVE):
            work.native.append(fact)
        for statement in self._record(fact):
            work.rows.statement(statement)

    def _settle(self, delivery: Delivery, seq: int, fate: Fate, work: "_Work") -> None:
        parcel = delivery.parcel
        if isinstance(fate, Later | Parked):
            self.touched.add(delivery.queue)
            self._cache.put(delivery.queue, parcel.group)
        if isinstance(fate, Later):
            work.later.append((work.now + fate.after, 0 if fate.counts else 1, fate.reason, seq))
        elif isinstance(fate, Parked):
            self._park(fate, seq, work)
        elif isinstance(fate, Dead):
            work.dead.append((fate.reason, fate.error, seq))
            self._end(delivery, "dead", fate.reason, work)
        else:
            work.gone.append(seq)
            work.bodies.append(parcel.origin or parcel.id)
            self._end(delivery, *_end(fate), work)
        if parcel.key:
            work.lanes.add((delivery.queue, parcel.key))

    def _park(self, fate: Parked, seq: int, work: "_Work") -> None:
        if fate.waits_for is not None and self._cache.wakes.since(fate.waits_for, fate.since):
            work.later.append((work.now - _AHEAD, 1, fate.reason, seq))
        else:
            work.parked.append((fate.waits_for, work.now + fate.after, fate.reason, seq))

    def _end(self, delivery: Delivery, state: str, reason: str, work: "_Work") -> None:
        self._remember(Settled(delivery.parcel.id, state, reason, work.now, delivery.tries), work)

    def _send(self, work: "_Work") -> None:
        connection = self._connection
        if work.gone:
            fetch(connection, sql.GONE, (as_list(work.gone),))
        for text, rows in (
            (sql.SET_LATER, work.later),
            (sql.SET_PARKED, work.parked),
            (sql.SET_DEAD, work.dead),
        ):
            for values in rows:
                fetch(connection, text, values)
        self._native(work)
        work.rows.send(self._connection)
        if work.native:
            self.touched.add(ANY)
            self._cache.groups.clear()
        if work.lanes and free(self._connection, work.lanes, self._cache):
            self.touched.update(queue for queue, _ in work.lanes)
        forgotten = [id_ for id_ in work.bodies if not self._keeps(id_)]
        if forgotten:
            fetch(connection, sql.BODIES, (as_list(forgotten),))

    def _native(self, work: "_Work") -> None:
        connection = self._connection
        refs: list[str] = []
        for fact in work.native:
            if isinstance(fact, Delivered):
                refs.append(fact.ref)
            elif isinstance(fact, Sent):
                fetch(connection, sql.SENT, (fact.queue, as_list(fact.ids)))
                self._cache.leases.clear()
            elif isinstance(fact, Revived):
                fetch(connection, sql.REVIVE, (work.now, as_list(fact.ids)))
            elif isinstance(fact, Dropped):
                rows = fetch(connection, sql.DROP, (as_list(fact.ids),))
                for queue, lane, id_, origin, tries in rows:
                    work.lanes.add((queue, lane))
                    work.bodies.append(origin or id_)
                    ended = Settled(id_, "skipped", "dropped by operator", work.now, tries)
                    self._remember(ended, work)
        if refs:
            self._cache.wakes.note(refs)
            fetch(connection, sql.WAKE, (work.now - _AHEAD, as_list(refs)))


class _Work:
    """What a transaction has to do."""

    __slots__ = ("bodies", "dead", "gone", "lanes", "later", "native", "now", "parked", "rows")

    def __init__(self, now: float) -> None:
        self.now = now
        self.rows = Rows()
        self.gone: list[int] = []
        self.later: list[tuple[object, ...]] = []
        self.parked: list[tuple[object, ...]] = []
        self.dead: list[tuple[object, ...]] = []
        self.native: list[Fact] = []
        self.bodies: list[str] = []
        self.lanes: set[tuple[str, str]] = set()


def _end(fate: Done | Skipped | Superseded) -> tuple[str, str]:
    if isinstance(fate, Done):
        return "done", fate.note
    if isinstance(fate, Skipped):
        return "skipped", fate.reason
    return "superseded", fate.by


def _judge(outcome: Outcome, standing: _Standing) -> tuple[Verdict, str]:
    for guard in outcome.guards:
        if isinstance(guard, Unseen):
            if guard.key in standing.seen:
                return Verdict.DUPLICATE, f"duplicate of {guard.key}"
        else:
            stands = standing.versions.get(guard.key)
            version = guard.fence.version
            if stands is not None and not (
                version > stands or (guard.or_equal and version == stands)
            ):
                return Verdict.SUPERSEDED, f"version {stands} was applied"
    return Verdict.APPLIED, ""


def _fence_row(key: str, fence: Fence, now: float) -> tuple[object, ...]:
    return (
        key,
        fence.version,
        fence.fingerprint,
        fence.output,
        int(fence.deleted),
        _encode(fence.dependencies).decode() if fence.dependencies else _HEADERS,
        now,
    )


def _lease(delivery: Delivery) -> tuple[int, int]:
    seq, _, epoch = delivery.lease.partition(".")
    return int(seq), int(epoch)


def _epochs_of(connection: apsw.Connection, seqs: Sequence[int]) -> dict[int, int]:
    """Return the epochs of those parcels that are out."""
    return dict(_epochs(connection.execute(sql.EPOCHS, (as_list(seqs),)).get))


def renewed(
    connection: apsw.Connection, deliveries: Sequence[Delivery], until: float, cache: Cache
) -> list[bool]:
    """Move the end of the leases that still stand; say which."""
    epochs = _epochs_of(connection, [_lease(each)[0] for each in deliveries])
    alive = [epochs.get(_lease(each)[0]) == _lease(each)[1] for each in deliveries]
    ours = [_lease(each) for each, stands in zip(deliveries, alive, strict=True) if stands]
    if ours:
        fetch(connection, sql.RENEW, (until, as_list([seq for seq, _ in ours])))
    for seq, epoch in ours:
        cache.leases.begin(seq, epoch, until)
    return alive


def release(connection: apsw.Connection, deliveries: Sequence[Delivery], cache: Cache) -> None:
    """Give back, untried and ready at once, the deliveries whose leases still stand."""
    epochs = _epochs_of(connection, [_lease(each)[0] for each in deliveries])
    ours = [each for each in deliveries if epochs.get(_lease(each)[0]) == _lease(each)[1]]
    seqs = [_lease(each)[0] for each in ours]
    fetch(connection, sql.RELEASE, (as_list(seqs),))
    cache.leases.end(seqs)
    for each in ours:
        cache.put(each.queue, each.parcel.group)
    free(connection, {(each.queue, each.parcel.key) for each in ours if each.parcel.key}, cache)


def parcel_of(id: str, headers: str, body: bytes) -> Parcel:
    """Return a parcel as it was put on the ct-queue."""
    return Parcel(id=id, key="", body=body, headers=msgspec.json.decode(headers))
