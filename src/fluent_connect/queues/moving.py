"""Moves what a SQLite store holds into a PostgreSQL database, and says what schemas stand where."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from fluent_connect.model.errors import ConfigError
from fluent_connect.model.fact import Recorder, Statement
from fluent_connect.queues.address import engine, shown
from fluent_connect.queues.engines.sqlite import SqliteStore
from fluent_connect.queues.engines.sqlite.schema import QUEUE_MIGRATIONS, connect_read_only
from fluent_connect.queues.open import sqlite_path

Versions = Mapping[str, tuple[int, int]]
"""Of each part of the schema: the version that stands (0: none), and the one that we know."""
Rows = tuple[str, Sequence[str], Sequence[Sequence[object]]]
"""A table, its columns, and some of its rows."""
MOVED = ".moved"
_BATCH = 5000
_TABLES = Statement(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    " AND name <> 'schema_version' ORDER BY name"
)


async def move(file: Path, url: str, recorder: Recorder) -> Mapping[str, int]:
    """Return how many rows of each table were moved; the file is then called `FILE.moved`.

    All or nothing. Raise ConfigError if a service uses the file, or if it was moved already.
    """
    if engine(url) != "postgresql":
        raise ConfigError(f"{shown(url)} is no PostgreSQL: journal.url names where it goes")
    from fluent_connect.queues.engines.postgresql import Place  # noqa: PLC0415 - an extra
    from fluent_connect.queues.engines.postgresql.absorb import absorb  # noqa: PLC0415 - as above

    source = await SqliteStore.open(file, recorder, serving=True)
    try:
        counts = await absorb(Place.of(url), recorder, _mark(file), _batches(source))
    finally:
        await source.close()
    _set_aside(file)
    return counts


async def versions(url: str, recorder: Recorder) -> Versions:
    """Return what stands there and what this program knows, without changing anything."""
    if engine(url) == "postgresql":
        from fluent_connect.queues.engines.postgresql import schema  # noqa: PLC0415 - an extra

        standing = await schema.standing(url)
        known = schema.known(recorder.migrations)
    else:
        standing = _of_file(sqlite_path(url))
        known = {"queue": len(QUEUE_MIGRATIONS), "journal": len(recorder.migrations)}
    return {part: (standing.get(part, 0), version) for part, version in known.items()}


def _mark(file: Path) -> str:
    """Return what names a file wherever it is read: its place, and the number of its node."""
    return f"{file.absolute()}#{file.stat().st_ino}"


def _set_aside(file: Path) -> None:
    file.rename(file.with_name(file.name + MOVED))


def _of_file(path: Path) -> Mapping[str, int]:
    if not path.is_file():
        return {}
    connection = connect_read_only(str(path))
    try:
        rows = connection.execute("SELECT part, version FROM schema_version").fetchall()
    finally:
        connection.close()
    return {str(part): int(str(version)) for part, version in rows}


async def _batches(source: SqliteStore) -> AsyncIterator[Rows]:
    for table in [str(row["name"]) for row in await source.read(_TABLES)]:
        columns = await source.read(Statement(f'PRAGMA table_info("{table}")'))
        names = [str(row["name"]) for row in columns]
        keys = [str(row["name"]) for row in columns if row["pk"]] or ["rowid"]
        last: Sequence[object] = ()
        while rows := await source.read(_page(table, names, keys, last)):
            yield table, names, [[row[name] for name in names] for row in rows]
            last = [rows[-1][key] for key in keys]


def _page(
    table: str, names: Sequence[str], keys: Sequence[str], last: Sequence[object]
) -> Statement:
    listed = ", ".join(f'"{name}"' for name in dict.fromkeys([*names, *keys]))
    key = ", ".join(f'"{name}"' for name in keys)
    after = f"WHERE ({key}) > ({', '.join('?' for _ in keys)})" if last else ""
    text = f'SELECT {listed} FROM "{table}" {after} ORDER BY {key} LIMIT {_BATCH}'  # noqa: S608 - names of our own tables
    return Statement(text, values=tuple(last))
