"""Starts the jobs that are due, without a leader: whatever process looks first puts the run."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec
import structlog

from fluent_connect.jobs.adding import Added, Asked, add
from fluent_connect.jobs.schedule import Schedule
from fluent_connect.journal.runs import dues_statement
from fluent_connect.model.fact import JobDue
from fluent_connect.model.outcome import Outcome
from fluent_connect.queues.store import Store, StoreError, Write


class Planned(msgspec.Struct, frozen=True):
    """A job of an account and retailer, and when it is due."""

    job: str
    account: str
    retailer: str
    schedule: Schedule

    @property
    def name(self) -> str:
        """Return under which name it is kept to which time it was seen to."""
        return f"{self.account}/{self.retailer}/{self.job}"


class Scheduler:
    """Looks every second. A run that was missed, however often, is made up for once.

    What is due while the last run still goes on is put as soon as that has ended. A schedule that
    is seen for the first time counts from then. Several processes may look at once.
    """

    def __init__(
        self,
        store: Store,
        planned: Sequence[Planned],
        *,
        every: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._planned = tuple(planned)
        self._every = every
        self._clock = clock
        self._log = structlog.get_logger("fluent_connect")
        self._waiting: set[str] = set()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except StoreError as error:
                self._log.warning("schedules cannot be read", why=str(error))
            await asyncio.sleep(self._every)

    async def look(self) -> None:
        """Put the runs that are due."""
        if not self._planned:
            return
        seen = await self._seen()
        for each in self._planned:
            if each.name not in seen:
                first = JobDue(each.name, self._clock())
                await self._store.commit(Write(Outcome(facts=(first,))))
                continue
            due = each.schedule.after(seen[each.name])
            if due <= self._clock():
                await self._put(each, due)

    async def next_due(self) -> Mapping[str, float]:
        """Return when each schedule is due next; in the past: it waits for a run to end."""
        seen, now = await self._seen(), self._clock()
        return {each.name: each.schedule.after(seen.get(each.name, now)) for each in self._planned}

    async def _seen(self) -> dict[str, float]:
        rows = await self._store.read(dues_statement())
        return {str(row["name"]): float(str(row["at"])) for row in rows}

    async def _put(self, planned: Planned, due: float) -> None:
        now = self._clock()
        asked = Asked(
            job=planned.job, account=planned.account, retailer=planned.retailer, cause="schedule"
        )
        added = await add(
            self._store,
            asked,
            now,
            once=(f"due/{planned.name}/{due:.0f}",),
            facts=(JobDue(planned.name, now),),
        )
        self._tell(planned, due, added)

    def _tell(self, planned: Planned, due: float, added: Added) -> None:
        if added.run is not None:
            self._waiting.discard(planned.name)
            self._log.info("job due", job=planned.name, run=added.run)
        elif added.busy is not None and planned.name not in self._waiting:
            self._waiting.add(planned.name)
            late = round(self._clock() - due)
            self._log.warning("job due, but it runs", job=planned.name, late=late)
