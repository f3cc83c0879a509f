"""Which parcels are handed out next: by group, rank and time, one of a lane at a time."""

from collections.abc import Sequence
from functools import lru_cache

import asyncpg
import msgspec

from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.engines.postgresql.requests import Take
from fluent_connect.queues.engines.postgresql.schema import BLOCKED, LEASED, READY
from fluent_connect.queues.store import Delivery

_headers = msgspec.json.Decoder(dict[str, str]).decode
_BARE: dict[str, str] = {}


class Taker:
    """Hands out parcels, within a transaction that its caller opens and ends.

    Rows that another process is about to take are skipped; so are lanes, whose locks a transaction
    holds until its end. What the second statement sees was committed before the first one had the
    lock of the lane, so that no lane is out twice; the index `parcel_lane` would not let it be.
    """

    def __init__(self, holder: str, lease: float) -> None:
        self._holder = holder
        self._lease = lease
        self.blocked: set[tuple[str, str]] = set()
        """Lanes in which a parcel was blocked by one of another process, which may be back now."""

    async def take(
        self, connection: asyncpg.Connection, wish: Take, now: float, until: float
    ) -> list[Delivery]:
        """Lease what is wished for. `until`: the end of the lease by this process's clock."""
        queue, limit, pattern = wish.queue, wish.limit, _pattern(wish.paused)
        chosen: list[Delivery] = []
        while len(chosen) < limit:
            left = limit - len(chosen)
            found = await connection.fetch(_CANDIDATES, queue, now, left, pattern)
            free, blocked = _split(found)
            if free:
                values = (free, now, now + self._lease, self._holder)
                rows = await connection.fetch(_LEASE, *values)
                by_seq = {row["seq"]: row for row in rows}
                taken = [by_seq[seq] for seq in free if seq in by_seq]
                chosen += [_delivery(queue, row, until) for row in taken]
            if not blocked:
                break
            await connection.execute(_BLOCK, [row["seq"] for row in blocked])
            theirs = {row["lane"] for row in blocked if row["out"] not in {None, self._holder}}
            self.blocked.update((queue, lane) for lane in theirs)
        return chosen

    async def next_due(self, connection: asyncpg.Connection, wish: Take) -> float | None:
        """Return when the next parcel of the queue can be handed out."""
        due: float | None = await connection.fetchval(_DUE, wish.queue, _pattern(wish.paused))
        return due


def _split(found: Sequence[asyncpg.Record]) -> tuple[list[int], list[asyncpg.Record]]:
    """Part those whose lane is free from those that must wait for another parcel of theirs."""
    taken: set[str] = set()
    free: list[int] = []
    blocked: list[asyncpg.Record] = []
    for row in found:
        lane = row["lane"]
        if not row["mine"]:
            continue
        if lane and (row["out"] is not None or row["held"] or lane in taken):
            blocked.append(row)
        else:
            taken.add(lane)
            free.append(row["seq"])
    return free, blocked


def _delivery(queue: str, row: asyncpg.Record, until: float) -> Delivery:
    headers = row["headers"]
    parcel = Parcel(
        row["id"],
        row["lane"],
        row["body"],
        _BARE if headers in {None, "{}"} else _headers(headers),
        "bulk" if row["rank"] else "live",
        row["grp"],
        row["not_before"],
        bool(row["ordered"]),
        row["origin"],
    )
    lease = f"{row['seq']}.{row['epoch']}"
    return Delivery(
        queue, parcel, row["tries"], row["first_tried"], lease, until, parks=row["parks"]
    )


@lru_cache(100)
def _pattern(paused: tuple[str, ...]) -> str | None:
    """Return the regular expression of the groups to leave alone."""
    if not paused:
        return None
    return f"^(?:{'|'.join('.*'.join(map(_escaped, each.split('*'))) for each in paused)})$"


def _escaped(text: str) -> str:
    return "".join(each if each.isalnum() else f"\\{each}" for each in text)


_GROUPS = f"""RECURSIVE g (name) AS (
        (SELECT grp FROM parcel WHERE state = {READY} AND queue = $1 ORDER BY grp LIMIT 1)
        UNION ALL
        SELECT (SELECT grp FROM parcel WHERE state = {READY} AND queue = $1 AND grp > g.name
            ORDER BY grp LIMIT 1)
        FROM g WHERE g.name IS NOT NULL)"""
"""The groups that have something ready, found by skipping through the index."""
_OUT = f"""(SELECT coalesce(holder, '') FROM parcel o
    WHERE o.state = {LEASED} AND o.lane <> '' AND o.queue = $1 AND o.lane = c.lane)"""
_HELD = """EXISTS (SELECT 1 FROM parcel o
    WHERE o.ordered = 1 AND o.queue = $1 AND o.lane = c.lane AND o.seq < c.seq)"""
_CANDIDATES = f"""
    WITH {_GROUPS},
    c AS MATERIALIZED (
        SELECT x.* FROM (SELECT name FROM g
            WHERE name IS NOT NULL AND ($4::text IS NULL OR name !~ $4)) AS open,
            (VALUES (0::smallint), (1::smallint)) AS r (rank),
            LATERAL (SELECT seq, lane, p.rank, due, ordered FROM parcel p
                WHERE state = {READY} AND queue = $1 AND grp = open.name AND p.rank = r.rank
                AND due <= $2 ORDER BY due, seq LIMIT $3 FOR UPDATE SKIP LOCKED) AS x
        ORDER BY x.rank, x.due, x.seq LIMIT $3)
    SELECT seq, lane, CASE WHEN lane <> '' THEN {_OUT} END AS out,
        c.ordered = 1 AND lane <> '' AND {_HELD} AS held,
        CASE WHEN lane = '' THEN true
            ELSE pg_try_advisory_xact_lock(hashtextextended($1 || chr(31) || lane, 0)) END AS mine
    FROM c ORDER BY rank, due, seq"""
_LEASE = f"""UPDATE parcel c SET state = {LEASED}, epoch = epoch + 1, tries = tries + 1,
        first_tried = coalesce(first_tried, $2), lease_until = $3, holder = $4
    WHERE seq = ANY($1::bigint[]) AND state = {READY}
        AND (lane = '' OR NOT EXISTS (SELECT 1 FROM parcel o WHERE o.state = {LEASED}
            AND o.lane <> '' AND o.queue = c.queue AND o.lane = c.lane))
    RETURNING seq, id, lane, rank, grp, ordered, origin, tries, parks, first_tried, epoch,
        CASE WHEN due = put_at THEN 0.0 ELSE due END AS not_before,
        coalesce(headers, (SELECT headers FROM body b WHERE b.id = c.id)) AS headers,
        coalesce(c.body, (SELECT data FROM body b WHERE b.id = c.id)) AS body"""
_BLOCK = f"UPDATE parcel SET state = {BLOCKED} WHERE seq = ANY($1::bigint[]) AND state = {READY}"
_DUE = f"""
    WITH {_GROUPS}
    SELECT min(due) FROM (SELECT name FROM g
        WHERE name IS NOT NULL AND ($2::text IS NULL OR name !~ $2)) AS open,
        (VALUES (0::smallint), (1::smallint)) AS r (rank),
        LATERAL (SELECT due FROM parcel p WHERE state = {READY} AND queue = $1
            AND grp = open.name AND p.rank = r.rank ORDER BY due LIMIT 1) AS x"""
