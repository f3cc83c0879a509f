"""A private PostgreSQL database for the test run, on the server that FC_TEST_POSTGRESQL names.

Each test has a schema of its own in it.
"""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from fluent_connect.model.ids import new_id

URL = os.environ.get("FC_TEST_POSTGRESQL", "postgresql://root@127.0.0.1:5432/postgres")
_database: list[str] = []
_made: dict[Path, str] = {}


@cache
def why_not() -> str | None:
    """Return why there is no server to test with; in CI there has to be one."""
    import asyncio
    import threading

    found: list[str | None] = []

    async def ask() -> str | None:
        try:
            connection = await asyncpg.connect(URL, timeout=5.0)
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            return f"no PostgreSQL at FC_TEST_POSTGRESQL ({URL}): {error}"
        await connection.close()
        return None

    thread = threading.Thread(target=lambda: found.append(asyncio.run(ask())))
    thread.start()
    thread.join()
    return None if os.environ.get("CI") else found[0]


def url_of(database: str) -> str:
    parts = urlsplit(URL)
    return urlunsplit((parts.scheme, parts.netloc, f"/{database}", parts.query, ""))


async def schema_for(path: Path) -> str:
    """Return the URL of the schema that stands for a path, in the database of this test run."""
    if not _database:
        name = f"fc_test_{new_id()}"
        await run(f'CREATE DATABASE "{name}" TEMPLATE template0')
        _database.append(name)
    schema = _made.setdefault(path, f"t{len(_made)}")
    return f"{url_of(_database[0])}?schema={schema}"


async def drop_for(path: Path) -> None:
    """Drop what stands for a path, if there is anything."""
    if (schema := _made.get(path)) is not None:
        await run(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE', url_of(_database[0]))


async def drop_all() -> None:
    """Drop the database of this test run."""
    while _database:
        await run(f'DROP DATABASE IF EXISTS "{_database.pop()}" WITH (FORCE)')


async def run(text: str, url: str = URL) -> Mapping[str, object] | None:
    """Run one statement by itself."""
    connection = await asyncpg.connect(url)
    try:
        row = await connection.fetchrow(text)
        return None if row is None else dict(row)
    finally:
        await connection.close()
