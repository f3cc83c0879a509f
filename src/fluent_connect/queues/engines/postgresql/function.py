"""The text of the function that does a whole transaction, made of the statements in use."""

import re
from collections.abc import Sequence

from fluent_connect.queues.engines.postgresql import claim
from fluent_connect.queues.engines.postgresql import statements as sql
from fluent_connect.queues.engines.postgresql.parking import AHEAD
from fluent_connect.queues.engines.postgresql.statements import Step

COLLIDED = "FC001"
"""The state of the error by which it says that another process came in between."""
STEPS = (
    sql.ADD_SEEN,
    sql.RAISE_FENCE,
    sql.GONE,
    sql.SET_LATER,
    sql.SET_DEAD,
    sql.ADD_BODY,
    sql.ADD_PARCEL,
)
HEADER, BACK = -1, -2
"""Kinds of rows that it returns, as `turn`. The header has now as `first_tried`, the number of the
transaction as `id`, that of the newest delivery as `seq`. BACK: something is ready again, `id` is
the queue. Other numbers are of takes: a parcel; or without `seq`, by what else there is, the `lane`
that another process has, the group of one whose lane is locked, or when the next one is `due`."""
_COLUMNS = {
    "turn": "int",
    "seq": "bigint",
    "id": "text",
    "lane": "text",
    "rank": "smallint",
    "grp": "text",
    "ordered": "smallint",
    "origin": "text",
    "tries": "int",
    "parks": "int",
    "first_tried": "float8",
    "epoch": "bigint",
    "due": "float8",
    "not_before": "float8",
    "headers": "text",
    "body": "bytea",
}
_FIRST = ("float8", "float8", "float8", "text", "text", "text[]", "boolean")
"""The time if it is not the server's, a lease, the margin of takes, the holder, the channel, queues
of which others are told, and whether anything is written."""
_LAST = ("text[]", "text[]", "text[]", "text[]")
"""Queues and keys of lanes, bodies that are no longer needed, and refs that were delivered."""
_TAKES = ("text[]", "bigint[]", "int[]", "text[]", "smallint[]", "float8[]")
"""Queues and limits of takes; and of each branch the take, group, rank and where it begins."""
_MARK = re.compile(r"\$(\d+)")


def types(usual: Sequence[Step]) -> Sequence[str]:
    """Return the types of the parameters of a function that also does the usual steps."""
    steps = [f"{kind}[]" for step in (*STEPS, *usual) for kind in step.types]
    return (*_FIRST, *steps, *_LAST, *_TAKES)


def text(name: str, usual: Sequence[Step]) -> str:
    """Return what creates the function."""
    parts, at = [], len(_FIRST)
    for step in (*STEPS, *usual):
        parts.append(_block(step, at))
        at += len(step.types)
    lanes, bodies, refs = at, at + 2, at + 3
    free = _BACK.format(update=_shifted(sql.FREE, lanes))
    parts.append(f"IF cardinality(${lanes + 1}) > 0 THEN {free} END IF;")
    parts.append(_block(sql.BODIES, bodies))
    wake = sql.WAKE.replace("$1", f"v_now - {AHEAD}").replace("$2::", f"${refs + 1}::")
    parts.append(_DELIVER.format(refs=f"${refs + 1}", back=_BACK.format(update=wake)))
    columns = ", ".join(f"{column} {kind}" for column, kind in _COLUMNS.items())
    return _FUNCTION.format(
        name=name,
        types=", ".join(types(usual)),
        columns=columns,
        steps="\n".join(parts),
        takes=_takes(at + len(_LAST)),
        header=_row(turn=HEADER, first_tried="v_now", id="v_xid", seq="v_number"),
    )


def _block(step: Step, at: int) -> str:
    """Return a step whose parameters are further on by `at`."""
    shifted = _shifted(step.text, at).replace(":now", "v_now")
    exact = _EXACT.format(rows=f"${at + 1}") if step.exact else ""
    return f"IF cardinality(${at + 1}) > 0 THEN {shifted}; {exact} END IF;"


def _shifted(statement: str, by: int) -> str:
    return _MARK.sub(lambda found: f"${int(found.group(1)) + by}", statement)


def _row(**given: object) -> str:
    """Return the columns of a row, NULL where nothing is given."""
    return ", ".join(
        f"{given[column]}::{kind}" if column in given else f"NULL::{kind}"
        for column, kind in _COLUMNS.items()
    )


def _takes(at: int) -> str:
    names = {
        "queue": "v_queue",
        "turns": f"${at + 3}",
        "groups": f"${at + 4}",
        "ranks": f"${at + 5}",
        "lows": f"${at + 6}",
        "turn": "v_turn",
        "now": "v_now",
        "left": "v_left",
        "lease": "$2",
        "holder": "$4",
    }
    candidates = claim.CANDIDATES.format(**names)
    return _TAKE.format(
        count=f"cardinality(${at + 1})",
        queues=f"${at + 1}",
        limits=f"${at + 2}",
        candidates=candidates.replace("open.low", "least(open.low, v_latest)"),
        lease=claim.LEASE.format(seqs="v_free", **names),
        leased=f"v_turn, {claim.COLUMNS}",
        block=claim.BLOCK.format(seqs="v_blocked"),
        due=claim.DUE.format(**names),
        next=_row(turn="v_turn", due="v_due"),
        theirs=_row(turn="v_turn", lane="lane"),
        others=_row(turn="v_turn", grp="grp", rank="rank", due="due"),
    )


_EXACT = """GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count <> cardinality({rows}) THEN
        RAISE EXCEPTION USING ERRCODE = 'FC001', MESSAGE = 'collided'; END IF;"""
_BACK = """FOR v_row IN {update} LOOP
        turn := -2; id := v_row.queue; grp := v_row.grp; rank := v_row.rank; due := v_row.due;
        v_told := array_append(v_told, v_row.queue);
        RETURN NEXT;
    END LOOP;"""
_DELIVER = """IF cardinality({refs}) > 0 THEN
    UPDATE delivered SET number = number + cardinality({refs}) WHERE one = 1
        RETURNING number INTO v_number;
    INSERT INTO delivery (ref, number, at)
        SELECT ref, v_number - cardinality({refs}) + place, v_now
        FROM unnest({refs}) WITH ORDINALITY AS u (ref, place)
        ON CONFLICT (ref) DO UPDATE SET number = excluded.number, at = excluded.at;
    {back}
    END IF;"""
_TAKE = """FOR v_turn IN 1 .. {count} LOOP
        v_queue := {queues}[v_turn]; v_left := {limits}[v_turn];
        LOOP
            SELECT array_agg(seq) FILTER (WHERE mine AND free),
                array_agg(seq) FILTER (WHERE mine AND NOT free),
                array_agg(DISTINCT lane) FILTER (WHERE mine AND NOT free AND out <> $4),
                array_agg(grp) FILTER (WHERE NOT mine), array_agg(q.rank) FILTER (WHERE NOT mine),
                array_agg(due) FILTER (WHERE NOT mine)
            INTO v_free, v_blocked, v_theirs, v_groups, v_ranks, v_dues
            FROM (SELECT w.*, lane = '' OR (out IS NULL AND NOT held AND row_number() OVER (
                    PARTITION BY lane, mine AND out IS NULL AND NOT held
                    ORDER BY w.rank, due, seq) = 1) AS free
                FROM ({candidates}) AS w) AS q;
            IF v_groups IS NOT NULL THEN
                RETURN QUERY SELECT {others}
                    FROM unnest(v_groups, v_ranks, v_dues) AS u (grp, rank, due);
            END IF;
            IF v_free IS NOT NULL THEN
                RETURN QUERY {lease} {leased};
                GET DIAGNOSTICS v_count = ROW_COUNT;
                v_left := v_left - v_count;
            END IF;
            EXIT WHEN v_blocked IS NULL;
            {block};
            IF v_theirs IS NOT NULL THEN
                RETURN QUERY SELECT {theirs} FROM unnest(v_theirs) AS u (lane);
            END IF;
            EXIT WHEN v_left <= 0;
        END LOOP;
        IF v_left > 0 THEN
            {due} INTO v_due;
            RETURN QUERY SELECT {next};
        END IF;
    END LOOP;"""
_FUNCTION = """CREATE FUNCTION {name}({types}) RETURNS TABLE ({columns}) LANGUAGE plpgsql AS $fc$
#variable_conflict use_column
DECLARE
    v_now float8 := coalesce($1, extract(epoch FROM clock_timestamp()));
    v_latest float8 := v_now - $3;
    v_told text[] := $6;
    v_xid text;
    v_number bigint;
    v_count bigint;
    v_row record;
    v_queue text;
    v_left bigint;
    v_due float8;
    v_free bigint[];
    v_blocked bigint[];
    v_theirs text[];
    v_groups text[];
    v_ranks smallint[];
    v_dues float8[];
BEGIN
IF $7 THEN v_xid := pg_current_xact_id(); END IF;
{steps}
{takes}
PERFORM pg_notify($5, $4 || ' ' || queue) FROM (SELECT DISTINCT unnest(v_told)) AS u (queue);
RETURN QUERY SELECT {header};
END $fc$"""
