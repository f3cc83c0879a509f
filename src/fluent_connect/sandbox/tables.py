"""Where the sandbox keeps things: SQLite, in memory or in a file, fast before safe."""

import apsw


def connect(path: str = ":memory:") -> apsw.Connection:
    """Open the sandbox's store. A file outlives the process, but not a power failure."""
    database = apsw.Connection(path)
    database.set_busy_timeout(5000)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=OFF")
    database.execute("PRAGMA temp_store=MEMORY")
    return database
