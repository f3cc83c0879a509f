"""The ledger: every accepted id has exactly one fate or waits, found row by row.

Nothing is subtracted from anything, so a row that is deleted behind the ledger's back leaves an id
without fate and parcel: `unaccounted`.
"""

from collections.abc import Iterable, Mapping

import msgspec

from fluent_connect.journal.states import (
    FIRST_WAITING,
    LIVE,
    QUEUED,
    STATES,
    UNACCOUNTED,
    UNIT_TABLES,
    WAITING,
    code,
    unit_code,
)
from fluent_connect.model.fact import Statement

_APART_TABLES = """message m LEFT JOIN fate g ON g.id = m.id LEFT JOIN live k ON k.id = m.id
    WHERE m.notification IS NULL"""
_STRAY_TABLES = """message m
    WHERE m.notification IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM receipt s WHERE s.id = m.notification)"""


_COUNTS = ", ".join(
    f"count(*) FILTER (WHERE code = {number}) AS {state}" for number, state in enumerate(STATES)
)
_NO_COUNTS = ", ".join("0" for _ in STATES[1:])


def _text(missing: int) -> str:
    return f"""
    WITH {LIVE}
    SELECT 'unit' AS what, {_COUNTS} FROM (
        SELECT {unit_code(missing)} AS code FROM {UNIT_TABLES} GROUP BY r.id) u
    UNION ALL
    SELECT 'job', {_COUNTS} FROM (SELECT {code("g", "k", missing)} AS code FROM {_APART_TABLES}) j
    UNION ALL
    SELECT 'unit', {_NO_COUNTS}, count(DISTINCT m.notification) FROM {_STRAY_TABLES}
    UNION ALL
    SELECT 'repeat', count(*), {_NO_COUNTS} FROM aside WHERE what = 'repeat'"""


_LEDGER = _text(UNACCOUNTED)
_LEDGER_BROKERED = _text(QUEUED)
_UNACCOUNTED = f"""
    WITH {LIVE}
    SELECT r.id, r.at FROM {UNIT_TABLES} GROUP BY r.id HAVING {unit_code()} = {UNACCOUNTED}
    UNION ALL
    SELECT m.id, m.at FROM {_APART_TABLES} AND {code("g", "k")} = {UNACCOUNTED}
    UNION
    SELECT m.notification, min(m.at) FROM {_STRAY_TABLES} GROUP BY m.notification
    ORDER BY 1 LIMIT ?"""


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all that was accepted. `repeats` are beside it: accepted once already.

    `by_state` breaks `waiting` down; `jobs` counts messages that no notification brought about.
    """

    accepted: int = 0
    done: int = 0
    skipped: int = 0
    superseded: int = 0
    dead: int = 0
    waiting: int = 0
    unaccounted: int = 0
    repeats: int = 0
    by_state: Mapping[str, int] = {}
    jobs: Mapping[str, int] = {}

    @property
    def closes(self) -> bool:
        """Say whether nothing is unaccounted, jobs' messages included."""
        return self.unaccounted == 0 and not self.jobs.get("unaccounted")

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, object]]) -> "Ledger":
        """Return the ledger that the rows of `ledger_statement` make."""
        counts = {what: dict.fromkeys(STATES, 0) for what in ("unit", "job", "repeat")}
        for row in rows:
            for state, count in counts[str(row["what"])].items():
                counts[str(row["what"])][state] = count + int(str(row[state]))
        units = counts["unit"]
        by_state = {state: units[state] for state in WAITING if units[state]}
        return cls(
            accepted=sum(units.values()),
            waiting=sum(by_state.values()),
            repeats=sum(counts["repeat"].values()),
            by_state=by_state,
            jobs={state: count for state, count in counts["job"].items() if count},
            **{state: units[state] for state in _NAMED},
        )


_NAMED = (*STATES[:FIRST_WAITING], STATES[UNACCOUNTED])


def ledger_statement(now: float, *, brokered: bool = False) -> Statement:
    """Return the search that counts; about half a second for 240,000 units.

    `now` tells the scheduled from the queued. `brokered`: queues are kept by a broker, where the
    journal cannot look, so what has neither fate nor parcel counts as queued there.
    """
    return Statement(_LEDGER_BROKERED if brokered else _LEDGER, values=(now,))


def unaccounted_statement(limit: int = 100) -> Statement:
    """Return the search for each `id` (and its time, `at`) without fate that waits nowhere."""
    return Statement(_UNACCOUNTED, values=(0.0, limit))
