"""What a process that was killed had in hand: ready again, and nobody pays for his neighbour."""

from collections import Counter

import apsw

from fluent_connect.queues.engines.sqlite.rows import fetch
from fluent_connect.queues.engines.sqlite.schema import BLOCKED, LEASED, READY

_FREE = 2
"""Crashes that cost no try: of many that are in hand when a process ends, one at most did it."""
_STEP = 0.05
"""Seconds between two suspects, so that they are not in hand together once more."""
_LONGEST = 30.0

_SQL_LEASED = f"SELECT seq, queue, crashes FROM parcel WHERE state = {LEASED} ORDER BY seq"
_SQL_RECLAIM = (
    f"UPDATE parcel SET state = {READY}, lease_until = NULL, crashes = crashes + 1,"
    " tries = tries - ?, due = max(due, ?) WHERE seq = ?"
)
_SQL_UNBLOCK = f"UPDATE parcel SET state = {READY} WHERE state = {BLOCKED}"


def reclaim(connection: apsw.Connection, now: float) -> None:
    """Make ready whatever was leased: for the only process that takes, when it starts.

    A parcel that was in hand alone has used a try; one among many has not, unless that has
    happened to it twice before. From then on it is a suspect: it waits longer each time, and
    suspects come one after the other, so that the one that kills the process is soon alone.
    """
    leased = fetch(connection, _SQL_LEASED)
    together = Counter(queue for _, queue, _ in leased)
    suspects = 0
    for seq, queue, crashes in leased:
        alone, suspected = together[queue] == 1, crashes >= _FREE
        due = now
        if suspected:
            due += min(2.0 ** (crashes - _FREE), _LONGEST) + suspects * _STEP
            suspects += 1
        fetch(connection, _SQL_RECLAIM, (0 if alone or suspected else 1, due, seq))
    fetch(connection, _SQL_UNBLOCK)
