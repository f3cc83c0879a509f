"""The figures that take a look at the whole store: taken every few seconds, kept until the next."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path

import structlog

from fluent_connect.app import disk
from fluent_connect.app.telemetry import Telemetry
from fluent_connect.journal.ledger import Ledger, ledger_statement
from fluent_connect.journal.overview import pauses_from_rows, pauses_statement
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE
from fluent_connect.queues.store import Depth, Store, StoreError

_STALLED = 60.0
_PAUSES_EVERY = 0.5
_REST = 9.0
"""Counting a million notifications takes ten seconds; it must not be done all the time."""


class Pulse:
    """Looks at ledger, queues, pauses and disk; says whether the service is ready.

    Asking is free: what is asked for was looked at up to `every` seconds ago.
    """

    def __init__(
        self,
        store: Store,
        telemetry: Telemetry,
        path: Path | None,
        *,
        warn: float = 0.80,
        refuse: float = 0.95,
        every: float = 10.0,
        outages: Callable[[], Collection[str]] = tuple,
        always: Collection[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._telemetry = telemetry
        self._path = path
        self._warn = warn
        self._refuse = refuse
        self._every = every
        self._outages = outages
        self._always = tuple(always)
        self._clock = clock
        self._log = structlog.get_logger("fluent_connect")
        self._started = clock()
        self._error: str | None = None
        self.ledger = Ledger()
        self.depths: Mapping[str, Depth] = {}
        self.paused: Collection[str] = self._always
        self.room = disk.Room(0.0, 0)
        self._gauges = _Gauges(telemetry)

    @property
    def disk_full(self) -> bool:
        """Say whether nothing more may be accepted."""
        return self.room.used >= self._refuse

    async def run(self) -> None:
        """Look again and again, until cancelled: at pauses often, however long the rest takes."""
        async with asyncio.TaskGroup() as group:
            group.create_task(_again(self.look, self._every))
            group.create_task(_again(self.look_at_pauses, _PAUSES_EVERY))

    async def look(self) -> None:
        """Take all figures now."""
        try:
            rows = await self._store.read(ledger_statement(self._clock()))
            self.ledger = Ledger.from_rows(rows)
            self.depths = {q: await self._store.depth(q) for q in (CT_QUEUE, EVENT_QUEUE)}
            self._error = None
        except StoreError as error:
            self._error = str(error)
        if self._path is not None:
            self.room = disk.room(self._path)
            if self.room.used >= self._warn:
                self._log.warning("disk low", used=round(self.room.used, 3), free=self.room.free)
        if not self.ledger.closes:
            self._log.error("the ledger does not close", unaccounted=self.ledger.unaccounted)
        self._gauges.show(self)

    async def look_at_pauses(self) -> None:
        """Read which groups operators have stopped."""
        try:
            rows = await self._store.read(pauses_statement())
        except StoreError as error:
            self._error = str(error)
        else:
            patterns = (each.pattern for each in pauses_from_rows(rows))
            self.paused = (*self._always, *patterns)

    def stopped(self) -> Collection[str]:
        """Return the patterns of all groups that are not to be handed out now."""
        outages = self._outages()
        return (*self.paused, *outages) if outages else self.paused

    def problems(self) -> list[str]:
        """Return why the service is not ready; nothing if it is."""
        found = []
        if self._error is not None:
            found.append(f"store: {self._error}")
        if self.disk_full:
            found.append(f"disk: {self.room.used:.0%} used, {self.room.free} bytes free")
        if not self.ledger.closes:
            found.append(f"ledger: {self.ledger.unaccounted} unaccounted")
        if self._stalled():
            found.append("progress: parcels are ready, and none was committed for a minute")
        return found

    def _stalled(self) -> bool:
        ready = sum(depth.ready + depth.leased for depth in self.depths.values())
        last = max(self._telemetry.last_commit, self._started)
        return bool(ready) and not self.stopped() and self._clock() - last > _STALLED


async def _again(look: Callable[[], Awaitable[None]], every: float) -> None:
    while True:
        began = time.monotonic()
        await look()
        await asyncio.sleep(rest(time.monotonic() - began, every))


def rest(took: float, every: float) -> float:
    """Return how long to leave the store alone after a look: for most of the time, in any case."""
    return max(every, took * _REST)


class _Gauges:
    """The metrics that the pulse sets."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._ledger = telemetry.gauge("ledger_notifications", "By what became of them.", "state")
        self._unaccounted = telemetry.gauge("unaccounted", "Accepted, no fate, not waiting: 0.")
        self._queue = telemetry.gauge("queue_messages", "Parcels of a queue.", "queue", "state")
        self._age = telemetry.gauge(
            "queue_oldest_message_age_seconds", "Since the oldest was put.", "queue"
        )
        self._disk = telemetry.gauge("disk_used_ratio", "Of the disk under the store.")
        self._paused = telemetry.gauge("paused_patterns", "Groups that operators stopped.")

    def show(self, pulse: Pulse) -> None:
        ledger = pulse.ledger
        for state in ("accepted", "done", "skipped", "superseded", "dead", "waiting", "repeats"):
            self._ledger.labels(state).set(getattr(ledger, state))
        self._unaccounted.set(ledger.unaccounted)
        for queue, depth in pulse.depths.items():
            for state in ("ready", "scheduled", "leased", "blocked", "parked", "dead"):
                self._queue.labels(queue, state).set(getattr(depth, state))
            age = 0.0 if depth.oldest is None else max(0.0, time.time() - depth.oldest)
            self._age.labels(queue).set(age)
        self._disk.set(pulse.room.used)
        self._paused.set(len(pulse.paused))
