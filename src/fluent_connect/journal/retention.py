"""What retention takes away: settled and old, in bounded batches; never what waits or is dead.

Searching is one thing and deleting another: the searches run beside the writer, and what they
found goes by primary key in one `Expired` fact, so that no commit waits for a scan.
"""

from collections.abc import Mapping, Sequence

from fluent_connect.journal.states import prefix
from fluent_connect.model.fact import Expired, Statement

KEYS_AT_LEAST = 14 * 86400.0
"""Seconds for which inbox keys are kept at least: senders repeat for days."""

_OWN = f"""(instr(u.id, '.') = 0
    OR NOT EXISTS (SELECT 1 FROM fate o WHERE o.id = {prefix("u.id")})
       AND NOT EXISTS (SELECT 1 FROM receipt o WHERE o.id = {prefix("u.id")}))"""
_UNITS = f"""
    WITH held (unit) AS MATERIALIZED (SELECT DISTINCT {prefix("id")} FROM parcel)
    SELECT u.id FROM fate u
    WHERE u.at < ? AND u.state <> 'dead' AND {_OWN}
      AND {prefix("u.id")} NOT IN (SELECT unit FROM held)
      AND NOT EXISTS (
          SELECT 1 FROM message m LEFT JOIN fate g ON g.id = m.id
          WHERE m.id > u.id || '.' AND m.id < u.id || '/'
            AND (g.id IS NULL OR g.state = 'dead' OR g.at >= ?))
    UNION ALL SELECT id FROM aside WHERE at < ?
    LIMIT ?"""
_REFERENCES = f"""
    SELECT value, kind, id FROM (
        SELECT value, kind, id FROM reference
        WHERE (value, kind, id) > (?, ?, ?) ORDER BY value, kind, id LIMIT ?) x
    WHERE NOT EXISTS (SELECT 1 FROM receipt r WHERE r.id = {prefix("x.id")})
      AND NOT EXISTS (SELECT 1 FROM message m WHERE m.id = x.id)
      AND NOT EXISTS (SELECT 1 FROM fate f WHERE f.id = x.id)"""
_LAST_REFERENCE = """
    SELECT value, kind, id FROM (
        SELECT value, kind, id FROM reference
        WHERE (value, kind, id) > (?, ?, ?) ORDER BY value, kind, id LIMIT ?) x
    ORDER BY value DESC, kind DESC, id DESC LIMIT 1"""
_KEYS = "SELECT key FROM seen WHERE at < ? LIMIT ?"

_BODIES = """SELECT id FROM body WHERE at < ?
    AND id NOT IN (SELECT coalesce(origin, id) FROM parcel) LIMIT ?"""

_OF_UNITS = ("notification", "message", "fate", "attempt")
_DELETIONS = tuple(f"DELETE FROM {table} WHERE id > ? AND id < ?" for table in _OF_UNITS)
_OWN_DELETIONS = tuple(
    f"DELETE FROM {table} WHERE id = ?" for table in (*_OF_UNITS, "receipt", "aside")
)
_REFERENCE = "DELETE FROM reference WHERE value = ? AND kind = ? AND id = ?"
_KEY = "DELETE FROM seen WHERE key = ?"
_GAP = "DELETE FROM gap WHERE key = ?"
_BODY = "DELETE FROM body WHERE id = ?"


def expired_statement(before: float, *, limit: int = 500) -> Statement:
    """Return the search for the `id`s of units that came to their end before this time."""
    return Statement(_UNITS, values=(before, before, before, limit))


def stray_references_statement(
    after: tuple[str, str, str] = ("", "", ""), *, limit: int = 5000
) -> Statement:
    """Return the search for references (value, kind, id) whose unit is gone.

    It looks at the `limit` rows after `after`; `next_references_statement` says where it stopped.
    """
    return Statement(_REFERENCES, values=(*after, limit))


def next_references_statement(
    after: tuple[str, str, str] = ("", "", ""), *, limit: int = 5000
) -> Statement:
    """Return the search for the last row of that look; no row: that was all."""
    return Statement(_LAST_REFERENCE, values=(*after, limit))


def old_keys_statement(now: float, age: float, *, limit: int = 5000) -> Statement:
    """Return the search for inbox `key`s older than `age` seconds, and than two weeks."""
    return Statement(_KEYS, values=(now - max(age, KEYS_AT_LEAST), limit))


def old_bodies_statement(before: float, *, limit: int = 500) -> Statement:
    """Return the search for the `id`s of recorded bodies of before, which nothing waits for."""
    return Statement(_BODIES, values=(before, limit))


def old_gaps_statement(before: float, *, limit: int = 500) -> Statement:
    """Return the search for the `key`s of missed Messages that were noticed before this time."""
    return Statement("SELECT key FROM gap WHERE at < ? LIMIT ?", values=(before, limit))


def reference_of(row: Mapping[str, object]) -> tuple[str, str, str]:
    """Return a found reference as `Expired.references` and `after` want it."""
    return str(row["value"]), str(row["kind"]), str(row["id"])


def expiry(fact: Expired) -> Sequence[Statement]:
    """Return the statements that forget what a fact names: each by its key."""
    statements: list[Statement] = []
    for unit in fact.ids:
        statements += [Statement(text, values=(f"{unit}.", f"{unit}/")) for text in _DELETIONS]
        statements += [Statement(text, values=(unit,)) for text in _OWN_DELETIONS]
    statements += [Statement(_REFERENCE, values=reference) for reference in fact.references]
    statements += [Statement(_KEY, values=(key,)) for key in fact.keys]
    statements += [Statement(_BODY, values=(id_,)) for id_ in fact.bodies]
    statements += [Statement(_GAP, values=(key,)) for key in fact.gaps]
    return statements
