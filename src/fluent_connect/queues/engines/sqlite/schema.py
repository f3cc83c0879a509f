"""The tables that queues need in SQLite, step by step, and how a file is brought up to date."""

import os
from collections.abc import Sequence
from pathlib import Path

import apsw

from fluent_connect.model.errors import ConfigError

READY, LEASED, BLOCKED, PARKED, DEAD = range(5)

QUEUE_MIGRATIONS: Sequence[str] = (
    # The ready index starts with the group, so that a paused group costs nothing; states are
    # partial indexes, so that a parcel stands in one of them at a time and none has a random key
    # but those that hold few rows (leased, blocked, parked).
    """
    CREATE TABLE parcel (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, id TEXT NOT NULL,
        lane TEXT NOT NULL, state INTEGER NOT NULL, rank INTEGER NOT NULL, grp TEXT NOT NULL,
        due REAL NOT NULL, ordered INTEGER NOT NULL, origin TEXT, headers TEXT, body BLOB,
        put_at REAL NOT NULL, tries INTEGER NOT NULL DEFAULT 0, parks INTEGER NOT NULL DEFAULT 0,
        first_tried REAL, epoch INTEGER NOT NULL DEFAULT 0, lease_until REAL, waits_for TEXT,
        reason TEXT, error TEXT);
    CREATE INDEX parcel_ready ON parcel (queue, grp, rank, due, seq) WHERE state = 0;
    CREATE INDEX parcel_leased ON parcel (queue, lane) WHERE state = 1;
    CREATE INDEX parcel_blocked ON parcel (queue, lane, ordered, seq) WHERE state = 2;
    CREATE INDEX parcel_parked ON parcel (waits_for) WHERE state = 3;
    CREATE INDEX parcel_dead ON parcel (queue, id) WHERE state = 4;
    CREATE INDEX parcel_ordered ON parcel (queue, lane, seq) WHERE ordered = 1;
    CREATE INDEX parcel_origin ON parcel (origin) WHERE origin IS NOT NULL;
    CREATE TABLE body (
        id TEXT PRIMARY KEY, headers TEXT NOT NULL, data BLOB NOT NULL, at REAL NOT NULL);
    CREATE TABLE seen (key TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
    CREATE TABLE fence (
        key TEXT PRIMARY KEY, version INTEGER NOT NULL, fingerprint TEXT NOT NULL,
        output TEXT NOT NULL, deleted INTEGER NOT NULL, dependencies TEXT NOT NULL,
        at REAL NOT NULL) WITHOUT ROWID;
    """,
    "ALTER TABLE parcel ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX parcel_id ON parcel (id)",
)

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -32000",
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA journal_size_limit = 268435456",
)


def connect(path: str) -> apsw.Connection:
    """Return a writing connection with the settings that the promise needs (WAL, FULL sync)."""
    connection = apsw.Connection(path, statementcachesize=500)
    for pragma in _PRAGMAS:
        connection.execute(pragma).fetchall()
    return connection


def connect_read_only(path: str) -> apsw.Connection:
    """Return a connection that can only read.

    What a search over millions of rows has to sort goes to a file beside the store, which is gone
    with the search: in memory it took a third of a gigabyte.
    """
    os.environ.setdefault("SQLITE_TMPDIR", str(Path(path).absolute().parent))
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
    connection.execute("PRAGMA busy_timeout = 10000").fetchall()
    connection.execute("PRAGMA temp_store = FILE").fetchall()
    return connection


def migrate(connection: apsw.Connection, journal: Sequence[str]) -> None:
    """Bring the file to this version's schema in one transaction. Refuse a newer one."""
    with connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_version (part TEXT PRIMARY KEY, version INTEGER)"
        ).fetchall()
        _apply(connection, "queue", QUEUE_MIGRATIONS)
        _apply(connection, "journal", journal)


def _apply(connection: apsw.Connection, part: str, steps: Sequence[str]) -> None:
    row = connection.execute("SELECT version FROM schema_version WHERE part = ?", (part,)).get
    standing = row or 0
    if standing > len(steps):
        message = (
            f"the store's {part} schema is version {standing}, this program knows {len(steps)}: "
            "run the version that wrote it, or restore a backup made before the upgrade"
        )
        raise ConfigError(message)
    if standing == len(steps):
        return
    for step in steps[standing:]:
        connection.execute(step).fetchall()
    connection.execute(
        "INSERT INTO schema_version VALUES (?, ?) "
        "ON CONFLICT (part) DO UPDATE SET version = excluded.version",
        (part, len(steps)),
    ).fetchall()
