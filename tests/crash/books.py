"""Reads the store of a crash run beside the service: a file, or a database of the run's own."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import asyncpg

from contracts import postgres
from fluent_connect.model.ids import new_id
from fluent_connect.queues.engines.postgresql.dialect import numbered

Rows = Sequence[Mapping[str, object]]
Read = Callable[[str, Sequence[object]], Rows]
_LEASE = "16s"
"""A killed process holds what it had in hand for so long, on an engine of many processes.

No handler begins a call that its lease does not cover: twice 5 s, where a token is to be renewed.
"""


def in_file(data: Path, text: str, values: Sequence[object]) -> Rows:
    """Return what a statement finds in the data folder; nothing while there is no file."""
    file = next(data.glob("*.db"), None)
    if file is None:
        return []
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(text, values)]


class OnPostgresql:
    """Queues and journal in a database of this run's own."""

    points: Mapping[str, int] = {}

    def __init__(self) -> None:
        self._name = f"fc_crash_{new_id()}"
        self._url = postgres.url_of(self._name)

    async def start(self) -> str:
        await postgres.run(f'CREATE DATABASE "{self._name}" TEMPLATE template0')
        queues = "ct-queue", "event-queue", "batch-queue"
        leases = "".join(f"    {each}: {{ lease: {_LEASE} }}\n" for each in queues)
        return f'  journal:\n    url: "{self._url}"\n  queues:\n{leases}'

    async def stop(self) -> None:
        await postgres.run(f'DROP DATABASE IF EXISTS "{self._name}" WITH (FORCE)')

    def rows(self, _: Path, text: str, values: Sequence[object]) -> Rows:
        """Return what a statement finds; nothing while there are no tables."""

        async def ask() -> Rows:
            connection = await asyncpg.connect(self._url)
            try:
                return [dict(row) for row in await connection.fetch(numbered(text), *values)]
            finally:
                await connection.close()

        try:
            with asyncio.Runner() as runner:
                return runner.run(ask())
        except asyncpg.UndefinedTableError:
            return []
