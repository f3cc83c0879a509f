"""The databases in which the journal's statements are run: each of them takes every one."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import apsw
import asyncpg

from contracts import postgres
from fluent_connect.journal.record import recorder
from fluent_connect.queues.engines.postgresql.dialect import numbered
from fluent_connect.queues.engines.postgresql.place import Place
from fluent_connect.queues.engines.postgresql.schema import migrate
from fluent_connect.queues.engines.sqlite.schema import QUEUE_MIGRATIONS

Rows = Sequence[Mapping[str, object]]


class Database(Protocol):
    """Tables of queues and journal, empty at first."""

    def run(self, text: str, values: Sequence[object]) -> Rows: ...


class InSqlite:
    def __init__(self) -> None:
        self._connection = apsw.Connection(":memory:")
        for step in (*QUEUE_MIGRATIONS, *recorder().migrations):
            self._connection.execute(step).fetchall()

    def run(self, text: str, values: Sequence[object]) -> Rows:
        cursor = self._connection.execute(text, values)
        found: list[Mapping[str, object]] = []
        for row in cursor:
            names = [column[0] for column in cursor.get_description()]
            found.append(dict(zip(names, row, strict=True)))
        return found


class InPostgresql:
    """One schema for all tests that ask, emptied for each; all in transactions that are undone."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._connection = self._loop.run_until_complete(self._opened())

    def empty(self) -> None:
        self._loop.run_until_complete(self._connection.execute("ROLLBACK; BEGIN"))

    def run(self, text: str, values: Sequence[object]) -> Rows:
        fetching = self._connection.fetch(numbered(text), *values)
        return [dict(row) for row in self._loop.run_until_complete(fetching)]

    def close(self) -> None:
        self._loop.run_until_complete(self._connection.close())
        self._loop.close()

    async def _opened(self) -> asyncpg.Connection:
        place = Place.of(await postgres.schema_for(Path("journal")))
        settings = {"search_path": place.schema, "jit": "off"}
        connection = await asyncpg.connect(place.dsn, server_settings=settings)
        await migrate(connection, recorder().migrations, place.schema)
        await connection.execute("BEGIN")
        return connection
