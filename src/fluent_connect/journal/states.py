"""The states of a unit, and the SQL that finds them row by row.

A receipt is a unit. So is a message without one (a job's). A unit's messages are those whose ids
start with its own and a dot. In SQL a state is a number, so that the worst is the largest.
"""

from collections.abc import Sequence

STATES: Sequence[str] = (
    "done",
    "skipped",
    "superseded",
    "dead",
    "received",
    "queued",
    "scheduled",
    "running",
    "retrying",
    "parked",
    "unaccounted",
)
"""From best to worst; the number of a state in SQL is its place here."""

WAITING: Sequence[str] = STATES[4:10]
"""The states of what has not come to its end."""

DEAD, FIRST_WAITING, UNACCOUNTED = 3, 4, 10
QUEUED = 5

LIVE = """live (id, code, reason, tries) AS NOT MATERIALIZED (
    SELECT id, CASE WHEN state = 4 THEN 3
                    WHEN state = 3 THEN 9
                    WHEN state = 0 AND tries > 0 THEN 8
                    WHEN queue = 'ct-queue' THEN 4
                    WHEN state = 1 THEN 7
                    WHEN state = 0 AND due > ? THEN 6
                    ELSE 5 END, coalesce(reason, ''), tries
    FROM parcel)"""
"""A common table: the state of what is in a queue, found by id. Its one value is the time."""


def code(fate: str, live: str, missing: int = UNACCOUNTED) -> str:
    """Return the expression for the state of one row, given the aliases of its fate and parcel.

    A parcel that waits wins over a fate. A dead fate needs its dead parcel, or nothing could be
    revived. Neither fate nor parcel: `missing`.
    """
    return (
        f"CASE WHEN {live}.code >= {FIRST_WAITING} THEN {live}.code"
        f" WHEN {fate}.state = 'done' THEN 0 WHEN {fate}.state = 'skipped' THEN 1"
        f" WHEN {fate}.state = 'superseded' THEN 2"
        f" WHEN {fate}.state = 'dead' AND {live}.code = {DEAD} THEN {DEAD}"
        f" WHEN {fate}.id IS NULL AND {live}.code IS NULL THEN {missing}"
        f" ELSE {UNACCOUNTED} END"
    )


UNIT_TABLES = """receipt r
    LEFT JOIN fate f ON f.id = r.id LEFT JOIN live l ON l.id = r.id
    LEFT JOIN message m ON m.id > r.id || '.' AND m.id < r.id || '/'
    LEFT JOIN fate g ON g.id = m.id LEFT JOIN live k ON k.id = m.id"""
"""A receipt with its own fate (f) and parcel (l), and each message (m) with its (g, k)."""


def worst_message(missing: int = UNACCOUNTED) -> str:
    """Return the aggregate for the worst state of a unit's messages; NULL if it has none."""
    return f"max(CASE WHEN m.id IS NOT NULL THEN {code('g', 'k', missing)} END)"


_TOLD = "max(CASE WHEN f.state = 'done' AND f.reason LIKE '% message%' THEN f.reason END)"
_MADE = "count(CASE WHEN instr(substr(m.id, length(r.id) + 2), '.') = 0 THEN 1 END)"
_LACKS = f"{_TOLD} NOT LIKE ({_MADE} || ' message%')"
"""The listener made more messages of a unit than there are: what became of them is not known."""


def unit_code(missing: int = UNACCOUNTED) -> str:
    """Return the aggregate for the state of a unit: its messages' worst, else its own."""
    own, worst = f"max({code('f', 'l', missing)})", worst_message(missing)
    return (
        f"CASE WHEN {_LACKS} THEN {UNACCOUNTED} WHEN {worst} IS NULL OR {own} >= {FIRST_WAITING}"
        f" AND {own} > {worst} THEN {own} ELSE {worst} END"
    )


def prefix(column: str) -> str:
    """Return the expression for the unit that an id belongs to: what stands before its dot."""
    return f"substr({column}, 1, instr({column} || '.', '.') - 1)"


def belongs(column: str, unit: str) -> str:
    """Return the condition that an id is a unit's own or that of one of its messages."""
    return f"({column} = {unit} OR {column} > {unit} || '.' AND {column} < {unit} || '/')"
