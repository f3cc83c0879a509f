"""Lanes: at most one parcel of a key is out; the next one follows when it comes back."""

from collections.abc import Iterable

import asyncpg

from fluent_connect.queues.engines.postgresql import statements as sql


async def free(connection: asyncpg.Connection, lanes: Iterable[tuple[str, str]]) -> bool:
    """Make the first blocked parcels of each lane ready that is not out; say if there was any.

    The first state and the first event one, that is. A parcel that is ready while its lane is out
    is blocked when a take meets it, so a lane of ten thousand costs each of them once, not every
    take.
    """
    queues, keys = zip(*sorted(lanes), strict=True)
    return not (await connection.execute(sql.FREE, queues, keys)).endswith(" 0")
