"""Watches the health of each commercetools Subscription: what is not sent, nobody here can miss."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from fluent_connect.app.telemetry import Telemetry
from fluent_connect.journal.outages import open_outages_from_rows, open_outages_statement
from fluent_connect.model.errors import ConnectError
from fluent_connect.model.fact import Outage
from fluent_connect.model.outcome import Outcome
from fluent_connect.queues.store import Store, StoreError, Write

HEALTHY = "Healthy"
MISSING = "Missing"
"""Our word for a Subscription that is configured and is not there."""
Ask = Callable[[], Awaitable[Mapping[str, str | ConnectError | None]]]
"""Return the status of each project's Subscription, or why it cannot be read; None: it is gone."""


class SubscriptionWatch:
    """Looks every few seconds; says whether all is well, and writes down when it was not.

    An outage begins when the Subscription was last seen healthy, so that a sweep over it misses
    nothing; it ends when it is seen healthy again. One that stood open at the last stop goes on.
    """

    def __init__(
        self,
        store: Store,
        telemetry: Telemetry,
        ask: Ask,
        *,
        key: str,
        every: float = 30.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._ask = ask
        self._key = key
        self._every = every
        self._clock = clock
        self._log: Any = structlog.get_logger("fluent_connect")
        self._gauge = telemetry.gauge(
            "subscription_healthy", "1, or 0: commercetools cannot deliver.", "project"
        )
        self._read = telemetry.gauge(
            "subscription_read_timestamp_seconds", "When its health was last read.", "project"
        )
        self._seen: dict[str, float] = {}
        self._open: dict[str, Outage] = {}
        self._deaf: dict[str, str] = {}

    def problems(self) -> list[str]:
        """Return why the service is not ready: what commercetools does not send."""
        return [f"{each.of}: {each.why}" for each in self._open.values()]

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        await self._remember()
        while True:
            await self.look()
            await asyncio.sleep(self._every)

    async def look(self) -> None:
        """Ask once; what cannot be read stays as it was."""
        for project, status in (await self._ask()).items():
            if isinstance(status, ConnectError):
                self._unread(project, str(status))
                continue
            self._deaf.pop(project, None)
            self._read.labels(project).set(self._clock())
            await self._judge(project, status or MISSING)

    def _unread(self, project: str, why: str) -> None:
        """Say so once for each reason."""
        if self._deaf.get(project) != why:
            self._deaf[project] = why
            self._log.warning("subscription health cannot be read", project=project, why=why)

    async def _remember(self) -> None:
        """Go on with the outages that stood open when the service stopped."""
        rows = await self._store.read(open_outages_statement())
        for each in open_outages_from_rows(rows):
            if each.of.startswith("subscription/"):
                self._open[each.of] = each

    async def _judge(self, project: str, status: str) -> None:
        of, now = f"subscription/{project}/{self._key}", self._clock()
        self._gauge.labels(project).set(status == HEALTHY)
        standing = self._open.get(of)
        if status == HEALTHY:
            self._seen[project] = now
            if standing is not None:
                ended = Outage(of, standing.began, now, standing.why)
                if await self._keep(ended):
                    del self._open[of]
                    lasted = round(now - standing.began)
                    self._log.warning("subscription healthy again", of=of, seconds=lasted)
            return
        if standing is not None and standing.why == status:
            return
        began = standing.began if standing else self._seen.get(project, now)
        outage = Outage(of, began, None, status)
        self._open[of] = outage
        self._log.error("subscription not healthy", of=of, status=status)
        await self._keep(outage)

    async def _keep(self, outage: Outage) -> bool:
        try:
            await self._store.commit(Write(Outcome(facts=(outage,))))
        except StoreError as error:
            self._log.error("outage not recorded", of=outage.of, why=str(error))
            return False
        return True
