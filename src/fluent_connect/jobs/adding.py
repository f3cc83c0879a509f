"""Puts a run on the batch queue: one at a time for a job, account and retailer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from fluent_connect.jobs.step import Step, put
from fluent_connect.journal.runs import RunRow, last_run_statement, runs_from_rows
from fluent_connect.model.fact import Fact, RunAdded
from fluent_connect.model.ids import new_id
from fluent_connect.model.outcome import Guard, Outcome, Unseen
from fluent_connect.queues.store import Store, StoreError, Verdict, Write

Why = Literal["schedule", "api", "cli", "outage"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A run that somebody wants. `since`, `until`: this window, instead of the next one."""

    job: str
    account: str
    retailer: str
    cause: Why
    since: datetime | None = None
    until: datetime | None = None
    props: Mapping[str, str] = {}
    rate: float = 0.0


class Added(msgspec.Struct, frozen=True):
    """What came of it: the id of the new run, or the run that stands in its way."""

    run: str | None
    busy: RunRow | None = None


async def add(
    store: Store,
    asked: Asked,
    now: float,
    *,
    once: Sequence[str] = (),
    facts: Sequence[Fact] = (),
) -> Added:
    """Put a run on the batch queue, unless the job has one already that is queued or runs.

    `once`: keys under which it is put once for ever; `facts` are committed with it. Of several that
    ask at the same time, in whatever process, one succeeds.
    """
    last = await last_run(store, asked.job, asked.account, asked.retailer)
    if last is not None and last.open:
        return Added(None, last)
    step = _first(asked)
    number = 1 if last is None else last.number + 1
    place = f"{asked.account}/{asked.retailer}/{asked.job}"
    guards: list[Guard] = [Unseen(f"job/{place}/{number}"), *map(Unseen, once)]
    added = RunAdded(step.run, asked.job, asked.account, asked.retailer, number, asked.cause, now)
    outcome = Outcome(guards=guards, puts=(put(step),), facts=(added, *facts))
    (verdict,) = await store.commit(Write(outcome))
    if verdict is Verdict.APPLIED:
        return Added(step.run)
    if verdict is not Verdict.DUPLICATE:
        raise StoreError(f"the store refused the run: {verdict.value}")
    return Added(None, await last_run(store, asked.job, asked.account, asked.retailer))


async def last_run(store: Store, job: str, account: str, retailer: str) -> RunRow | None:
    """Return the newest run of a job; None if it never ran."""
    rows = await store.read(last_run_statement(job, account, retailer))
    return next(iter(runs_from_rows(rows)), None)


def _first(asked: Asked) -> Step:
    return Step(
        run=new_id(),
        job=asked.job,
        account=asked.account,
        retailer=asked.retailer,
        cause=asked.cause,
        since=asked.since,
        until=asked.until,
        given=asked.since is not None or asked.until is not None,
        props=asked.props,
        rate=asked.rate,
    )
