"""Makes up for outages: once a Subscription is healthy again, its window is swept, once."""

import asyncio
import time
from collections.abc import Callable, Sequence

import structlog

from fluent_connect.clients.accounts import Account
from fluent_connect.jobs.adding import Asked, add
from fluent_connect.jobs.missed_changes import MissedChangesJobHandler
from fluent_connect.jobs.step import at
from fluent_connect.journal.outages import open_outages_from_rows, outages_statement
from fluent_connect.model.fact import Outage
from fluent_connect.queues.store import Store, StoreError

MARGIN = 300.0
"""Seconds before and after an outage that are swept with it: clocks are off by minutes."""
_OLDEST = 7 * 86400.0
"""Outages that ended longer ago are left alone: the keys of their sweeps may be forgotten soon."""
_OF = "subscription/"


class OutageSweeps:
    """Looks every few seconds for outages that have ended; each is swept once for each account."""

    def __init__(
        self,
        store: Store,
        accounts: Sequence[Account],
        *,
        every: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._accounts = tuple(accounts)
        self._every = every
        self._clock = clock
        self._log = structlog.get_logger("fluent_connect")
        self._done: set[str] = set()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except StoreError as error:
                self._log.warning("outages cannot be read", why=str(error))
            await asyncio.sleep(self._every)

    async def look(self) -> None:
        """Put a sweep for each outage that has none; what is busy is looked at again."""
        rows = await self._store.read(outages_statement(since=self._clock() - _OLDEST))
        for outage in reversed(open_outages_from_rows(rows)):
            if outage.ended is None or not outage.of.startswith(_OF):
                continue
            project = outage.of.removeprefix(_OF).partition("/")[0]
            for account in self._accounts:
                if account.commercetools.project_key == project:
                    await self._sweep(outage, outage.ended, account)

    async def _sweep(self, outage: Outage, ended: float, account: Account) -> None:
        place = f"{account.name}/{account.retailer}"
        key = f"sweep/{place}/{outage.of}/{outage.began:.3f}"
        if key in self._done:
            return
        asked = Asked(
            job=MissedChangesJobHandler.name,
            account=account.name,
            retailer=account.retailer,
            cause="outage",
            since=at(outage.began - MARGIN),
            until=at(ended + MARGIN),
        )
        added = await add(self._store, asked, self._clock(), once=(key,))
        if added.run is not None:
            lasted = round(ended - outage.began)
            self._log.warning("outage is swept", of=outage.of, account=place, seconds=lasted)
        if added.run is not None or added.busy is None or not added.busy.open:
            self._done.add(key)
