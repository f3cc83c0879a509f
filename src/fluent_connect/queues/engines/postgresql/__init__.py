"""PostgreSQL: queues and journal in one database, shared by any number of processes."""

from fluent_connect.queues.engines.postgresql.place import Place
from fluent_connect.queues.engines.postgresql.store import PostgresStore

__all__ = ["Place", "PostgresStore"]
