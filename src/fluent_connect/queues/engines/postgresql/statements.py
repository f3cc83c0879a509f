"""The statements of a commit, as texts that repeat so that they stay prepared."""

from typing import NamedTuple

from fluent_connect.queues.engines.postgresql.schema import BLOCKED, DEAD, LEASED, PARKED, READY

OPEN = """SELECT extract(epoch FROM clock_timestamp())::float8 AS now,
    CASE WHEN $1::boolean THEN pg_current_xact_id()::text END AS xid,
    ARRAY(SELECT key FROM seen WHERE key = ANY($2::text[])) AS seen,
    ARRAY(SELECT key FROM fence WHERE key = ANY($3::text[]) ORDER BY key) AS fences,
    ARRAY(SELECT version FROM fence WHERE key = ANY($3::text[]) ORDER BY key) AS versions"""
"""The first statement of a transaction: the server's clock, the number by which the server will
know what became of the transaction, and what the guards are judged by."""
BECAME = "SELECT pg_xact_status($1::text::xid8)"


class Step(NamedTuple):
    """One statement for many rows: each column goes as an array of its type, in this order.

    `:now` stands for the server's time. exact: each row has to be affected, else another process
    came in between.
    """

    text: str
    types: tuple[str, ...]
    exact: bool = False

    @property
    def timed(self) -> bool:
        """Say whether it needs the time."""
        return ":now" in self.text

    def numbered(self) -> str:
        """Return the statement with the time, if it needs that, as its last parameter."""
        return self.text.replace(":now", f"${len(self.types) + 1}::float8")


ADD_SEEN = Step(
    """INSERT INTO seen (key, at) SELECT key, :now FROM unnest($1::text[]) AS u (key)
    ON CONFLICT (key) DO NOTHING""",
    ("text",),
    exact=True,
)
_FENCE = ("version", "fingerprint", "output", "deleted", "dependencies", "at")
_FENCE_NOW = "u.version, u.fingerprint, u.output, u.deleted, u.dependencies, :now"
_FENCE_TYPES = ("text", "bigint", "text", "text", "smallint", "text")
_FENCE_ROWS = """unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::smallint[],
        $6::text[]"""
_FENCE_NAMES = "key, version, fingerprint, output, deleted, dependencies"
_ADD_FENCE = f"""INSERT INTO fence (key, {", ".join(_FENCE)})
    SELECT u.key, {_FENCE_NOW} FROM {_FENCE_ROWS}"""
ADD_FENCE = Step(
    f"{_ADD_FENCE}) AS u ({_FENCE_NAMES}) ON CONFLICT (key) DO NOTHING", _FENCE_TYPES, exact=True
)
SET_FENCE = Step(
    f"""UPDATE fence f SET ({", ".join(_FENCE)}) = ROW({_FENCE_NOW})
    FROM {_FENCE_ROWS}, $7::bigint[]) AS u ({_FENCE_NAMES}, stood)
    WHERE f.key = ANY($1::text[]) AND f.key = u.key AND f.version = u.stood""",
    (*_FENCE_TYPES, "bigint"),
    exact=True,
)
RAISE_FENCE = Step(
    f"""{_ADD_FENCE}, $7::text[]) AS u ({_FENCE_NAMES}, equal)
    ON CONFLICT (key) DO UPDATE SET
    {", ".join(f"{column} = excluded.{column}" for column in _FENCE)}
    WHERE fence.version < excluded.version
    OR fence.version = excluded.version AND fence.key = ANY($7::text[])""",
    (*_FENCE_TYPES, "text"),
    exact=True,
)
"""Of keys whose versions were not read: `equal` is the key itself where an equal version passes."""

_OUT = f"p.state + 0 = {LEASED}"
"""Not a bare column: the partial indexes on the state are full of what has left them, and a plan
made while they were small would read them whole for ever."""
_OURS = f"p.seq = ANY($1::bigint[]) AND p.seq = u.seq AND p.epoch = u.epoch AND {_OUT}"
STANDING = f"""SELECT seq, epoch FROM parcel p WHERE seq = ANY($1::bigint[]) AND {_OUT}
    ORDER BY seq FOR UPDATE"""
_BACK = "RETURNING p.queue, p.grp, p.rank, p.due"
"""What is ready again, as `Head.put` takes it."""
GONE = Step(
    f"""DELETE FROM parcel p WHERE p.seq = ANY($1::bigint[]) AND {_OUT}
    AND p.epoch = ($2::bigint[])[array_position($1::bigint[], p.seq)]""",
    ("bigint", "bigint"),
    exact=True,
)
SET_LATER = Step(
    f"""UPDATE parcel p SET state = {READY}, due = :now + u.after, tries = tries - u.less,
        reason = u.reason, waits_for = NULL, lease_until = NULL, holder = NULL
    FROM unnest($1::bigint[], $2::bigint[], $3::float8[], $4::int[], $5::text[])
        AS u (seq, epoch, after, less, reason) WHERE {_OURS}""",
    ("bigint", "bigint", "float8", "int", "text"),
    exact=True,
)
SET_PARKED = f"""UPDATE parcel p SET state = {PARKED}, waits_for = u.waits_for, due = u.due,
        reason = u.reason, tries = tries - 1, parks = parks + 1, lease_until = NULL, holder = NULL
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::float8[], $5::text[])
        AS u (seq, epoch, waits_for, due, reason) WHERE {_OURS}"""
SET_DEAD = Step(
    f"""UPDATE parcel p SET state = {DEAD}, reason = u.reason, error = u.error,
        lease_until = NULL, holder = NULL
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])
        AS u (seq, epoch, reason, error) WHERE {_OURS}""",
    ("bigint", "bigint", "text", "text"),
    exact=True,
)
RENEW = f"""UPDATE parcel p SET lease_until = $3
    FROM unnest($1::bigint[], $2::bigint[]) AS u (seq, epoch) WHERE {_OURS}
    RETURNING p.seq, p.epoch"""
RELEASE = f"""UPDATE parcel p SET state = {READY}, tries = tries - 1, lease_until = NULL,
        holder = NULL
    FROM unnest($1::bigint[], $2::bigint[]) AS u (seq, epoch) WHERE {_OURS}
    {_BACK}, p.lane"""

SENT = "DELETE FROM parcel WHERE queue = $1 AND id = ANY($2::text[])"
REVIVE = f"""UPDATE parcel SET state = {READY}, due = $1, tries = 0, parks = 0, first_tried = NULL,
    reason = NULL, error = NULL WHERE state = {DEAD} AND id = ANY($2::text[])"""
DROP = f"""DELETE FROM parcel WHERE state = {DEAD} AND id = ANY($1::text[])
    RETURNING queue, lane, id, origin, tries"""
ADD_BODY = Step(
    """INSERT INTO body (id, headers, data, at)
    SELECT id, headers, data, :now FROM unnest($1::text[], $2::text[], $3::bytea[])
        AS u (id, headers, data) ON CONFLICT (id) DO NOTHING""",
    ("text", "text", "bytea"),
)
_COLUMNS = "queue, id, lane, rank, grp, due, ordered, origin, headers, body"
ADD_PARCEL = Step(
    f"""INSERT INTO parcel ({_COLUMNS}, put_at)
    SELECT queue, id, lane, rank, grp, coalesce(due, :now), ordered, origin, headers, body, :now
    FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::float8[],
        $7::smallint[], $8::text[], $9::text[], $10::bytea[]) AS u ({_COLUMNS})""",
    (
        *("text", "text", "text", "smallint", "text", "float8"),
        *("smallint", "text", "text", "bytea"),
    ),
)
BODIES = Step(
    """DELETE FROM body WHERE id = ANY($1::text[])
    AND (SELECT 1 FROM parcel WHERE parcel.origin = body.id LIMIT 1) IS NULL""",
    ("text",),
)

COUNT_UP = "UPDATE delivered SET number = number + $1 WHERE one = 1 RETURNING number"
COUNTED = "SELECT number FROM delivered WHERE one = 1 FOR SHARE"
NEWEST = "SELECT number FROM delivered"
DELIVER = """INSERT INTO delivery (ref, number, at)
    SELECT ref, number, $3 FROM unnest($1::text[], $2::bigint[]) AS u (ref, number)
    ON CONFLICT (ref) DO UPDATE SET number = excluded.number, at = excluded.at"""
DELIVERED = "SELECT ref, number FROM delivery WHERE ref = ANY($1::text[])"
WAKE = f"""UPDATE parcel p SET state = {READY}, due = $1
    WHERE state = {PARKED} AND waits_for = ANY($2::text[]) {_BACK}"""

_FIRST = f"""SELECT b.seq FROM parcel b WHERE b.state = {BLOCKED} AND b.queue = l.queue
    AND b.lane = l.lane AND b.ordered = o.n ORDER BY b.seq LIMIT 1"""
FREE = f"""UPDATE parcel p SET state = {READY} WHERE state = {BLOCKED} AND seq = ANY(ARRAY(
    SELECT ({_FIRST}) FROM unnest($1::text[], $2::text[]) AS l (queue, lane),
        (VALUES (0::smallint), (1::smallint)) AS o (n)
    WHERE (SELECT 1 FROM parcel o WHERE o.state = {LEASED} AND o.lane <> ''
        AND o.queue = l.queue AND o.lane = l.lane LIMIT 1) IS NULL)) {_BACK}"""
