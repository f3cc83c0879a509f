"""The tables that remember what became of each notification and message, step by step.

The dialect is SQLite's, and PostgreSQL's but for `WITHOUT ROWID`, which an engine there leaves out.
Ids sort by the time they were made, so that every tree grows at one end; `reference` is the only
one with random keys, because each costs a page of its own for every write.
"""

from collections.abc import Sequence

MIGRATIONS: Sequence[str] = (
    """
    CREATE TABLE receipt (
        id TEXT PRIMARY KEY, door TEXT NOT NULL, at DOUBLE PRECISION NOT NULL,
        size BIGINT NOT NULL) WITHOUT ROWID;
    CREATE TABLE aside (
        id TEXT PRIMARY KEY, what TEXT NOT NULL, door TEXT NOT NULL, at DOUBLE PRECISION NOT NULL,
        note TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE notification (
        id TEXT PRIMARY KEY, notification_id TEXT NOT NULL, kind TEXT NOT NULL,
        project_key TEXT NOT NULL, type_id TEXT NOT NULL, resource TEXT NOT NULL,
        version BIGINT, sequence BIGINT, at DOUBLE PRECISION NOT NULL) WITHOUT ROWID;
    CREATE TABLE message (
        id TEXT PRIMARY KEY, notification TEXT, name TEXT NOT NULL, account TEXT NOT NULL,
        retailer TEXT NOT NULL, type_id TEXT NOT NULL, resource TEXT NOT NULL, version BIGINT,
        cause TEXT NOT NULL, at DOUBLE PRECISION NOT NULL) WITHOUT ROWID;
    CREATE TABLE fate (
        id TEXT PRIMARY KEY, state TEXT NOT NULL, reason TEXT NOT NULL,
        at DOUBLE PRECISION NOT NULL, tries BIGINT NOT NULL) WITHOUT ROWID;
    CREATE TABLE attempt (
        id TEXT NOT NULL, at DOUBLE PRECISION NOT NULL, tries BIGINT NOT NULL,
        seconds DOUBLE PRECISION NOT NULL, handler TEXT NOT NULL, route TEXT NOT NULL,
        outcome TEXT NOT NULL, error TEXT NOT NULL, calls TEXT NOT NULL,
        PRIMARY KEY (id, at)) WITHOUT ROWID;
    CREATE TABLE reference (
        value TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
        PRIMARY KEY (value, kind, id)) WITHOUT ROWID;
    CREATE TABLE pause (
        pattern TEXT PRIMARY KEY, at DOUBLE PRECISION NOT NULL, "by" TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE audit (
        at DOUBLE PRECISION NOT NULL, "by" TEXT NOT NULL, action TEXT NOT NULL,
        what TEXT NOT NULL);
    """,
    """
    CREATE TABLE outage (
        "of" TEXT NOT NULL, began DOUBLE PRECISION NOT NULL, ended DOUBLE PRECISION,
        why TEXT NOT NULL, PRIMARY KEY ("of", began)) WITHOUT ROWID;
    """,
    """
    CREATE TABLE job_run (
        id TEXT PRIMARY KEY, job TEXT NOT NULL, account TEXT NOT NULL, retailer TEXT NOT NULL,
        number BIGINT NOT NULL, cause TEXT NOT NULL, at DOUBLE PRECISION NOT NULL,
        step BIGINT NOT NULL, begun DOUBLE PRECISION, since DOUBLE PRECISION,
        until DOUBLE PRECISION, messages BIGINT NOT NULL, expected BIGINT,
        advanced DOUBLE PRECISION, ended DOUBLE PRECISION, status TEXT NOT NULL,
        reason TEXT NOT NULL, stop TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX job_run_of ON job_run (job, account, retailer, number);
    CREATE TABLE job_setting (
        name TEXT PRIMARY KEY, document TEXT NOT NULL, at DOUBLE PRECISION NOT NULL) WITHOUT ROWID;
    CREATE TABLE job_due (name TEXT PRIMARY KEY, at DOUBLE PRECISION NOT NULL) WITHOUT ROWID;
    """,
    # Written by a sweep in the background alone: no message costs a row here.
    """
    CREATE TABLE gap (
        key TEXT PRIMARY KEY, project_key TEXT NOT NULL, type_id TEXT NOT NULL,
        resource TEXT NOT NULL, sequence BIGINT NOT NULL, revealed TEXT NOT NULL,
        door TEXT NOT NULL, at DOUBLE PRECISION NOT NULL, state TEXT NOT NULL, why TEXT NOT NULL,
        unit TEXT NOT NULL, looked_at DOUBLE PRECISION NOT NULL, looks BIGINT NOT NULL)
        WITHOUT ROWID;
    CREATE INDEX gap_state ON gap (state, at);
    CREATE INDEX gap_revealed ON gap (revealed);
    CREATE TABLE sweep (
        name TEXT PRIMARY KEY, place TEXT NOT NULL, at DOUBLE PRECISION NOT NULL) WITHOUT ROWID;
    """,
)
"""`aside` keeps what was accepted and is no unit of its own: repeats, and batches once split."""
