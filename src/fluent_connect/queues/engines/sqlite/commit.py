"""Many writes, one transaction: guards read in batches, each write applied or refused whole."""

from collections.abc import Sequence
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
    Newer,
    Outcome,
    Parked,
    Skipped,
    Superseded,
    Unseen,
)
from fluent_connect.model.parcel import Parcel, Put
from fluent_connect.queues.engines.sqlite.lanes import free
from fluent_connect.queues.engines.sqlite.rows import Rows, as_list
from fluent_connect.queues.engines.sqlite.schema import DEAD, PARKED, READY
from fluent_connect.queues.engines.sqlite.wakes import Wakes
from fluent_connect.queues.store import Delivery, Verdict, Write

_encode = msgspec.json.Encoder().encode
_NATIVE = (Delivered, Sent, Revived, Dropped)
_HEADERS = "{}"

_PARCEL = (
    "INSERT INTO parcel (queue, id, lane, state, rank, grp, due, ordered, origin, headers, body, put_at)"
    " VALUES",
    "(?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)",
    "",
)
_BODY = (
    "INSERT INTO body (id, headers, data, at) VALUES",
    "(?, ?, ?, ?)",
    "ON CONFLICT (id) DO NOTHING",
)
_SEEN = ("INSERT INTO seen (key, at) VALUES", "(?, ?)", "ON CONFLICT (key) DO NOTHING")
_FENCE = (
    "INSERT INTO fence (key, version, fingerprint, output, deleted, dependencies, at) VALUES",
    "(?, ?, ?, ?, ?, ?, ?)",
    "ON CONFLICT (key) DO UPDATE SET version = excluded.version, fingerprint = excluded.fingerprint,"
    " output = excluded.output, deleted = excluded.deleted, dependencies = excluded.dependencies,"
    " at = excluded.at",
)


class _Standing(NamedTuple):
    """What guards and leases are judged by, read once for all writes of a transaction."""

    epochs: dict[int, int]
    seen: set[str]
    versions: dict[str, int]


class Committer:
    """Applies writes to the tables, within a transaction that its caller opens and ends."""

    def __init__(
        self, connection: apsw.Connection, recorder: Recorder, wakes: Wakes, record: str
    ) -> None:
        self._connection = connection
        self._record = recorder.record
        self._wakes = wakes
        self._bodies = record

    def apply(self, writes: Sequence[Write], now: float) -> list[Verdict]:
        """Return the verdict of each write; leave the transaction open."""
        work = _Work(now)
        standing = self._standing(writes)
        verdicts = [self._decide(write, standing, work) for write in writes]
        self._send(work)
        return verdicts

    def _standing(self, writes: Sequence[Write]) -> _Standing:
        seqs = [_lease(write.delivery)[0] for write in writes if write.delivery is not None]
        unseen, newer = [], []
        for write in writes:
            for guard in write.outcome.guards:
                if type(guard) is Unseen:
                    unseen.append(guard.key)
                elif type(guard) is Newer:
                    newer.append(guard.key)
        run = self._connection.execute
        return _Standing(
            dict(run(_SQL_EPOCHS, (as_list(seqs),)).fetchall()) if seqs else {},
            {key for (key,) in run(_SQL_SEEN, (as_list(unseen),))} if unseen else set(),
            dict(run(_SQL_VERSIONS, (as_list(newer),)).fetchall()) if newer else {},
        )

    def _decide(self, write: Write, standing: _Standing, work: "_Work") -> Verdict:
        outcome, delivery = write.outcome, write.delivery
        fate = outcome.fate
        if delivery is not None:
            seq, epoch = _lease(delivery)
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
            self._settle(delivery, fate, work)
        return verdict

    def _accept(self, outcome: Outcome, standing: _Standing, work: "_Work") -> None:
        for guard in outcome.guards:
            if type(guard) is Unseen:
                standing.seen.add(guard.key)
                work.rows.add(*_SEEN, (guard.key, work.now))
            elif type(guard) is Newer:
                standing.versions[guard.key] = guard.fence.version
                work.rows.add(*_FENCE, _fence_row(guard.key, guard.fence, work.now))
        for put in outcome.puts:
            self._put(put, work)
        for fact in outcome.facts:
            self._remember(fact, work)

    def _put(self, put: Put, work: "_Work") -> None:
        parcel, now = put.parcel, work.now
        headers = _encode(parcel.headers).decode() if parcel.headers else _HEADERS
        inline = parcel.origin is not None
        if not inline:
            work.rows.add(*_BODY, (parcel.id, headers, parcel.body, now))
        work.rows.add(
            *_PARCEL,
            (
                put.queue,
                parcel.id,
                parcel.key,
                1 if parcel.rank == "bulk" else 0,
                parcel.group,
                max(parcel.not_before, now),
                int(parcel.ordered),
                parcel.origin,
                headers if inline else None,
                parcel.body if inline else None,
                now,
            ),
        )

    def _remember(self, fact: Fact, work: "_Work") -> None:
        if isinstance(fact, _NATIVE):
            work.native.append(fact)
        for statement in self._record(fact):
            work.rows.statement(statement)

    def _settle(self, delivery: Delivery, fate: Fate, work: "_Work") -> None:
        parcel, seq = delivery.parcel, _lease(delivery)[0]
        if type(fate) is Later:
            work.later.append((work.now + fate.after, 0 if fate.counts else 1, fate.reason, seq))
        elif type(fate) is Parked:
            self._park(fate, seq, work)
        elif type(fate) is Dead:
            work.dead.append((fate.reason, fate.error, seq))
            self._end(delivery, "dead", fate.reason, work)
        else:
            work.gone.append(seq)
            work.bodies.append(parcel.origin or parcel.id)
            self._end(delivery, *_END[type(fate)](fate), work)
        if parcel.key:
            work.lanes.add((delivery.queue, parcel.key))

    def _park(self, fate: Parked, seq: int, work: "_Work") -> None:
        if fate.waits_for is not None and self._wakes.since(fate.waits_for, fate.since):
            work.later.append((work.now, 1, fate.reason, seq))
        else:
            work.parked.append((fate.waits_for, work.now + fate.after, fate.reason, seq))

    def _end(self, delivery: Delivery, state: str, reason: str, work: "_Work") -> None:
        self._remember(Settled(delivery.parcel.id, state, reason, work.now, delivery.tries), work)

    def _send(self, work: "_Work") -> None:
        run = self._connection.execute
        if work.gone:
            run(_SQL_GONE, (as_list(work.gone),)).fetchall()
        for sql, rows in (
            (_SQL_LATER, work.later),
            (_SQL_PARKED, work.parked),
            (_SQL_DEAD, work.dead),
        ):
            for values in rows:
                run(sql, values).fetchall()
        work.rows.send(self._connection)
        self._native(work)
        if work.lanes:
            free(self._connection, work.lanes)
        if work.bodies and self._bodies != "all":
            run(_SQL_BODIES, (as_list(self._forgettable(work.bodies)),)).fetchall()

    def _forgettable(self, ids: Sequence[str]) -> list[str]:
        """Leave out the sample, every 16th by its id, where a sample is kept."""
        if self._bodies == "sample":
            return [id_ for id_ in ids if not id_.partition("-")[0].endswith("0")]
        return list(ids)

    def _native(self, work: "_Work") -> None:
        run = self._connection.execute
        refs: list[str] = []
        for fact in work.native:
            if isinstance(fact, Delivered):
                refs.append(fact.ref)
            elif isinstance(fact, Sent):
                run(_SQL_SENT, (fact.queue, as_list(fact.ids))).fetchall()
            elif isinstance(fact, Revived):
                run(_SQL_REVIVE, (work.now, as_list(fact.ids))).fetchall()
            elif isinstance(fact, Dropped):
                rows = run(_SQL_DROP, (as_list(fact.ids),)).fetchall()
                work.lanes.update((queue, lane) for queue, lane, _, _ in rows)
                work.bodies.extend(origin or id_ for _, _, id_, origin in rows)
        if refs:
            self._wakes.note(refs)
            run(_SQL_WAKE, (work.now, as_list(refs))).fetchall()


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


_END = {
    Done: lambda fate: ("done", fate.note),
    Skipped: lambda fate: ("skipped", fate.reason),
    Superseded: lambda fate: ("superseded", fate.by),
}


def _judge(outcome: Outcome, standing: _Standing) -> tuple[Verdict, str]:
    for guard in outcome.guards:
        if type(guard) is Unseen:
            if guard.key in standing.seen:
                return Verdict.DUPLICATE, f"duplicate of {guard.key}"
        elif type(guard) is Newer:
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


def renewed(connection: apsw.Connection, deliveries: Sequence[Delivery], until: float) -> list[bool]:
    """Move the end of the leases that still stand; say which."""
    epochs = dict(
        connection.execute(_SQL_EPOCHS, (as_list(_lease(d)[0] for d in deliveries),)).fetchall()
    )
    alive = [epochs.get(_lease(delivery)[0]) == _lease(delivery)[1] for delivery in deliveries]
    seqs = [_lease(d)[0] for d, ours in zip(deliveries, alive, strict=True) if ours]
    if seqs:
        connection.execute(_SQL_RENEW, (until, as_list(seqs))).fetchall()
    return alive


def release(connection: apsw.Connection, deliveries: Sequence[Delivery]) -> None:
    """Give back, untried and ready at once, the deliveries whose leases still stand."""
    epochs = dict(
        connection.execute(_SQL_EPOCHS, (as_list(_lease(d)[0] for d in deliveries),)).fetchall()
    )
    ours = [d for d in deliveries if epochs.get(_lease(d)[0]) == _lease(d)[1]]
    connection.execute(_SQL_RELEASE, (as_list(_lease(d)[0] for d in ours),)).fetchall()
    free(connection, {(d.queue, d.parcel.key) for d in ours if d.parcel.key})


def parcel_of(id: str, headers: str, body: bytes) -> Parcel:  # noqa: A002 - the field's name
    """Return a parcel as it was put on the ct-queue."""
    return Parcel(id=id, key="", body=body, headers=msgspec.json.decode(headers))


_IN = "IN (SELECT value FROM json_each(?))"
_SQL_EPOCHS = f"SELECT seq, epoch FROM parcel WHERE state = 1 AND seq {_IN}"
_SQL_SEEN = f"SELECT key FROM seen WHERE key {_IN}"
_SQL_VERSIONS = f"SELECT key, version FROM fence WHERE key {_IN}"
_SQL_GONE = f"DELETE FROM parcel WHERE seq {_IN}"
_SQL_LATER = (
    f"UPDATE parcel SET state = {READY}, due = ?, tries = tries - ?, reason = ?, waits_for = NULL,"
    " lease_until = NULL WHERE seq = ?"
)
_SQL_PARKED = (
    f"UPDATE parcel SET state = {PARKED}, waits_for = ?, due = ?, reason = ?, tries = tries - 1,"
    " parks = parks + 1, lease_until = NULL WHERE seq = ?"
)
_SQL_DEAD = (
    f"UPDATE parcel SET state = {DEAD}, reason = ?, error = ?, lease_until = NULL WHERE seq = ?"
)
_SQL_RENEW = f"UPDATE parcel SET lease_until = ? WHERE seq {_IN}"
_SQL_RELEASE = (
    f"UPDATE parcel SET state = {READY}, tries = tries - 1, lease_until = NULL WHERE seq {_IN}"
)
_SQL_SENT = f"DELETE FROM parcel WHERE queue = ? AND id {_IN}"
_SQL_REVIVE = (
    f"UPDATE parcel SET state = {READY}, due = ?, tries = 0, parks = 0, first_tried = NULL,"
    f" reason = NULL, error = NULL WHERE state = {DEAD} AND id {_IN}"
)
_SQL_DROP = (
    f"DELETE FROM parcel WHERE state = {DEAD} AND id {_IN} RETURNING queue, lane, id, origin"
)
_SQL_WAKE = (
    f"UPDATE parcel SET state = {READY}, due = ? WHERE state = {PARKED} AND waits_for {_IN}"
)
_SQL_BODIES = (
    f"DELETE FROM body WHERE id {_IN}"
    " AND NOT EXISTS (SELECT 1 FROM parcel WHERE parcel.origin = body.id)"
)
