"""Lanes: at most one parcel of a key is out; the next one follows when it comes back."""

from collections import defaultdict
from collections.abc import Iterable

import apsw

from fluent_connect.queues.engines.sqlite.cache import Cache
from fluent_connect.queues.engines.sqlite.rows import as_list, fetch
from fluent_connect.queues.engines.sqlite.schema import BLOCKED, READY

_SQL_ANY = "SELECT 1 FROM parcel WHERE state = 2 LIMIT 1"
_FIRST = (
    f"SELECT (SELECT seq FROM parcel WHERE state = {BLOCKED} AND queue = ?1 AND lane = l.value"
    " AND ordered = {} ORDER BY seq LIMIT 1) FROM json_each(?2) l"
)
_SQL_FREE = (
    f"UPDATE parcel SET state = {READY} WHERE seq IN ({_FIRST.format(0)}"
    f" UNION ALL {_FIRST.format(1)})"
)


_SQL_FREE_ALL = (
    f"UPDATE parcel SET state = {READY} WHERE seq IN (SELECT min(seq) FROM parcel b"
    f" WHERE state = {BLOCKED} AND NOT EXISTS (SELECT 1 FROM parcel o WHERE o.state = 1"
    " AND o.queue = b.queue AND o.lane = b.lane) GROUP BY queue, lane, ordered) RETURNING seq"
)


def free(connection: apsw.Connection, lanes: Iterable[tuple[str, str]], cache: Cache) -> bool:
    """Make the first blocked parcel of each lane ready: the first state and the first event one.

    Return whether anything was blocked at all.

    A parcel that is ready while its lane is out is blocked when a take meets it, so a lane of ten
    thousand costs each of them once, not every take.
    """
    if connection.execute(_SQL_ANY).get is None:
        return False
    cache.groups.clear()
    by_queue: dict[str, list[str]] = defaultdict(list)
    for queue, lane in lanes:
        by_queue[queue].append(lane)
    for queue, keys in by_queue.items():
        fetch(connection, _SQL_FREE, (queue, as_list(keys)))
    return True


def free_all(connection: apsw.Connection) -> bool:
    """Make ready the first of each lane that is not out; say if there was any.

    There is none, unless another process let go of the lane.
    """
    if connection.execute(_SQL_ANY).get is None:
        return False
    return bool(fetch(connection, _SQL_FREE_ALL))
