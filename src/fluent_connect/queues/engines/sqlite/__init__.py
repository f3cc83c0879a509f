"""SQLite: the embedded default. Queues and journal in one file, one database thread."""

from fluent_connect.queues.engines.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
