"""Lanes: at most one parcel of a key is out; the next one follows when it comes back."""

from collections.abc import Iterable, Sequence

import asyncpg

from fluent_connect.queues.engines.postgresql import statements as sql
from fluent_connect.queues.engines.postgresql.heads import Place


async def free(connection: asyncpg.Connection, lanes: Iterable[tuple[str, str]]) -> Sequence[Place]:
    """Make the first blocked parcels of each lane ready that is not out; return where they stand.

    The first state and the first event one, that is. A parcel that is ready while its lane is out
    is blocked when a take meets it, so a lane of ten thousand costs each of them once, not every
    take.
    """
    queues, keys = zip(*sorted(lanes), strict=True)
    return list(map(tuple, await connection.fetch(sql.FREE, queues, keys)))
