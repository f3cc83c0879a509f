"""Which parcels are handed out next: by group, rank and time, one of a lane at a time.

A statement gives the interpreter lock away at each row, and gets it back only when the event loop
lets go of it. So whatever may have many rows comes as one: a JSON array that SQLite has put
together.
"""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

import apsw
import msgspec

from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.engines.sqlite.cache import Cache
from fluent_connect.queues.engines.sqlite.lanes import free, free_all
from fluent_connect.queues.engines.sqlite.rows import as_list, fetch
from fluent_connect.queues.engines.sqlite.schema import BLOCKED, LEASED, PARKED, READY
from fluent_connect.queues.store import Delivery


class _Candidate(NamedTuple):
    """A parcel that is ready; `busy`: another one of its lane is out, or holds it."""

    seq: int
    id: str
    lane: str
    rank: int
    due: float
    busy: int
    tries: int
    parks: int
    first_tried: float | None
    epoch: int


class _Row(NamedTuple):
    """A parcel as it was put; the body in hexadecimal, None if it is read by itself."""

    seq: int
    id: str
    lane: str
    rank: int
    grp: str
    due: float
    ordered: int
    origin: str | None
    headers: str | None
    body: str | None


_candidates = msgspec.json.Decoder(list[_Candidate]).decode
_rows = msgspec.json.Decoder(list[_Row]).decode
_names = msgspec.json.Decoder(list[str]).decode
_headers = msgspec.json.Decoder(dict[str, str]).decode
_BARE: dict[str, str] = {}
_LARGE = 65_536


class Taker:
    """Hands out parcels, within a transaction that its caller opens and ends."""

    def __init__(self, connection: apsw.Connection, lease: float, cache: Cache) -> None:
        self._connection = connection
        self._lease = lease
        self._cache = cache

    def take(
        self, queue: str, limit: int, paused: Collection[str], now: float
    ) -> Sequence[Delivery]:
        """Lease up to `limit` parcels and return them."""
        groups = self._groups(queue, paused)
        chosen: list[_Candidate] = []
        while groups and len(chosen) < limit:
            free_ones, blocked = _split(self._ready(queue, groups, limit - len(chosen), now))
            if free_ones:
                seqs = as_list([each.seq for each in free_ones])
                fetch(self._connection, _SQL_LEASE, (now, now + self._lease, seqs))
                chosen += free_ones
            if not blocked:
                break
            fetch(self._connection, _SQL_BLOCK, (as_list(blocked),))
        return self._deliveries(queue, chosen, now) if chosen else []

    def next_due(self, queue: str, paused: Collection[str]) -> float | None:
        """Return when the next parcel of the queue can be handed out."""
        groups = self._groups(queue, paused)
        if not groups:
            return None
        values = [value for group in groups for value in (queue, group, queue, group)]
        due: float | None = self._connection.execute(_dues(len(groups)), values).get
        return due

    def forget(self) -> None:
        """Look at the file again for what another process may have changed."""
        self._cache.forget()

    def sweep(self, now: float) -> bool:
        """Make ready what parked long enough and whose lease ran out; say if there was any."""
        self.forget()
        parked = fetch(self._connection, _SQL_UNPARK, (now,))
        expired = fetch(self._connection, _SQL_EXPIRE, (now,))
        if expired:
            lanes = {(queue, lane) for queue, lane in expired if lane}
            free(self._connection, lanes, self._cache)
        return free_all(self._connection) or bool(parked or expired)

    def _groups(self, queue: str, paused: Collection[str]) -> list[str]:
        """Return the groups that may have something ready, found by skipping through the index."""
        groups = self._cache.groups.get(queue)
        if groups is None:
            groups = set(_names(self._connection.execute(_SQL_GROUPS, (queue, queue)).get))
            self._cache.groups[queue] = groups
        if not paused:
            return list(groups)
        return [g for g in groups if not any(_pattern(p).fullmatch(g) for p in paused)]

    def _ready(self, queue: str, groups: Sequence[str], limit: int, now: float) -> list[_Candidate]:
        values: list[object] = []
        for group in groups:
            for rank in (0, 1):
                values += (queue, group, rank, now, limit)
        return _candidates(self._connection.execute(_ready(len(groups)), (*values, limit)).get)

    def _deliveries(self, queue: str, chosen: Sequence[_Candidate], now: float) -> list[Delivery]:
        """Return the chosen parcels; those that were put a moment ago need not be read."""
        parcels = {each.seq: self._cache.fresh.pop(queue, each.id) for each in chosen}
        unread = [seq for seq, parcel in parcels.items() if parcel is None]
        if unread:
            for row in _rows(self._connection.execute(_SQL_READ, (as_list(unread),)).get):
                parcels[row.seq] = self._parcel(row)
        until = now + self._lease
        for each in chosen:
            self._cache.leases.begin(each.seq, each.epoch + 1, until)
        return [
            Delivery(
                queue,
                parcel,
                each.tries + 1,
                now if each.first_tried is None else each.first_tried,
                f"{each.seq}.{each.epoch + 1}",
                until,
                each.parks,
            )
            for each in chosen
            if (parcel := parcels[each.seq]) is not None
        ]

    def _parcel(self, row: _Row) -> Parcel:
        if row.body is None:
            body = self._connection.execute(_SQL_BODY, (row.seq,)).get
        else:
            body = bytes.fromhex(row.body)
        return Parcel(
            row.id,
            row.lane,
            body,
            _BARE if row.headers in {None, "{}"} else _headers(row.headers or ""),
            "bulk" if row.rank else "live",
            row.grp,
            row.due,
            bool(row.ordered),
            row.origin,
        )


def _split(found: Sequence[_Candidate]) -> tuple[list[_Candidate], list[int]]:
    """Part those whose lane is free from those that must wait for another parcel of theirs."""
    taken: set[str] = set()
    free_ones, blocked = [], []
    for each in found:
        if each.lane and (each.busy or each.lane in taken):
            blocked.append(each.seq)
        else:
            taken.add(each.lane)
            free_ones.append(each)
    return free_ones, blocked


@lru_cache(1000)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)


_IN = "IN (SELECT value FROM json_each(?))"
_SQL_GROUPS = """
    WITH RECURSIVE g (name) AS (
        SELECT min(grp) FROM parcel WHERE state = 0 AND queue = ?
        UNION ALL
        SELECT (SELECT min(grp) FROM parcel WHERE state = 0 AND queue = ? AND grp > g.name)
        FROM g WHERE g.name IS NOT NULL)
    SELECT json_group_array(name) FROM g WHERE name IS NOT NULL"""
_BUSY = """lane <> '' AND (
        EXISTS (SELECT 1 FROM parcel o WHERE o.state = 1 AND o.queue = c.queue AND o.lane = c.lane)
        OR (c.ordered AND EXISTS (SELECT 1 FROM parcel o WHERE o.ordered = 1
            AND o.queue = c.queue AND o.lane = c.lane AND o.seq < c.seq)))"""
_COLUMNS = "seq, id, queue, lane, rank, due, ordered, tries, parks, first_tried, epoch"
_OF_GROUP = f"""SELECT * FROM (SELECT {_COLUMNS} FROM parcel
        WHERE state = 0 AND queue = ? AND grp = ? AND rank = ? AND due <= ?
        ORDER BY due, seq LIMIT ?)"""
_DUE_OF_GROUP = """SELECT min(due) AS due FROM parcel
        WHERE state = 0 AND queue = ? AND grp = ? AND rank = 0
    UNION ALL SELECT min(due) FROM parcel WHERE state = 0 AND queue = ? AND grp = ? AND rank = 1"""


@lru_cache(200)
def _ready(groups: int) -> str:
    """Return the search for the next of so many groups, live and bulk."""
    branches = " UNION ALL ".join([_OF_GROUP] * 2 * groups)
    return f"""SELECT json_group_array(json_array(seq, id, lane, rank, due, {_BUSY}, tries, parks,
            first_tried, epoch))
        FROM (SELECT * FROM ({branches}) ORDER BY rank, due, seq LIMIT ?) c"""


@lru_cache(200)
def _dues(groups: int) -> str:
    return f"SELECT min(due) FROM ({' UNION ALL '.join([_DUE_OF_GROUP] * groups)})"


_SQL_BLOCK = f"UPDATE parcel SET state = {BLOCKED} WHERE seq {_IN}"
_SQL_LEASE = (
    f"UPDATE parcel SET state = {LEASED}, epoch = epoch + 1, tries = tries + 1,"
    f" first_tried = coalesce(first_tried, ?), lease_until = ? WHERE seq {_IN}"
)
_SQL_READ = f"""
    SELECT json_group_array(json_array(p.seq, p.id, p.lane, p.rank, p.grp,
        CASE WHEN p.due = p.put_at THEN 0.0 ELSE p.due END, p.ordered, p.origin,
        coalesce(p.headers, b.headers),
        CASE WHEN length(coalesce(p.body, b.data)) <= {_LARGE}
            THEN hex(coalesce(p.body, b.data)) END))
    FROM parcel p LEFT JOIN body b ON p.body IS NULL AND b.id = p.id WHERE p.seq {_IN}"""
_SQL_BODY = (
    "SELECT coalesce(p.body, b.data) FROM parcel p"
    " LEFT JOIN body b ON p.body IS NULL AND b.id = p.id WHERE p.seq = ?"
)
_SQL_UNPARK = f"UPDATE parcel SET state = {READY} WHERE state = {PARKED} AND due <= ? RETURNING seq"
_SQL_EXPIRE = (
    f"UPDATE parcel SET state = {READY}, lease_until = NULL"
    f" WHERE state = {LEASED} AND lease_until <= ? RETURNING queue, lane"
)
