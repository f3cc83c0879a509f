"""What waits for a ref, and what was delivered: numbered in the order in which commits succeed.

The one row of `delivered` is the lock: who delivers holds it alone from the number to the commit,
so that a number that can be read belongs to a commit that can be seen; who parks shares it, so that
a delivery either comes before (and is found) or after (and finds what has parked).
"""

from collections.abc import Sequence

import asyncpg

from fluent_connect.model.outcome import Parked
from fluent_connect.queues.engines.postgresql import statements as sql
from fluent_connect.queues.engines.postgresql.dialect import storable
from fluent_connect.queues.engines.postgresql.heads import Place

AHEAD = 86400.0
"""Seconds by which a woken parcel is set before its time: it goes before all that was put since."""
KEPT = 2 * 86400.0
"""Seconds for which a delivery is remembered: longer than any fetch can lie before its parking."""


class Parking:
    """Parks and wakes, within a transaction that its caller opens and ends.

    number: the newest delivery of which this process knows that it is committed. To know less than
    there is costs a look in vain, never a wake-up.
    """

    def __init__(self) -> None:
        self.number = 0
        self._counted = 0

    def committed(self) -> None:
        """Take as known what the transaction has counted."""
        self.number = max(self.number, self._counted)

    def undone(self) -> None:
        """Forget what a transaction counted that came to nothing."""
        self._counted = 0

    async def look(self, connection: asyncpg.Connection) -> None:
        """Learn the newest number."""
        self.number = max(self.number, await connection.fetchval(sql.NEWEST))

    async def deliver(
        self, connection: asyncpg.Connection, refs: Sequence[str], now: float
    ) -> Sequence[Place]:
        """Number these, and wake what waits for them; return where that stands."""
        different = sorted(set(refs))
        self._counted = await connection.fetchval(sql.COUNT_UP, len(different))
        first = self._counted - len(different) + 1
        numbers = list(range(first, self._counted + 1))
        await connection.execute(sql.DELIVER, different, numbers, now)
        return list(map(tuple, await connection.fetch(sql.WAKE, now - AHEAD, different)))

    def count(self, number: int) -> None:
        """Learn the number that the transaction has counted to."""
        self._counted = max(self._counted, number)

    async def park(
        self,
        connection: asyncpg.Connection,
        parked: Sequence[tuple[tuple[int, int], Parked]],
        now: float,
    ) -> tuple[int, int]:
        """Park, or give back at once what was delivered meanwhile; return how many of each."""
        self._counted = max(self._counted, await connection.fetchval(sql.COUNTED))
        refs = sorted({fate.waits_for for _, fate in parked if fate.waits_for is not None})
        rows = await connection.fetch(sql.DELIVERED, refs) if refs else []
        numbers = {row["ref"]: row["number"] for row in rows}
        waiting, woken = [], []
        for lease, fate in parked:
            reason = storable(fate.reason)
            waits_for = "" if fate.waits_for is None else fate.waits_for
            if numbers.get(waits_for, 0) > fate.since:
                woken.append((*lease, -AHEAD, 1, reason))
            else:
                waiting.append((*lease, fate.waits_for, now + fate.after, reason))
        back = stays = 0
        if woken:
            columns = zip(*woken, strict=True)
            tag = await connection.execute(sql.SET_LATER.numbered(), *columns, now)
            back = int(tag.rpartition(" ")[2])
        if waiting:
            tag = await connection.execute(sql.SET_PARKED, *zip(*waiting, strict=True))
            stays = int(tag.rpartition(" ")[2])
        return stays, back
