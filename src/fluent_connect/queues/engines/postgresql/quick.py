"""A whole transaction in one statement, by a function that the connection has for its time.

Thirteen statements that each wait for their answer cost far more than the work that they ask for.
The guards are not read first: that none refuses is assumed, and proven by the number of rows that
the statements touch. If it does not hold, nothing is changed, and all is decided once more with
care. What is rare (other facts, parking, leases that are moved) goes statement by statement, too.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import asyncpg

from fluent_connect.queues.engines.postgresql import function
from fluent_connect.queues.engines.postgresql.heads import Place
from fluent_connect.queues.engines.postgresql.parking import Parking
from fluent_connect.queues.engines.postgresql.requests import Take
from fluent_connect.queues.engines.postgresql.rows import Key, Shapes, turns
from fluent_connect.queues.engines.postgresql.statements import Step
from fluent_connect.queues.engines.postgresql.take import Taker
from fluent_connect.queues.engines.postgresql.work import Values, Work

_MOST = 100
"""Parameters that a function can have."""
_OFTEN = 100
_NOT_ALLOWED = "42501"


class Did(NamedTuple):
    """What came of it: when by the server's clock, the transaction, and what is ready again."""

    now: float
    xid: str | None
    back: Sequence[Place]


class Quick:
    """Runs transactions of the usual kind, on one connection after another.

    usable: whether the role may make functions for the time of its connection.
    """

    def __init__(
        self,
        shapes: Shapes,
        taker: Taker,
        parking: Parking,
        *,
        clock: Callable[[], float] | None,
        channel: str,
    ) -> None:
        self.usable = True
        self._shapes = shapes
        self._taker = taker
        self._parking = parking
        self._clock = clock
        self._channel = channel
        self._missed: Counter[Key] = Counter()
        self._usual: dict[Key, Step] = {}
        self._made: tuple[asyncpg.Connection, tuple[Key, ...]] | None = None
        self._call = ""
        self._number = 0

    def fits(self, work: Work) -> bool:
        """Say whether all that is to be done is of the usual kind."""
        if not self.usable or work.native or work.parked:
            return False
        kept = work.rows.kept
        new = [key for key in kept if key not in self._usual]
        for key in new:
            self._learn(key)
        return not new and all(
            len(rows) == 1 or len(turns(key, rows)) == 1 for key, rows in kept.items()
        )

    def _learn(self, key: Key) -> None:
        """Take in a statement; where there is no room, begin anew once it was often missed."""
        step = self._shapes[key]
        if step is None:
            return
        if len(function.types((*self._usual.values(), step))) > _MOST:
            self._missed[key] += 1
            if self._missed[key] < _OFTEN:
                return
            self._missed.clear()
            self._usual.clear()
        self._usual[key] = step

    async def prepared(self, connection: asyncpg.Connection) -> bool:
        """Make the function, if this connection has none or too small a one; say if there is one.

        Not within a transaction: to be refused would be its end.
        """
        made = connection, tuple(self._usual)
        if self._made == made or not self.usable:
            return self.usable
        self._number += 1
        name = f"pg_temp.fluent_connect_{self._number}"
        usual = tuple(self._usual.values())
        try:
            await connection.execute(function.text(name, usual))
        except asyncpg.InsufficientPrivilegeError:
            self.usable = False
            return False
        kinds = function.types(usual)
        marks = ", ".join(f"${n}::{kind}" for n, kind in enumerate(kinds, 1))
        self._call = f"SELECT * FROM {name}({marks})"
        self._made = made
        return True

    async def run(
        self,
        connection: asyncpg.Connection,
        work: Work,
        takes: Sequence[Take],
        wall: float,
        *,
        writes: bool,
    ) -> Did:
        """Do it, and answer the takes for which there is something.

        Raise an error of the state COLLIDED if another process came in between.
        """
        taker, now = self._taker, None if self._clock is None else self._clock()
        first = (now, taker.lease, taker.margin, taker.holder, self._channel, sorted(work.told))
        values: list[object] = [*first, writes]
        fences = [
            (*row, key if key in work.equals else None) for key, row in sorted(work.fences.items())
        ]
        guards: Sequence[Sequence[Values]] = ([(key,) for key in sorted(work.seen)], fences)
        others = (rows for part in (work.settled(), work.added()) for _, rows in part)
        for step, rows in zip(function.STEPS, (*guards, *others), strict=True):
            values += _columns(step, rows)
        for key, step in self._usual.items():
            values += _columns(step, work.rows.kept.get(key, ()))
        lanes = sorted(work.lanes)
        values += ([queue for queue, _ in lanes], [lane for _, lane in lanes], work.bodies)
        values += (sorted(set(work.delivered)), *self._wishes(takes))
        found = await connection.fetch(self._call, *values)
        return self._told(found, takes, wall)

    def _wishes(self, takes: Sequence[Take]) -> Values:
        branches = [
            (place, *branch)
            for place, take in enumerate(takes, 1)
            for branch in self._taker.heads[take.queue].open(take.paused)
        ]
        queues, limits = [take.queue for take in takes], [take.limit for take in takes]
        return (queues, limits, *(zip(*branches, strict=True) if branches else ((),) * 4))

    def _told(self, found: Sequence[asyncpg.Record], takes: Sequence[Take], wall: float) -> Did:
        header = found[-1]
        if header["seq"] is not None:
            self._parking.count(header["seq"])
        rows: list[list[asyncpg.Record]] = [[] for _ in takes]
        back: list[Place] = []
        for row in found[:-1]:
            if row["turn"] == function.BACK:
                back.append((row["id"], row["grp"], row["rank"], row["due"]))
            else:
                rows[row["turn"] - 1].append(row)
        now: float = header["first_tried"]
        for take, each in zip(takes, rows, strict=True):
            take.answer = self._taker.told(take, each, now, wall) or None
        return Did(now, header["id"], back)


def _columns(step: Step, rows: Sequence[Values]) -> Sequence[Sequence[object]]:
    return list(zip(*rows, strict=True)) if rows else [()] * len(step.types)
