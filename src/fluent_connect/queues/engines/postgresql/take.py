"""Which parcels are handed out next: by group, rank and time, one of a lane at a time."""

from collections.abc import Callable, Sequence

import asyncpg
import msgspec

from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.engines.postgresql import claim
from fluent_connect.queues.engines.postgresql.heads import Heads
from fluent_connect.queues.engines.postgresql.requests import Take
from fluent_connect.queues.engines.postgresql.roster import Roster
from fluent_connect.queues.store import Delivery

_headers = msgspec.json.Decoder(dict[str, str]).decode
_BARE: dict[str, str] = {}
_MARGIN = 1.0
_AGAIN = 0.02
"""Seconds after which what another process had its hand on is looked at again."""


class Taker:
    """Hands out parcels, within a transaction that its caller opens and ends."""

    def __init__(self, holder: str, lease: float, roster: Roster) -> None:
        self.holder = holder
        self.lease = lease
        self.heads = Heads()
        self._roster = roster
        self.blocked: set[tuple[str, str]] = set()
        """Lanes in which a parcel was blocked by one of another process, which may be back now."""

    @property
    def margin(self) -> float:
        """Return for how long others may be about to put what comes before what is taken here."""
        return 0.0 if self._roster.alone else _MARGIN

    async def look(self, connection: asyncpg.Connection, wish: Take) -> None:
        """Look at a queue from its beginning, if what is known of it is in doubt."""
        head = self.heads[wish.queue]
        if head.stale:
            head.looked(map(tuple, await connection.fetch(claim.LOOK, wish.queue)))

    async def take(
        self, connection: asyncpg.Connection, wish: Take, now: float, wall: float
    ) -> Sequence[Delivery]:
        """Lease what is wished for. `wall`: the time now by this process's clock."""
        await self.look(connection, wish)
        branches = self.heads[wish.queue].open(wish.paused)
        groups, ranks, lows = zip(*branches, strict=True) if branches else ((), (), ())
        latest = now - self.margin
        firsts = [min(low, latest) for low in lows]
        where = (wish.queue, [0] * len(groups), groups, ranks, firsts)
        rows: list[asyncpg.Record] = []
        left: list[asyncpg.Record] = []
        while branches and len(rows) < wish.limit:
            found = await connection.fetch(_CANDIDATES, *where, now, wish.limit - len(rows))
            free, blocked, others = _split(found)
            left += others
            if free:
                rows += await connection.fetch(_LEASE, free, now, self.lease, self.holder)
            if not blocked:
                break
            await connection.execute(_BLOCK, [row["seq"] for row in blocked])
            self._block(wish, [row["lane"] for row in blocked if self._is_theirs(row)])
        due = None
        if branches and len(rows) < wish.limit:
            due = await connection.fetchval(_DUE, *where)
        self._note(wish, rows, left, due, now)
        return self._deliveries(wish, rows, wall)

    def told(
        self, wish: Take, rows: Sequence[asyncpg.Record], now: float, wall: float
    ) -> Sequence[Delivery]:
        """Return what was leased, from the rows that `function` returns for a take."""
        taken: list[asyncpg.Record] = []
        left: list[asyncpg.Record] = []
        due: float | None = None
        for row in rows:
            if row["seq"] is not None:
                taken.append(row)
            elif row["lane"] is not None:
                self._block(wish, [row["lane"]])
            elif row["grp"] is not None:
                left.append(row)
            else:
                due = row["due"]
        self._note(wish, taken, left, due, now)
        return self._deliveries(wish, taken, wall)

    def _is_theirs(self, row: asyncpg.Record) -> bool:
        return row["out"] not in {None, self.holder}

    def _block(self, wish: Take, lanes: Sequence[str]) -> None:
        self.blocked.update((wish.queue, lane) for lane in lanes)

    def _note(
        self,
        wish: Take,
        rows: Sequence[asyncpg.Record],
        left: Sequence[asyncpg.Record],
        due: float | None,
        now: float,
    ) -> None:
        """Know what is out. `left` is ready but for the lock of its lane, `due` comes next."""
        head = self.heads[wish.queue]
        for row in rows:
            head.took((row["grp"], row["rank"]), row["due"])
        for row in left:
            head.put((row["grp"], row["rank"]), row["due"])
        if len(rows) < wish.limit:
            again = now + _AGAIN
            due = again if left else due
            head.emptied(wish.paused, None if due is None else max(due, again))

    def _deliveries(
        self, wish: Take, rows: list[asyncpg.Record], wall: float
    ) -> Sequence[Delivery]:
        rows.sort(key=_order)
        until, sure = wall + self.lease, self._roster.sure
        return [_delivery(wish.queue, row, until, sure) for row in rows]


def _order(row: asyncpg.Record) -> tuple[int, float, int]:
    return row["rank"], row["due"], row["seq"]


def _split(
    found: Sequence[asyncpg.Record],
) -> tuple[list[int], list[asyncpg.Record], list[asyncpg.Record]]:
    """Part those whose lane is free, those that must wait for another one of it, and the others."""
    taken: set[str] = set()
    free: list[int] = []
    blocked: list[asyncpg.Record] = []
    others: list[asyncpg.Record] = []
    for row in found:
        lane = row["lane"]
        if not row["mine"]:
            others.append(row)
        elif lane and (row["out"] is not None or row["held"] or lane in taken):
            blocked.append(row)
        else:
            taken.add(lane)
            free.append(row["seq"])
    return free, blocked, others


def _delivery(queue: str, row: asyncpg.Record, until: float, sure: Callable[[], bool]) -> Delivery:
    headers = row["headers"]
    parcel = Parcel(
        row["id"],
        row["lane"],
        row["body"],
        _BARE if headers in {None, "{}"} else _headers(headers),
        "bulk" if row["rank"] else "live",
        row["grp"],
        row["not_before"],
        bool(row["ordered"]),
        row["origin"],
    )
    lease = f"{row['seq']}.{row['epoch']}"
    return Delivery(
        queue, parcel, row["tries"], row["first_tried"], lease, until, row["parks"], sure
    )


_NAMES = {
    "queue": "$1::text",
    "turns": "$2::int[]",
    "groups": "$3::text[]",
    "ranks": "$4::smallint[]",
    "lows": "$5::float8[]",
    "turn": "0",
    "now": "$6::float8",
    "left": "$7::bigint",
}
_CANDIDATES = claim.CANDIDATES.format(**_NAMES)
_DUE = claim.DUE.format(**_NAMES)
_LEASE = f"{claim.LEASE} {claim.COLUMNS}".format(
    seqs="$1::bigint[]", now="$2::float8", lease="$3::float8", holder="$4::text"
)
_BLOCK = claim.BLOCK.format(seqs="$1::bigint[]")
