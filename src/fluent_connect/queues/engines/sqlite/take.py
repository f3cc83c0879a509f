"""Which parcels are handed out next: by group, rank and time, one of a lane at a time."""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

import apsw
import msgspec

from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.engines.sqlite.lanes import free
from fluent_connect.queues.engines.sqlite.rows import as_list, fetch
from fluent_connect.queues.engines.sqlite.schema import BLOCKED, LEASED, PARKED, READY
from fluent_connect.queues.store import Delivery

Candidate = tuple[int, str, int, int, float]
"""seq, lane, ordered, rank, due"""

_decode = msgspec.json.Decoder(dict[str, str]).decode
_BARE: dict[str, str] = {}


class Taker:
    """Hands out parcels, within a transaction that its caller opens and ends."""

    def __init__(self, connection: apsw.Connection, lease: float) -> None:
        self._connection = connection
        self._lease = lease

    def take(
        self, queue: str, limit: int, paused: Collection[str], now: float
    ) -> Sequence[Delivery]:
        """Lease up to `limit` parcels and return them."""
        groups = self._groups(queue, paused)
        chosen: list[Candidate] = []
        while groups and len(chosen) < limit:
            candidates = self._candidates(queue, groups, limit - len(chosen), now)
            free_ones, blocked = self._split(queue, candidates, {lane for _, lane, *_ in chosen})
            chosen += free_ones
            if blocked:
                fetch(self._connection, _SQL_BLOCK, (as_list(blocked),))
            if free_ones:
                self._mark(free_ones, now)
            if not blocked:
                break
        return self._read(queue, [seq for seq, *_ in chosen], now)

    def next_due(self, queue: str, paused: Collection[str]) -> float | None:
        """Return when the next parcel of the queue can be handed out."""
        dues = [
            due
            for group in self._groups(queue, paused)
            for rank in (0, 1)
            if (due := self._connection.execute(_SQL_DUE, (queue, group, rank)).get) is not None
        ]
        return min(dues, default=None)

    def sweep(self, now: float) -> bool:
        """Make ready what parked long enough and whose lease ran out; say if there was any."""
        parked = fetch(self._connection, _SQL_UNPARK, (now,))
        expired = fetch(self._connection, _SQL_EXPIRE, (now,))
        if expired:
            free(self._connection, {(queue, lane) for queue, lane in expired if lane})
        return bool(parked or expired)

    def reclaim(self) -> None:
        """Make ready whatever was leased: for the only process that takes, when it starts."""
        fetch(self._connection, _SQL_RECLAIM)
        fetch(self._connection, _SQL_UNBLOCK)

    def _groups(self, queue: str, paused: Collection[str]) -> list[str]:
        """Return the groups that have something ready, found by skipping through the index."""
        groups = [name for (name,) in self._connection.execute(_SQL_GROUPS, (queue, queue))]
        if not paused:
            return groups
        return [g for g in groups if not any(_pattern(p).fullmatch(g) for p in paused)]

    def _candidates(
        self, queue: str, groups: Sequence[str], limit: int, now: float
    ) -> list[Candidate]:
        found: list[Candidate] = []
        for rank in (0, 1):
            for group in groups:
                rows = self._connection.execute(_SQL_READY, (queue, group, rank, now, limit))
                found.extend(rows)
            if len(found) >= limit:
                break
        if len(groups) > 1:
            found.sort(key=lambda c: (c[3], c[4], c[0]))
        return found[:limit]

    def _split(
        self, queue: str, candidates: Sequence[Candidate], busy: set[str]
    ) -> tuple[list[Candidate], list[int]]:
        """Part candidates whose lane is free from those that must wait for another parcel."""
        lanes = [lane for _, lane, *_ in candidates if lane]
        if not lanes:
            return list(candidates), []
        busy |= {lane for (lane,) in fetch(self._connection, _SQL_OUT, (queue, as_list(lanes)))}
        chosen, blocked = [], []
        for candidate in candidates:
            seq, lane, ordered = candidate[:3]
            if lane and (lane in busy or (ordered and self._held(queue, lane, seq))):
                blocked.append(seq)
            else:
                busy.add(lane)
                chosen.append(candidate)
        return chosen, blocked

    def _held(self, queue: str, lane: str, seq: int) -> bool:
        """Say whether an earlier parcel of an event lane has not come to its end."""
        return self._connection.execute(_SQL_HELD, (queue, lane, seq)).get is not None

    def _mark(self, chosen: Sequence[Candidate], now: float) -> None:
        seqs = as_list(seq for seq, *_ in chosen)
        fetch(self._connection, _SQL_LEASE, (now, now + self._lease, seqs))

    def _read(self, queue: str, seqs: Sequence[int], now: float) -> list[Delivery]:
        if not seqs:
            return []
        rows = {row[0]: row for row in self._connection.execute(_SQL_BODY, (as_list(seqs),))}
        until = now + self._lease
        return [_delivery(queue, rows[seq], until) for seq in seqs]


@lru_cache(1000)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)


def _delivery(queue: str, row: tuple[Any, ...], until: float) -> Delivery:
    seq, id_, lane, rank, grp, due, ordered, origin, headers, body, tries, parks, first, epoch = row
    parcel = Parcel(
        id_,
        lane,
        body,
        _BARE if headers == "{}" else _decode(headers),
        "bulk" if rank else "live",
        grp,
        due,
        bool(ordered),
        origin,
    )
    return Delivery(queue, parcel, tries, first, f"{seq}.{epoch}", until, parks)


_IN = "IN (SELECT value FROM json_each(?))"
_SQL_GROUPS = """
    WITH RECURSIVE g (name) AS (
        SELECT min(grp) FROM parcel WHERE state = 0 AND queue = ?
        UNION ALL
        SELECT (SELECT min(grp) FROM parcel WHERE state = 0 AND queue = ? AND grp > g.name)
        FROM g WHERE g.name IS NOT NULL)
    SELECT name FROM g WHERE name IS NOT NULL"""
_SQL_READY = (
    "SELECT seq, lane, ordered, rank, due FROM parcel WHERE state = 0 AND queue = ? AND grp = ?"
    " AND rank = ? AND due <= ? ORDER BY due, seq LIMIT ?"
)
_SQL_DUE = "SELECT min(due) FROM parcel WHERE state = 0 AND queue = ? AND grp = ? AND rank = ?"
_SQL_OUT = f"SELECT lane FROM parcel WHERE state = 1 AND queue = ? AND lane {_IN}"
_SQL_HELD = "SELECT 1 FROM parcel WHERE ordered = 1 AND queue = ? AND lane = ? AND seq < ? LIMIT 1"
_SQL_BLOCK = f"UPDATE parcel SET state = {BLOCKED} WHERE seq {_IN}"
_SQL_LEASE = (
    f"UPDATE parcel SET state = {LEASED}, epoch = epoch + 1, tries = tries + 1,"
    f" first_tried = coalesce(first_tried, ?), lease_until = ? WHERE seq {_IN}"
)
_SQL_BODY = (
    "SELECT p.seq, p.id, p.lane, p.rank, p.grp,"
    " CASE WHEN p.due = p.put_at THEN 0.0 ELSE p.due END, p.ordered, p.origin,"
    " coalesce(p.headers, b.headers), coalesce(p.body, b.data), p.tries, p.parks, p.first_tried,"
    f" p.epoch FROM parcel p LEFT JOIN body b ON p.body IS NULL AND b.id = p.id WHERE p.seq {_IN}"
)
_SQL_UNPARK = f"UPDATE parcel SET state = {READY} WHERE state = {PARKED} AND due <= ? RETURNING seq"
_SQL_EXPIRE = (
    f"UPDATE parcel SET state = {READY}, lease_until = NULL"
    f" WHERE state = {LEASED} AND lease_until <= ? RETURNING queue, lane"
)
_SQL_RECLAIM = f"UPDATE parcel SET state = {READY}, lease_until = NULL WHERE state = {LEASED}"
_SQL_UNBLOCK = f"UPDATE parcel SET state = {READY} WHERE state = {BLOCKED}"
