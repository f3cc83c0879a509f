"""Messages that did not come: numbers missing from the sequence of a resource.

Nothing is written for it on the path. What came is known by the keys of the inbox, and a sweep
goes over what was read since its last look; only a number that is missing becomes a row.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from fluent_connect.model.fact import Statement

MISSING, POSSIBLE, ARRIVED, FETCHED, GONE = "missing", "possible", "arrived", "fetched", "gone"
STATES = (MISSING, POSSIBLE, ARRIVED, FETCHED, GONE)
"""missing: it ought to have come. possible: not all Messages of its type are subscribed to.
arrived: it came late. fetched: taken from commercetools' Messages. gone: they have it no more."""
SWEEP = "gaps"
_COLUMNS = (
    "SELECT key, project_key, type_id, resource, sequence, revealed, door, at, state, why, unit,"
    " looked_at, looks FROM gap g"
)
_TOLD = """
    SELECT n.id, n.project_key, n.type_id, n.resource, n.sequence, n.at,
        coalesce(r.door, 'default') AS door
    FROM notification n LEFT JOIN receipt r ON r.id = n.id
    WHERE n.id > ? ORDER BY n.id LIMIT ?"""
_HELD = """
    SELECT n.project_key, n.type_id, n.resource, n.sequence
    FROM parcel p JOIN notification n ON n.id = p.id
    WHERE p.queue = 'ct-queue' AND p.tries > 0 AND n.sequence IS NOT NULL"""
_CAME = f"""
    {_COLUMNS} WHERE (g.state = 'missing' OR g.state = 'possible' AND g.at > ?)
      AND EXISTS (SELECT 1 FROM seen s WHERE s.key = g.key) ORDER BY g.at LIMIT ?"""

Place = tuple[str, str, str, int]
"""Project, typeId, resource, number."""
State = Literal["missing", "possible", "arrived", "fetched", "gone"]


class Numbered(msgspec.Struct, frozen=True, kw_only=True):
    """A notification that was read, with its number, if it has one."""

    id: str
    project_key: str
    type_id: str
    resource: str
    sequence: int | None
    at: float
    door: str


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A number that is, or was, missing. `at`: when it was noticed."""

    key: str
    project_key: str
    type_id: str
    resource: str
    sequence: int
    revealed: str
    door: str
    at: float
    state: State
    why: str
    unit: str
    looked_at: float
    looks: int


def place_statement() -> Statement:
    """Return the search for where the last sweep came to (`place`)."""
    return Statement("SELECT place FROM sweep WHERE name = ?", values=(SWEEP,))


def newest_statement() -> Statement:
    """Return the search for the `id` of the newest notification that was read."""
    return Statement("SELECT max(id) AS id FROM notification")


def told_statement(after: str, *, limit: int = 500) -> Statement:
    """Return the search for what was read after an id, in the order it was received."""
    return Statement(_TOLD, values=(after, limit))


def told_from_rows(rows: Iterable[Mapping[str, object]]) -> Sequence[Numbered]:
    """Return the notifications in the rows of `told_statement`."""
    return [msgspec.convert(row, Numbered) for row in rows]


def seen_statement(keys: Sequence[str]) -> Statement:
    """Return the search for those of some inbox `key`s that are there; at least one is asked."""
    marks = ", ".join("?" for _ in keys)
    return Statement(f"SELECT key FROM seen WHERE key IN ({marks})", values=tuple(keys))


def held_statement() -> Statement:
    """Return the search for numbers that were read and wait or are dead: they have no key yet."""
    return Statement(_HELD)


def held_from_rows(rows: Iterable[Mapping[str, object]]) -> Collection[Place]:
    """Return the numbers in the rows of `held_statement`, each with whose it is."""
    columns = ("project_key", "type_id", "resource", "sequence")
    return {msgspec.convert([row[name] for name in columns], Place) for row in rows}


def arrived_statement(since: float, *, limit: int = 500) -> Statement:
    """Return the search for gaps whose Message came after all; of possible ones since a time."""
    return Statement(_CAME, values=(since, limit))


def unsought_statement(before: float, *, limit: int = 500) -> Statement:
    """Return the search for missing ones that nobody looked for since a time, the oldest first."""
    text = f"{_COLUMNS} WHERE g.state = 'missing' AND g.looked_at < ? ORDER BY g.at LIMIT ?"
    return Statement(text, values=(before, limit))


def gaps_statement(*, states: Sequence[str] = (), since: float = 0.0, limit: int = 50) -> Statement:
    """Return the search for gaps, the newest first; no states: all."""
    chosen = states or STATES
    marks = ", ".join("?" for _ in chosen)
    text = f"{_COLUMNS} WHERE g.state IN ({marks}) AND g.at >= ? ORDER BY g.at DESC, g.key LIMIT ?"
    return Statement(text, values=(*chosen, since, limit))


def gaps_from_rows(rows: Iterable[Mapping[str, object]]) -> Sequence[Gap]:
    """Return the gaps in the rows of the searches for them."""
    return [msgspec.convert(row, Gap) for row in rows]


def counts_statement() -> Statement:
    """Return the search for how many there are of each `state`."""
    return Statement("SELECT state, count(*) AS count FROM gap GROUP BY state")
