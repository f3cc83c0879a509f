"""Deletes what is past its retention, a little at a time, beside the traffic."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec
import structlog

from fluent_connect.journal import retention
from fluent_connect.model.fact import Expired, RunsExpired
from fluent_connect.model.outcome import Outcome
from fluent_connect.queues.store import Store, StoreError, Write

_PAUSE = 0.05


class Keep(msgspec.Struct, frozen=True):
    """How long things stay, in seconds: what came to its end, inbox keys, recorded bodies."""

    settled: float
    seen: float
    bodies: float


class Housekeeping:
    """Once an hour: what ended long ago goes; what waits or is dead stays."""

    def __init__(
        self,
        store: Store,
        keep: Keep,
        *,
        every: float = 3600.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._keep = keep
        self._every = every
        self._clock = clock
        self._log = structlog.get_logger("fluent_connect")

    async def run(self) -> None:
        """Clean, and again after a while, until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            try:
                gone = await self.clean()
            except StoreError as error:
                self._log.warning("retention put off", error=str(error))
            else:
                self._log.info("retention", deleted=gone)

    async def clean(self) -> int:
        """Delete everything that is due now; return how many units and keys went."""
        now = self._clock()
        gone = await self._units(now - self._keep.settled)
        gone += await self._keys(now)
        gone += await self._bodies(now - self._keep.bodies)
        gone += await self._gaps(now - self._keep.settled)
        await self._references()
        runs = RunsExpired(now - self._keep.settled)
        await self._store.commit(Write(Outcome(facts=(runs,))))
        return gone

    async def _units(self, before: float) -> int:
        gone = 0
        while rows := await self._store.read(retention.expired_statement(before)):
            await self._forget(Expired(ids=[str(row["id"]) for row in rows]))
            gone += len(rows)
        return gone

    async def _keys(self, now: float) -> int:
        gone = 0
        while rows := await self._store.read(retention.old_keys_statement(now, self._keep.seen)):
            await self._forget(Expired(keys=[str(row["key"]) for row in rows]))
            gone += len(rows)
        return gone

    async def _bodies(self, before: float) -> int:
        gone = 0
        while rows := await self._store.read(retention.old_bodies_statement(before)):
            await self._forget(Expired(bodies=[str(row["id"]) for row in rows]))
            gone += len(rows)
        return gone

    async def _gaps(self, before: float) -> int:
        gone = 0
        while rows := await self._store.read(retention.old_gaps_statement(before)):
            await self._forget(Expired(gaps=[str(row["key"]) for row in rows]))
            gone += len(rows)
        return gone

    async def _references(self) -> None:
        after = ("", "", "")
        while True:
            stray = await self._store.read(retention.stray_references_statement(after))
            if stray:
                await self._forget(Expired(references=_references(stray)))
            following = await self._store.read(retention.next_references_statement(after))
            if not following:
                return
            after = retention.reference_of(following[0])

    async def _forget(self, fact: Expired) -> None:
        await self._store.commit(Write(Outcome(facts=(fact,))))
        await asyncio.sleep(_PAUSE)


def _references(rows: Sequence[Mapping[str, object]]) -> list[tuple[str, str, str]]:
    return [retention.reference_of(row) for row in rows]
