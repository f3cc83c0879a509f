"""The statements of a commit, as texts that repeat so that they stay prepared."""

from fluent_connect.queues.engines.postgresql.schema import BLOCKED, DEAD, LEASED, PARKED, READY

OPEN = """SELECT extract(epoch FROM clock_timestamp())::float8 AS now,
    CASE WHEN $1::boolean THEN pg_current_xact_id()::text END AS xid,
    ARRAY(SELECT key FROM seen WHERE key = ANY($2::text[])) AS seen,
    ARRAY(SELECT key FROM fence WHERE key = ANY($3::text[]) ORDER BY key) AS fences,
    ARRAY(SELECT version FROM fence WHERE key = ANY($3::text[]) ORDER BY key) AS versions"""
"""The first statement of a transaction: the server's clock, the number by which the server will
know what became of the transaction, and what the guards are judged by."""
BECAME = "SELECT pg_xact_status($1::text::xid8)"

_COLUMNS = "queue, id, lane, rank, grp, due, ordered, origin, headers, body, put_at"
ADD_PARCEL = (
    f"INSERT INTO parcel ({_COLUMNS}) VALUES",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "",
)
ADD_BODY = (
    "INSERT INTO body (id, headers, data, at) VALUES",
    "(?, ?, ?, ?)",
    "ON CONFLICT (id) DO NOTHING",
)
ADD_SEEN = """INSERT INTO seen (key, at) SELECT key, $2 FROM unnest($1::text[]) AS u (key)
    ON CONFLICT (key) DO NOTHING"""
_FENCE = ("version", "fingerprint", "output", "deleted", "dependencies", "at")
_FENCE_ARRAYS = """unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::smallint[],
        $6::text[], $7::float8[]"""
ADD_FENCE = f"""INSERT INTO fence (key, {", ".join(_FENCE)})
    SELECT * FROM {_FENCE_ARRAYS}) ON CONFLICT (key) DO NOTHING"""
SET_FENCE = f"""UPDATE fence f SET {", ".join(f"{column} = u.{column}" for column in _FENCE)}
    FROM {_FENCE_ARRAYS}, $8::bigint[]) AS u (key, {", ".join(_FENCE)}, stood)
    WHERE f.key = ANY($1::text[]) AND f.key = u.key AND f.version = u.stood"""

STANDING = f"""SELECT seq, epoch FROM parcel WHERE seq = ANY($1::bigint[]) AND state = {LEASED}
    ORDER BY seq FOR UPDATE"""
_GIVEN = "p.seq = ANY($1::bigint[]) AND p.seq = u.seq AND p.epoch = u.epoch"
_OURS = f"{_GIVEN} AND p.state = {LEASED}"
GONE = f"DELETE FROM parcel WHERE seq = ANY($1::bigint[]) AND state = {LEASED} RETURNING seq, epoch"
SET_LATER = f"""UPDATE parcel p SET state = {READY}, due = u.due, tries = tries - u.less,
        reason = u.reason, waits_for = NULL, lease_until = NULL, holder = NULL
    FROM unnest($1::bigint[], $2::bigint[], $3::float8[], $4::int[], $5::text[])
        AS u (seq, epoch, due, less, reason) WHERE {_OURS}"""
SET_PARKED = f"""UPDATE parcel p SET state = {PARKED}, waits_for = u.waits_for, due = u.due,
        reason = u.reason, tries = tries - 1, parks = parks + 1, lease_until = NULL, holder = NULL
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::float8[], $5::text[])
        AS u (seq, epoch, waits_for, due, reason) WHERE {_OURS}"""
SET_DEAD = f"""UPDATE parcel p SET state = {DEAD}, reason = u.reason, error = u.error,
        lease_until = NULL, holder = NULL
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])
        AS u (seq, epoch, reason, error) WHERE {_OURS}"""
RENEW = f"""UPDATE parcel p SET lease_until = $3
    FROM unnest($1::bigint[], $2::bigint[]) AS u (seq, epoch) WHERE {_OURS}
    RETURNING p.seq, p.epoch"""
RELEASE = f"""UPDATE parcel p SET state = {READY}, tries = tries - 1, lease_until = NULL,
        holder = NULL
    FROM unnest($1::bigint[], $2::bigint[]) AS u (seq, epoch) WHERE {_OURS}
    RETURNING p.seq, p.queue, p.lane"""

SENT = "DELETE FROM parcel WHERE queue = $1 AND id = ANY($2::text[])"
REVIVE = f"""UPDATE parcel SET state = {READY}, due = $1, tries = 0, parks = 0, first_tried = NULL,
    reason = NULL, error = NULL WHERE state = {DEAD} AND id = ANY($2::text[])"""
DROP = f"""DELETE FROM parcel WHERE state = {DEAD} AND id = ANY($1::text[])
    RETURNING queue, lane, id, origin, tries"""
BODIES = """DELETE FROM body WHERE id = ANY($1::text[])
    AND NOT EXISTS (SELECT 1 FROM parcel WHERE parcel.origin = body.id)"""

COUNT_UP = "UPDATE delivered SET number = number + $1 WHERE one = 1 RETURNING number"
COUNTED = "SELECT number FROM delivered WHERE one = 1 FOR SHARE"
NEWEST = "SELECT number FROM delivered"
DELIVER = """INSERT INTO delivery (ref, number, at)
    SELECT ref, number, $3 FROM unnest($1::text[], $2::bigint[]) AS u (ref, number)
    ON CONFLICT (ref) DO UPDATE SET number = excluded.number, at = excluded.at"""
DELIVERED = "SELECT ref, number FROM delivery WHERE ref = ANY($1::text[])"
WAKE = f"""UPDATE parcel SET state = {READY}, due = $1
    WHERE state = {PARKED} AND waits_for = ANY($2::text[]) RETURNING queue"""

_FIRST = f"""SELECT b.seq FROM parcel b WHERE b.state = {BLOCKED} AND b.queue = l.queue
    AND b.lane = l.lane AND b.ordered = o.n ORDER BY b.seq LIMIT 1"""
FREE = f"""UPDATE parcel SET state = {READY} WHERE state = {BLOCKED} AND seq = ANY(ARRAY(
    SELECT ({_FIRST}) FROM unnest($1::text[], $2::text[]) AS l (queue, lane),
        (VALUES (0::smallint), (1::smallint)) AS o (n)
    WHERE NOT EXISTS (SELECT 1 FROM parcel o WHERE o.state = {LEASED} AND o.lane <> ''
        AND o.queue = l.queue AND o.lane = l.lane)))"""
