"""The journal of the memory store: the same SQL as elsewhere, over a database in memory."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from fluent_connect.model.fact import Fact, Recorder, Statement

_MIRROR = """
    CREATE TABLE parcel (
        seq INTEGER PRIMARY KEY, queue TEXT, id TEXT, lane TEXT, state INTEGER, rank INTEGER,
        grp TEXT, due REAL, ordered INTEGER, origin TEXT, put_at REAL, tries INTEGER,
        parks INTEGER, first_tried REAL, waits_for TEXT, reason TEXT, error TEXT,
        headers TEXT, body BLOB);
    CREATE TABLE body (id TEXT PRIMARY KEY, headers TEXT, data BLOB, at REAL);
    CREATE TABLE seen (key TEXT PRIMARY KEY, at REAL);
"""
"""Tables of a SQL store that the journal's statements name; only `parcel` is filled, to be read."""
_MIRRORED = f"INSERT INTO parcel VALUES ({', '.join('?' * 17)}, NULL, NULL)"


class MemoryJournal:
    """Record facts and search them, for as long as the process lives; nothing without recorder."""

    def __init__(self, recorder: Recorder | None) -> None:
        self._recorder = recorder
        self._database: sqlite3.Connection | None = None

    def write(self, facts: Iterable[Fact]) -> None:
        """Record all of the facts, or raise and have recorded none."""
        if self._recorder is None:
            return
        statements = [each for fact in facts for each in self._recorder.record(fact)]
        database = self._open()
        database.execute("BEGIN")
        try:
            for statement in statements:
                database.execute(statement.text, statement.values)
        except BaseException:
            database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")

    def read(
        self, statement: Statement, parcels: Iterable[Sequence[object]]
    ) -> Sequence[Mapping[str, object]]:
        """Return the rows that a statement finds, with these parcels in the queues."""
        database = self._open()
        database.execute("DELETE FROM parcel")
        database.executemany(_MIRRORED, parcels)
        return [dict(row) for row in database.execute(statement.text, statement.values)]

    def close(self) -> None:
        """Let go of the database."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._database = sqlite3.connect(":memory:", isolation_level=None)
            self._database.row_factory = sqlite3.Row
            self._database.executescript(_MIRROR)
            for migration in self._recorder.migrations if self._recorder else ():
                self._database.executescript(migration)
        return self._database
