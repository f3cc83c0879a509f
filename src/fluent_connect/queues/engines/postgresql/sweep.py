"""What time alone makes ready: leases that ran out, parcels that parked long enough, free lanes.

A process that has said nothing for 15 s and whose connection the server has closed is dead: what it
held needs not wait for its leases. One that only stands still keeps its connection, and its leases.
Once the server was away all have said nothing: they get 15 s to come back.
"""

import asyncpg

from fluent_connect.queues.engines.postgresql.parking import KEPT
from fluent_connect.queues.engines.postgresql.schema import BLOCKED, LEASED, PARKED, READY

_LOCK = 0x66632D737765
_FREE = 2
"""Crashes that cost no try: of many that are in hand when a process ends, one at most did it."""
_STEP = 0.05
"""Seconds between two suspects, so that they are not in hand together once more."""
_LONGEST = 30.0


async def sweep(connection: asyncpg.Connection, now: float) -> set[str]:
    """Return the queues in which something is ready now; nothing if another process sweeps."""
    due = (await connection.fetch(_DUE, now, now - KEPT))[0]
    if not any(due.values()):
        return set()
    if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
        return set()
    queues: set[str] = set()
    if due["parked"]:
        queues |= {row["queue"] for row in await connection.fetch(_UNPARK, now)}
    ended = due["leased"] or due["dead"]
    if ended:
        queues |= {row["queue"] for row in await connection.fetch(_EXPIRE, now, due["dead"])}
        await connection.execute("DELETE FROM worker WHERE id = ANY($1)", due["dead"])
    if due["blocked"] or ended:
        queues |= {row["queue"] for row in await connection.fetch(_FREE_ALL)}
    if due["old"]:
        await connection.execute("DELETE FROM delivery WHERE at < $1", now - KEPT)
    return queues


_DUE = f"""SELECT
    EXISTS (SELECT 1 FROM parcel WHERE state = {PARKED} AND due <= $1) AS parked,
    EXISTS (SELECT 1 FROM parcel WHERE state = {LEASED} AND lease_until <= $1) AS leased,
    EXISTS (SELECT 1 FROM parcel WHERE state = {BLOCKED}) AS blocked,
    EXISTS (SELECT 1 FROM delivery WHERE at < $2) AS old,
    ARRAY(SELECT w.id FROM worker w WHERE w.until <= $1 AND w.backend IS NOT NULL
        AND pg_postmaster_start_time() < now() - interval '15 s' AND NOT EXISTS (
            SELECT 1 FROM pg_stat_activity a WHERE a.pid = w.backend)) AS dead"""
_UNPARK = f"""UPDATE parcel SET state = {READY} WHERE seq = ANY(ARRAY(
    SELECT seq FROM parcel WHERE state = {PARKED} AND due <= $1 FOR UPDATE SKIP LOCKED))
    RETURNING queue"""
_EXPIRE = f"""
    WITH ended AS MATERIALIZED (
        SELECT seq, queue, holder, crashes FROM parcel
        WHERE state = {LEASED} AND (lease_until <= $1 OR holder = ANY($2::text[]))
        FOR UPDATE SKIP LOCKED),
    judged AS MATERIALIZED (
        SELECT seq, crashes >= {_FREE} AS suspect,
            count(*) OVER (PARTITION BY queue, holder) = 1 AS alone,
            row_number() OVER (PARTITION BY crashes >= {_FREE} ORDER BY seq) AS place
        FROM ended)
    UPDATE parcel p SET state = {READY}, lease_until = NULL, holder = NULL, crashes = crashes + 1,
        tries = tries - CASE WHEN alone OR suspect THEN 0 ELSE 1 END,
        due = CASE WHEN suspect THEN greatest(due,
            $1 + least(power(2, crashes - {_FREE}), {_LONGEST}) + place * {_STEP}) ELSE due END
    FROM judged j WHERE p.seq = ANY(ARRAY(SELECT seq FROM judged)) AND p.seq = j.seq
    RETURNING queue"""
"""A parcel that was in hand alone has used a try; one among many of a process that ended has not,
unless that has happened to it twice before. From then on it is a suspect: it waits longer each
time, and suspects come one after the other, so that the one that ends processes is soon alone."""
_FREE_ALL = f"""
    UPDATE parcel SET state = {READY} WHERE state = {BLOCKED} AND seq = ANY(ARRAY(
        SELECT min(seq) FROM parcel b WHERE state = {BLOCKED} AND NOT EXISTS (
            SELECT 1 FROM parcel o WHERE o.state = {LEASED} AND o.lane <> ''
            AND o.queue = b.queue AND o.lane = b.lane)
        GROUP BY queue, lane, ordered))
    RETURNING queue"""
