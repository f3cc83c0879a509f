"""`jobs list | run | stop | history`: what sweeps many resources, now and by schedule."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from fluent_connect.app.cli import following, store
from fluent_connect.app.cli.errors import OK, CliError
from fluent_connect.app.cli.framework import (
    AccountName,
    ConfigFolder,
    DataFolder,
    Json,
    Limit,
    Profiles,
    RetailerName,
    Wait,
    Wide,
    command,
    group,
)
from fluent_connect.app.cli.offered import offered, props_of, the_one
from fluent_connect.app.cli.output import Column, ago, json_line, line, note, table
from fluent_connect.app.cli.reading import since as read_since
from fluent_connect.app.job_pages import Offered, told_jobs, told_run
from fluent_connect.jobs.adding import Asked, add
from fluent_connect.jobs.step import at
from fluent_connect.journal.runs import (
    RunFilter,
    RunRow,
    last_runs_statement,
    runs_from_rows,
    runs_statement,
)
from fluent_connect.model.fact import Audited, RunStopped
from fluent_connect.queues.store import Store

app = group(
    "Sweep many resources of commercetools: have jobs run, watch and stop them.",
    "jobs list",
    "jobs run batch-product-catalogue-sync",
)
Job = Annotated[str, typer.Argument(metavar="JOB", help="Name of the job.")]
MaybeJob = Annotated[str | None, typer.Argument(metavar="JOB", help="Only of this job.")]
_LISTED = (
    Column("JOB"),
    Column("ACCOUNT"),
    Column("LAST"),
    Column("STATE"),
    Column("NEXT"),
    Column("WHAT IT DOES", wide=True),
)
_HISTORY = (
    Column("RUN"),
    Column("JOB"),
    Column("ACCOUNT", wide=True),
    Column("AGE"),
    Column("STATE"),
    Column("MESSAGES"),
    Column("REASON", wide=True),
)


@command(app, "list", "jobs list", "jobs list --config conf --json")
def listing(
    *,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
    wide: Wide = False,
) -> int:
    """List the jobs of each account, how their last run went, and when they are due."""
    jobs = offered(config, profile, data)

    async def ask(opened: Store) -> tuple[Sequence[RunRow], Mapping[str, float]]:
        runs = runs_from_rows(await opened.read(last_runs_statement()))
        return runs, await jobs.due(opened)

    place = store.place_of(data, config, profile)
    there = not isinstance(place, Path) or place.is_file()
    runs, due = store.ask(place, ask) if there else ((), {})
    rows = told_jobs(jobs.all, runs, due)
    if json:
        for row in rows:
            json_line(row)
        return OK
    names = ("job", "account", "last", "state", "next", "description")
    table(_LISTED, [[str(row[name] or "-") for name in names] for row in rows], wide=wide)
    return OK


@command(
    app,
    "run",
    "jobs run batch-product-catalogue-sync",
    "jobs run batch-product-catalogue-sync --since 30d --prop again=true --no-wait",
)
def run(
    job: Job,
    *,
    account: AccountName = None,
    retailer: RetailerName = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Begin of the window: 2h, 2026-01-31, a time.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="End of the window.")] = None,
    prop: Annotated[
        list[str] | None, typer.Option("--prop", metavar="NAME=VALUE", help="For this run.")
    ] = None,
    rate: Annotated[float, typer.Option("--rate", min=0.0, help="Messages a second.")] = 0.0,
    wait: Wait = True,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Put a run of a job on the batch queue, and follow it. The running service carries it out.

    Without a window it is the next one. Exit 1 if it fails, 7 if one is queued or runs already.
    """
    told = (account, retailer) if account and retailer else None
    chosen = the_one(offered(config, profile, data, told), job, account, retailer)
    asked = Asked(
        job=job,
        account=chosen.account,
        retailer=chosen.retailer,
        cause="cli",
        since=None if since is None else at(read_since(since)),
        until=None if until is None else at(read_since(until)),
        props=props_of(prop or ()),
        rate=rate,
    )
    place = store.place_of(data, config, profile)
    served = store.is_served(place)
    if wait and served is False:
        following.refuse(place)

    async def put(opened: Store) -> int:
        run_id = await put_run(opened, asked)
        if not wait:
            return _queued(run_id, chosen, served=served, json=json)
        return await following.follow(opened, run_id, json=json)

    return store.ask(place, put)


async def put_run(opened: Store, asked: Asked) -> str:
    """Return the id of a run that was put. Raise CliError if one stands in its way."""
    now = time.time()
    place = f"{asked.job} {asked.account}/{asked.retailer}"
    audit = Audited(now, store.operator(), "job run", place)
    added = await add(opened, asked, now, facts=(audit,))
    if added.run is None:
        standing = added.busy
        state = standing.state.lower() if standing else "queued"
        do = f"wait for it, or end it: `fluent-connect jobs stop {asked.job}`"
        raise CliError("CLI030", f"{place} is {state} already", do=do)
    return added.run


def _queued(run_id: str, chosen: Offered, *, served: bool | None, json: bool) -> int:
    if json:
        json_line({"id": run_id, "job": chosen.job, "state": "QUEUED", "served": served})
    else:
        line(f"{run_id}  {chosen.job} is queued")
    if served is False:
        note("no service runs on this store: it begins with the next `fluent-connect run`")
    return OK


@command(app, "stop", "jobs stop batch-product-catalogue-sync", "jobs stop 0199a2b4…")
def stop(
    which: Annotated[str, typer.Argument(metavar="JOB|RUN", help="A job, or the id of a run.")],
    *,
    account: AccountName = None,
    retailer: RetailerName = None,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """End what runs of a job behind the page that it is at. What it has put stays; its window too.

    Exit 6 if nothing runs.
    """
    by = store.operator()

    async def end(opened: Store) -> Sequence[RunRow]:
        found = await _open_runs(opened, which, account, retailer)
        for each in found:
            told = f"{each.job} {each.account}/{each.retailer}"
            await store.write(opened, "job stop", told, RunStopped(each.id, by))
        return found

    found = store.ask(store.place_of(data, config, profile), end)
    if not found:
        do = "see `fluent-connect jobs history`"
        raise CliError("CLI007", f"nothing is queued or runs of {which!r}", do=do)
    for each in found:
        if json:
            json_line({"id": each.id, "job": each.job, "state": each.state, "stopping": True})
        else:
            line(f"{each.id}  {each.job} for {each.account}/{each.retailer} ends behind its page")
    return OK


@command(app, "history", "jobs history", "jobs history batch-product-catalogue-sync --limit 5")
def history(
    job: MaybeJob = None,
    *,
    account: AccountName = None,
    retailer: RetailerName = None,
    limit: Limit = 20,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
    wide: Wide = False,
) -> int:
    """Show the runs, the newest first: window, messages, how they ended."""
    which = RunFilter(job=job, account=account, retailer=retailer, limit=limit)

    async def ask(opened: Store) -> Sequence[RunRow]:
        return runs_from_rows(await opened.read(runs_statement(which)))

    runs = store.ask(store.place_of(data, config, profile), ask)
    if json:
        for each in runs:
            json_line(told_run(each))
        return OK
    table(_HISTORY, [_past(each) for each in runs], wide=wide)
    if not runs:
        note("no job has run yet: `fluent-connect jobs run JOB`")
    return OK


async def _open_runs(
    opened: Store, which: str, account: str | None, retailer: str | None
) -> Sequence[RunRow]:
    named = RunFilter(job=which, account=account, retailer=retailer, open=True)
    found = runs_from_rows(await opened.read(runs_statement(named)))
    by_id = RunFilter(id=which, open=True)
    return found or runs_from_rows(await opened.read(runs_statement(by_id)))


def _past(run: RunRow) -> list[str]:
    share = f"{run.messages:,}" if run.expected is None else f"{run.messages:,}/{run.expected:,}"
    where = f"{run.account}/{run.retailer}"
    return [run.id, run.job, where, ago(run.at), run.state, share, run.why]
