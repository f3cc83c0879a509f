"""Takes in what another store holds, all or nothing, beside what is there already."""

from collections.abc import AsyncIterator, Mapping, Sequence

import asyncpg

from fluent_connect.model.errors import ConfigError
from fluent_connect.model.fact import Recorder
from fluent_connect.queues.engines.postgresql.dialect import storable
from fluent_connect.queues.engines.postgresql.link import Link
from fluent_connect.queues.engines.postgresql.place import Place
from fluent_connect.queues.engines.postgresql.schema import migrate

Batch = tuple[str, Sequence[str], Sequence[Sequence[object]]]
"""A table, its columns, and some of its rows."""


async def absorb(
    place: Place, recorder: Recorder, mark: str, batches: AsyncIterator[Batch]
) -> Mapping[str, int]:
    """Return how many rows of each table were new here.

    `mark` names the source: what was taken in once is refused. Of two rows of one key the one that
    is here stays; of two fences the newer. Raise ConfigError for a table that nothing here knows.
    """
    link = Link(place)
    try:
        connection = await link.opened()
        await migrate(connection, recorder.migrations, place.schema)
        async with connection.transaction():
            await _mark(connection, mark)
            counts: dict[str, int] = {}
            async for batch in batches:
                added = await _add(connection, *batch)
                counts[batch[0]] = counts.get(batch[0], 0) + added
        return counts
    finally:
        await link.close()


async def _mark(connection: asyncpg.Connection, mark: str) -> None:
    now = "extract(epoch FROM clock_timestamp())"
    text = f"INSERT INTO seen (key, at) VALUES ($1, {now}) ON CONFLICT (key) DO NOTHING"
    if await connection.execute(text, f"moved!{mark}") != "INSERT 0 1":
        raise ConfigError(f"{mark} was taken in already: start the service, all is here")


async def _add(
    connection: asyncpg.Connection,
    table: str,
    given: Sequence[str],
    values: Sequence[Sequence[object]],
) -> int:
    known = await connection.fetch(_COLUMNS, table)
    names = {row["column_name"] for row in known} - _OWN.get(table, frozenset())
    if not known:
        raise ConfigError(f"there is no table {table} here: use the version that wrote it")
    places = [place for place, name in enumerate(given) if name in names]
    columns = [given[place] for place in places]
    rows = [tuple(storable(row[place]) for place in places) for row in values]
    await connection.execute(
        f"CREATE TEMP TABLE incoming ON COMMIT DROP AS SELECT {', '.join(map(_quoted, columns))}"
        f" FROM {_quoted(table)} WITH NO DATA"
    )
    await connection.copy_records_to_table("incoming", records=rows, columns=columns)
    listed = ", ".join(map(_quoted, columns))
    done = await connection.execute(
        f"INSERT INTO {_quoted(table)} ({listed}) SELECT {listed} FROM incoming"
        f" {_CONFLICTS.get(table, 'ON CONFLICT DO NOTHING')}"
    )
    await connection.execute("DROP TABLE incoming")
    return int(done.rpartition(" ")[2])


def _quoted(name: str) -> str:
    return f'"{name}"'


_COLUMNS = """SELECT column_name FROM information_schema.columns
    WHERE table_name = $1 AND table_schema = current_schema()"""
_OWN = {"parcel": frozenset({"seq", "epoch"})}
"""Columns that are this database's own."""
_CONFLICTS = {
    "fence": """ON CONFLICT (key) DO UPDATE SET version = excluded.version,
        fingerprint = excluded.fingerprint, output = excluded.output, deleted = excluded.deleted,
        dependencies = excluded.dependencies, at = excluded.at
        WHERE fence.version < excluded.version"""
}
