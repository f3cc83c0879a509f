"""The statements by which parcels are claimed, with names where a value belongs.

Rows that another process is about to take are skipped; so are lanes, whose locks a transaction
holds until its end. What the second statement sees was committed before the first one had the lock
of the lane, so that no lane is out twice; the index `parcel_lane` would not let it be.

`state + 0` keeps a statement that knows its rows off the partial indexes, and a subquery of one row
is looked up where EXISTS may be read whole: both are full of what has left them since the vacuum.
"""

from fluent_connect.queues.engines.postgresql.schema import BLOCKED, LEASED, READY

_OPEN = """(SELECT name, rank, low FROM unnest({turns}, {groups}, {ranks}, {lows})
        AS b (turn, name, rank, low) WHERE turn = {turn}) AS open"""
_OUT = f"""(SELECT coalesce(holder, '') FROM parcel o
    WHERE o.state = {LEASED} AND o.lane <> '' AND o.queue = {{queue}} AND o.lane = c.lane)"""
_HELD = """(SELECT 1 FROM parcel o WHERE o.ordered = 1 AND o.queue = {queue}
    AND o.lane = c.lane AND o.seq < c.seq LIMIT 1) IS NOT NULL"""
CANDIDATES = f"""
    WITH c AS MATERIALIZED (
        SELECT x.* FROM {_OPEN},
            LATERAL (SELECT seq, lane, p.rank, grp, due, ordered FROM parcel p
                WHERE state = {READY} AND queue = {{queue}} AND grp = open.name
                AND p.rank = open.rank AND due >= open.low AND due <= {{now}}
                ORDER BY due, seq LIMIT {{left}} FOR UPDATE SKIP LOCKED) AS x
        ORDER BY x.rank, x.due, x.seq LIMIT {{left}})
    SELECT seq, lane, c.rank, grp, due, CASE WHEN lane <> '' THEN {_OUT} END AS out,
        c.ordered = 1 AND lane <> '' AND {_HELD} AS held,
        CASE WHEN lane = '' THEN true ELSE
            pg_try_advisory_xact_lock(hashtextextended({{queue}} || chr(31) || lane, 0)) END AS mine
    FROM c ORDER BY c.rank, due, seq"""
LEASE = f"""UPDATE parcel c SET state = {LEASED}, epoch = epoch + 1, tries = tries + 1,
        first_tried = coalesce(first_tried, {{now}}), lease_until = {{now}} + {{lease}},
        holder = {{holder}}
    WHERE seq = ANY({{seqs}}) AND state + 0 = {READY}
        AND (lane = '' OR (SELECT 1 FROM parcel o WHERE o.state = {LEASED} AND o.lane <> ''
            AND o.queue = c.queue AND o.lane = c.lane LIMIT 1) IS NULL)
    RETURNING"""
COLUMNS = """c.seq, c.id, c.lane, c.rank, c.grp, c.ordered, c.origin, c.tries, c.parks,
        c.first_tried, c.epoch, c.due,
        CASE WHEN c.due = c.put_at THEN 0.0::float8 ELSE c.due END AS not_before,
        coalesce(c.headers, (SELECT b.headers FROM body b WHERE b.id = c.id)) AS headers,
        coalesce(c.body, (SELECT b.data FROM body b WHERE b.id = c.id)) AS body"""
BLOCK = f"UPDATE parcel SET state = {BLOCKED} WHERE seq = ANY({{seqs}}) AND state + 0 = {READY}"
DUE = f"""SELECT min(due) FROM {_OPEN},
        LATERAL (SELECT due FROM parcel p WHERE state = {READY} AND queue = {{queue}}
            AND grp = open.name AND p.rank = open.rank AND due >= open.low
            ORDER BY due LIMIT 1) AS x"""
LOOK = f"""
    WITH RECURSIVE g (name) AS (
        (SELECT grp FROM parcel WHERE state = {READY} AND queue = $1 ORDER BY grp LIMIT 1)
        UNION ALL
        SELECT (SELECT grp FROM parcel WHERE state = {READY} AND queue = $1 AND grp > g.name
            ORDER BY grp LIMIT 1)
        FROM g WHERE g.name IS NOT NULL)
    SELECT name, x.rank, x.due FROM g, (VALUES (0::smallint), (1::smallint)) AS r (rank),
        LATERAL (SELECT p.rank, due FROM parcel p WHERE state = {READY} AND queue = $1
            AND grp = name AND p.rank = r.rank ORDER BY due LIMIT 1) AS x
    WHERE name IS NOT NULL"""
"""The groups that have something ready, found by skipping through the index, and since when."""
