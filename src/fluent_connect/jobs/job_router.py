"""Batch queue -> job -> handler: what becomes of one page of a run."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Any, cast

import msgspec
import structlog

from fluent_connect.clients.accounts import Account, Accounts
from fluent_connect.clients.commercetools.client import Commercetools
from fluent_connect.clients.fluent.client import Fluent
from fluent_connect.clients.trace import Trace
from fluent_connect.handlers.settings import Settings
from fluent_connect.jobs import notice
from fluent_connect.jobs.comparer import Comparer
from fluent_connect.jobs.documents import Document
from fluent_connect.jobs.job_handler import JobContext, Page, Window
from fluent_connect.jobs.job_settings import JobSettings
from fluent_connect.jobs.job_table import Job, JobTable
from fluent_connect.jobs.step import Step, at, decode_step, put
from fluent_connect.journal.runs import (
    FAILED,
    STOPPED,
    SUCCESSFUL,
    RunFilter,
    runs_from_rows,
    runs_statement,
)
from fluent_connect.model.carry import addressed, queued
from fluent_connect.model.errors import ConnectError, Skip, UnprocessableError
from fluent_connect.model.fact import Fact, RunAdvanced, RunEnded
from fluent_connect.model.lease import Lease
from fluent_connect.model.message import Message
from fluent_connect.model.outcome import Dead, Done, Later, Outcome
from fluent_connect.model.parcel import EVENT_QUEUE, Put
from fluent_connect.queues.retry import RetryPolicy
from fluent_connect.queues.store import Delivery, Store

Clients = Callable[[Account, Trace], tuple[Commercetools, Fluent]]
_LAST = Page((), None)


class Targets(msgspec.Struct, frozen=True):
    """Where messages of jobs go: the route that upserts a type, and the names of event routes."""

    upserts: Mapping[str, str] = {}
    ordered: frozenset[str] = frozenset()


class JobRouter:
    """A station: have the handler of a job read one page, and put its messages in `bulk`.

    A page's messages, the step that follows it and the end of its own are one commit: a run that is
    killed goes on behind the last page. `backlog`: while more messages are due, no page is read.
    """

    def __init__(
        self,
        store: Store,
        jobs: JobTable,
        accounts: Accounts,
        clients: Clients,
        documents: JobSettings,
        *,
        targets: Targets = Targets(),  # noqa: B008 - frozen
        settings: Callable[[Account], Settings] = lambda _: Settings(),
        retry: RetryPolicy | None = None,
        outage: Callable[[Delivery], bool] = lambda _: False,
        comparer: Callable[[], Comparer] | None = None,
        backlog: int = 10_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._accounts = accounts
        self._clients = clients
        self._documents = documents
        self._comparer = comparer
        self._targets = targets
        self._settings = settings
        self._retry = retry or RetryPolicy()
        self._outage = outage
        self._backlog = backlog
        self._clock = clock

    async def __call__(self, delivery: Delivery) -> Outcome:
        """Return what came of the page; every failure is in it."""
        try:
            step = decode_step(delivery.parcel.body)
        except ConnectError as error:
            return Outcome(error=error)
        turn = _Turn(step, delivery, Trace(Lease(delivery.until, self._clock)))
        try:
            return await self._take_turn(turn)
        except Exception as error:  # noqa: BLE001 - the retry policy decides what becomes of it
            return await self._failed(turn, error)

    async def _take_turn(self, turn: "_Turn") -> Outcome:
        step = turn.step
        job = self._jobs.find(step.job, step.account, step.retailer)
        account = self._accounts.find(step.account, step.retailer)
        if account is None:
            raise UnprocessableError(f"there is no account {step.account}/{step.retailer}")
        turn.rate = step.rate or job.rate
        turn.commercetools, turn.fluent = self._clients(account, turn.trace)
        stop = await self._stopped(step)
        if stop:
            return await self._over(turn, STOPPED, f"stopped by {stop}", _LAST)
        depth = await self._store.depth(EVENT_QUEUE)
        due = depth.ready + depth.leased + depth.blocked
        if due > self._backlog:
            return Outcome(Later(5.0, f"{due} messages wait", counts=False))
        turn.document = await self._documents.read(step, turn.fluent)
        context = self._context(job, account, turn)
        if step.until is None or step.begun is None:
            turn.step = step = self._opened(job, turn)
            context = self._context(job, account, turn)
        async with asyncio.timeout(job.handler.timeout):
            if step.number == 0:
                expected = await job.handler.expected(_window(step), context)
                turn.step = step = msgspec.structs.replace(step, expected=expected)
            page = await _first_page(job.handler.sweep(_window(step), step.cursor, context))
        if page.cursor is None:
            return await self._over(turn, SUCCESSFUL, "", page)
        return self._advanced(turn, page)

    def _opened(self, job: Job, turn: "_Turn") -> Step:
        """Return the first step with its window: what was asked for, or what is next."""
        now, step, document = at(self._clock()), turn.step, turn.document
        trailing = now - timedelta(seconds=job.trail)
        if step.given:
            until = step.until or trailing
            return msgspec.structs.replace(step, until=until, begun=now)
        custom = document.custom_range
        if custom is not None:
            since, until = custom
            return msgspec.structs.replace(step, since=since, until=until, custom=True, begun=now)
        since = document.previous_end
        if since is not None:
            trailing = max(trailing, since)
            since -= timedelta(seconds=job.overlap)
        return msgspec.structs.replace(step, since=since, until=trailing, begun=now)

    def _context(self, job: Job, account: Account, turn: "_Turn") -> JobContext:
        step = turn.step
        name = f"{step.account}/{step.retailer}"
        return JobContext(
            commercetools=turn.commercetools,
            fluent=turn.fluent,
            settings=self._settings(account),
            props={**job.props, **turn.document.props, **step.props},
            account=step.account,
            retailer=step.retailer,
            project_key=account.commercetools.project_key,
            log=structlog.get_logger(job=step.job, run=step.run, account=name),
            run=step.run,
            begun=step.begun or at(self._clock()),
            upserts=self._targets.upserts,
            read=self._store.read,
            comparer=self._comparer,
            clock=self._clock,
        )

    async def _stopped(self, step: Step) -> str:
        rows = await self._store.read(runs_statement(RunFilter(id=step.run)))
        return next((each.stop for each in runs_from_rows(rows)), "")

    def _advanced(self, turn: "_Turn", page: Page) -> Outcome:
        """Return the page's messages, and the step that follows it."""
        now, rate = self._clock(), turn.rate
        puts, facts = self._puts(page, now, rate)
        step = msgspec.structs.replace(
            turn.step,
            number=turn.step.number + 1,
            cursor=page.cursor,
            messages=turn.step.messages + len(page.messages),
        )
        due = now + len(page.messages) / rate if rate else 0.0
        return Outcome(
            Done(_told(page)),
            puts=(*puts, put(step, due=due)),
            facts=(*facts, self._progress(step, step.number, now)),
        )

    async def _over(self, turn: "_Turn", status: str, reason: str, page: Page) -> Outcome:
        """Return the end of the run, with the messages of its last page."""
        now = self._clock()
        step = turn.step
        puts, facts = self._puts(page, now, turn.rate)
        total = step.messages + len(page.messages)
        ended = msgspec.structs.replace(step, messages=total)
        if step.until is not None:
            facts = (*facts, self._progress(ended, step.number, now))
        kept: Sequence[Fact] = ()
        if status != STOPPED:
            document = turn.document.after(ended, status, now)
            kept = await self._documents.write(step, document, turn.fluent, now)
        end = RunEnded(step.run, status, reason, now)
        return Outcome(Done(reason or _told(page)), puts=puts, facts=(*facts, *kept, end))

    async def _failed(self, turn: "_Turn", error: Exception) -> Outcome:
        """Return what the retry policy makes of an error; a dead step ends its run."""
        step = turn.step
        if isinstance(error, Skip) and turn.fluent is not None:
            return await self._over(turn, SUCCESSFUL, str(error), _LAST)
        fate = self._retry.next(
            turn.delivery,
            error,
            now=self._clock(),
            chance=random.random(),  # noqa: S311 - spreads retries
            outage=self._outage(turn.delivery),
        )
        if not isinstance(fate, Dead):
            return Outcome(fate)
        now, reason = self._clock(), fate.reason
        kept: Sequence[Fact] = ()
        if turn.fluent is not None:
            try:
                document = turn.document.after(step, FAILED, now)
                kept = await self._documents.write(step, document, turn.fluent, now)
            except ConnectError as second:
                reason = f"{reason}; and its settings could not be written: {second}"
        return Outcome(fate, facts=(*kept, RunEnded(step.run, FAILED, reason, now)))

    def _puts(self, page: Page, now: float, rate: float) -> tuple[Sequence[Put], Sequence[Fact]]:
        """Return the messages as parcels, `rate` of them a second, and what accounts for them."""
        messages = {each.id: each for each in page.messages}.values()
        puts = [
            self._addressed(each, now + place / rate if rate else 0.0)
            for place, each in enumerate(messages)
        ]
        notices = [notice.put(each) for each in page.notices]
        return (*puts, *notices), tuple(queued(each, now) for each in messages)

    def _addressed(self, message: Message, due: float) -> Put:
        ordered = message.name in self._targets.ordered
        return addressed(message, rank="bulk", ordered=ordered, due=due)

    def _progress(self, step: Step, number: int, now: float) -> RunAdvanced:
        return RunAdvanced(
            id=step.run,
            step=number,
            begun=(step.begun or at(now)).timestamp(),
            since=None if step.since is None else step.since.timestamp(),
            until=(step.until or at(now)).timestamp(),
            messages=step.messages,
            expected=step.expected,
            at=now,
        )


class _Turn:
    """One delivery of a step, and what was found for it so far."""

    __slots__ = ("commercetools", "delivery", "document", "fluent", "rate", "step", "trace")

    def __init__(self, step: Step, delivery: Delivery, trace: Trace) -> None:
        self.step = step
        self.delivery = delivery
        self.trace = trace
        self.document = Document()
        self.rate = 0.0
        self.commercetools: Any = None
        self.fluent: Any = None


async def _first_page(pages: AsyncIterator[Page]) -> Page:
    """Return the next page of a sweep; where it yields none, it has come to its end."""
    async with aclosing(cast("Any", pages)) as sweep:
        async for page in sweep:
            return cast("Page", page)
    return _LAST


def _window(step: Step) -> Window:
    assert step.until is not None  # noqa: S101 - it was opened
    return Window(step.since, step.until)


def _told(page: Page) -> str:
    return f"{len(page.messages)} messages"
