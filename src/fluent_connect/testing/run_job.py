"""One line for a job's test: run it, and look at the messages that came of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from fluent_connect.clients.accounts import Account, Accounts
from fluent_connect.clients.commercetools.client import Commercetools
from fluent_connect.clients.fluent.client import Fluent
from fluent_connect.clients.trace import Trace
from fluent_connect.handlers.settings import Settings
from fluent_connect.jobs import notice
from fluent_connect.jobs.adding import Added, Asked, add
from fluent_connect.jobs.job_handler import JobHandler
from fluent_connect.jobs.job_router import JobRouter, Targets
from fluent_connect.jobs.job_settings import JournalSettings
from fluent_connect.jobs.job_table import Job, JobTable
from fluent_connect.jobs.notice import Notice
from fluent_connect.journal.record import recorder
from fluent_connect.journal.runs import RunFilter, RunRow, runs_from_rows, runs_statement
from fluent_connect.model.codec import decode_message
from fluent_connect.model.message import Message
from fluent_connect.model.outcome import Done, Later, Outcome
from fluent_connect.model.parcel import BATCH_QUEUE, EVENT_QUEUE, NOTIFICATION_QUEUE
from fluent_connect.queues.engines.memory import MemoryStore
from fluent_connect.queues.retry import RetryPolicy
from fluent_connect.queues.store import Delivery, Store, Write
from fluent_connect.testing.bench import ACCOUNT
from fluent_connect.testing.clock import FixedClock
from fluent_connect.testing.fake_commercetools import FakeCommercetools
from fluent_connect.testing.fake_fluent import FakeFluent

UPSERTS = {
    "category": "commercetools.connect.category.upsert",
    "customer": "commercetools.connect.customer.upsert",
    "order": "commercetools.connect.order.create",
    "product": "commercetools.connect.product.upsert",
}
"""The default routes, by the type of what they bring about."""
CONNECTOR = "commercetools"


class JobBench:
    """The batch side of a connector in miniature: the real Job Router on a store in memory.

    Time is `clock`, and moves only as the test says. `store`: another one, opened with that clock.
    """

    def __init__(
        self,
        *jobs: JobHandler | type[JobHandler] | Job,
        commercetools: FakeCommercetools | None = None,
        fluent: FakeFluent | None = None,
        settings: Settings | None = None,
        props: Mapping[str, str] = {},
        backlog: int = 10_000,
        store: Store | None = None,
        clock: FixedClock | None = None,
    ) -> None:
        self.commercetools = commercetools or FakeCommercetools()
        self.fluent = fluent or FakeFluent()
        self.clock = clock or FixedClock()
        self.retry = RetryPolicy()
        self.store: Store = store or MemoryStore(recorder(), clock=self.clock)
        self.jobs = JobTable(_job(each, props) for each in jobs)
        self.documents = JournalSettings(self.store, CONNECTOR)
        self.router = JobRouter(
            self.store,
            self.jobs,
            Accounts((ACCOUNT,)),
            self._clients,
            self.documents,
            targets=Targets(UPSERTS),
            settings=lambda _: settings or Settings(),
            retry=self.retry,
            backlog=backlog,
            clock=self.clock,
        )

    def _clients(self, account: Account, trace: Trace) -> tuple[Commercetools, Fluent]:
        del account, trace
        return self.commercetools, self.fluent

    async def add(
        self,
        job: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        props: Mapping[str, str] = {},
        rate: float = 0.0,
    ) -> Added:
        """Put a run of the job on the batch queue, as the scheduler's endpoint does."""
        asked = Asked(
            job=job,
            account=ACCOUNT.name,
            retailer=ACCOUNT.retailer,
            cause="api",
            since=since,
            until=until,
            props=props,
            rate=rate,
        )
        return await add(self.store, asked, self.clock())

    async def take(self) -> Delivery | None:
        """Return the next step that is due, leased."""
        return next(iter(await self.store.take(BATCH_QUEUE, 1, 0.0)), None)

    async def step(self) -> Outcome | None:
        """Carry out the next step that is due, and commit what comes of it."""
        delivery = await self.take()
        return None if delivery is None else await self.carry_out(delivery)

    async def carry_out(self, delivery: Delivery) -> Outcome:
        """Carry out a step that was taken, and commit what comes of it."""
        outcome = await self.router(delivery)
        if outcome.error is not None:
            fate = self.retry.next(
                delivery, outcome.error, now=self.clock(), chance=0.5, outage=False
            )
            outcome = msgspec.structs.replace(outcome, fate=fate)
        await self.store.commit(Write(outcome, delivery))
        return outcome

    async def drain(self, *, within: float = 7 * 86400.0) -> None:
        """Carry out all steps that are due, or come due `within` seconds; the clock jumps there."""
        waited, pause = 0.0, 1.0
        while waited <= within and (await self.store.depth(BATCH_QUEUE)).waiting:
            outcome = await self.step()
            if outcome is not None and not isinstance(outcome.fate, Later):
                pause = 1.0
                continue
            self.clock.advance(pause)
            waited, pause = waited + pause, pause * 2

    async def messages(self) -> Sequence[Message]:
        """Take and return what lies on the Event Queue, in the order of the queue."""
        return [decode_message(body) for body in await self._taken(EVENT_QUEUE)]

    async def notices(self) -> Sequence[Notice]:
        """Take and return what operators are to be told."""
        return [notice.decode(body) for body in await self._taken(NOTIFICATION_QUEUE)]

    async def runs(self) -> Sequence[RunRow]:
        """Return all runs, the newest first."""
        return runs_from_rows(await self.store.read(runs_statement(RunFilter(limit=1000))))

    async def _taken(self, queue: str) -> list[bytes]:
        deliveries = await self.store.take(queue, 100_000, 0.0)
        await self.store.commit(*(Write(Outcome(Done()), each) for each in deliveries))
        return [each.parcel.body for each in deliveries]


class Ran(msgspec.Struct, frozen=True):
    """What a run came to."""

    run: RunRow
    messages: Sequence[Message]
    notices: Sequence[Notice]
    bench: JobBench


async def run_job(
    job: JobHandler | type[JobHandler],
    *,
    commercetools: FakeCommercetools | None = None,
    fluent: FakeFluent | None = None,
    settings: Settings | None = None,
    props: Mapping[str, str] = {},
    since: datetime | None = None,
    until: datetime | None = None,
) -> Ran:
    """Return what a run of the job comes to, between these two systems, from start to end.

    Without a window it is all that was changed until a minute ago.
    """
    bench = JobBench(
        job, commercetools=commercetools, fluent=fluent, settings=settings, props=props
    )
    await bench.add(job.name, since=since, until=until)
    await bench.drain()
    (run,) = await bench.runs()
    return Ran(run, await bench.messages(), await bench.notices(), bench)


def _job(job: JobHandler | type[JobHandler] | Job, props: Mapping[str, str]) -> Job:
    if isinstance(job, Job):
        return job
    return Job(name=job.name, handler=job() if isinstance(job, type) else job, props=props)


def ago(seconds: float, clock: FixedClock) -> str:
    """Return a time so long before that of the clock, as commercetools writes it."""
    moment = datetime.fromtimestamp(clock() - seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
