"""Searches, over connections that cannot write, so that they never hold up a commit."""

from collections.abc import Mapping, Sequence

import asyncpg

from fluent_connect.model.fact import Statement
from fluent_connect.queues.engines.postgresql.dialect import numbered
from fluent_connect.queues.engines.postgresql.link import told
from fluent_connect.queues.engines.postgresql.place import Place
from fluent_connect.queues.store import StoreError

_ATTEMPTS = 2
_BY_KEY = """SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off;
    SET LOCAL enable_mergejoin = off; SET LOCAL enable_material = off;
    SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL join_collapse_limit = 1"""
"""Tables in the order in which they are named: each row leads to its own by a key."""


class Reader:
    """Runs as many searches at a time as it has connections."""

    def __init__(self, place: Place) -> None:
        settings = {"application_name": "fluent-connect search", "jit": "off"}
        if place.schema:
            settings["search_path"] = place.schema
        self._pool = asyncpg.create_pool(
            place.dsn,
            min_size=0,
            max_size=place.pool,
            timeout=10.0,
            command_timeout=300.0,
            server_settings=settings | {"default_transaction_read_only": "on"},
        )
        self._opened = False
        self._closed = False

    async def rows(self, statement: Statement) -> Sequence[Mapping[str, object]]:
        """Return the rows as mappings from column to value."""
        text = numbered(statement.text)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._fetched(text, statement.values, few=statement.few)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                if attempt == _ATTEMPTS or not _is_lost(error):
                    if _is_lost(error):
                        raise StoreError(f"the store cannot be read: {told(error)}") from error
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def close(self) -> None:
        """Let go of the connections; a search that runs is broken off."""
        if self._opened and not self._closed:
            self._pool.terminate()
        self._closed = True

    async def _fetched(
        self, text: str, values: Sequence[object], *, few: bool
    ) -> Sequence[Mapping[str, object]]:
        if self._closed:
            raise StoreError("the store is closed")
        if not self._opened:
            await self._pool
            self._opened = True
        async with self._pool.acquire() as connection, connection.transaction():
            if few:
                await connection.execute(_BY_KEY)
            return [dict(row) for row in await connection.fetch(text, *values)]


def _is_lost(error: BaseException) -> bool:
    state = str(getattr(error, "sqlstate", None) or "")
    lost = ("08", "53", "57", "58")
    return isinstance(error, OSError | TimeoutError) or state.startswith(lost)
