"""`load`: go live with what there was before: customers, categories, products, orders."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from fluent_connect.app.cli import following, store
from fluent_connect.app.cli.configuration import loaded
from fluent_connect.app.cli.errors import OK, CliError
from fluent_connect.app.cli.framework import (
    AccountName,
    ConfigFolder,
    DataFolder,
    DryRun,
    Json,
    Profiles,
    RetailerName,
    Wait,
    Yes,
    application,
    command,
)
from fluent_connect.app.cli.jobs import put_run
from fluent_connect.app.cli.output import json_line, line, note
from fluent_connect.app.cli.prompts import agreed
from fluent_connect.app.cli.reading import since as read_since
from fluent_connect.app.clients import Clients
from fluent_connect.app.config.mistakes import did_you_mean
from fluent_connect.app.config.result import Config
from fluent_connect.app.load_plan import OrderPlanner, Plan
from fluent_connect.clients.accounts import Account, Accounts
from fluent_connect.clients.trace import Trace
from fluent_connect.handlers.settings import Settings
from fluent_connect.jobs.adding import Asked
from fluent_connect.jobs.job_handler import stamp
from fluent_connect.jobs.load import AS_TYPE, LOADS, WHERE, Load
from fluent_connect.jobs.step import at
from fluent_connect.model.errors import ConnectError
from fluent_connect.queues.store import Store

app = application()
_WORDS = {each.name.removeprefix("load-"): each for each in LOADS}
_RATE = 25.0


@command(
    app,
    "load",
    "load products --dry-run",
    "load orders --since 2026-01-01 --yes",
    "load orders --as-type HISTORY --where 'store(key=\"berlin\")'",
)
def load(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="customers, categories, products or orders.")
    ],
    *,
    since: Annotated[
        str | None, typer.Option("--since", help="Orders placed, others changed since: 90d, a day.")
    ] = None,
    where: Annotated[
        str | None, typer.Option("--where", help="A query predicate of commercetools.")
    ] = None,
    as_type: Annotated[
        str | None, typer.Option("--as-type", help="Orders that are over, as this inert type.")
    ] = None,
    rate: Annotated[
        float, typer.Option("--rate", min=0.0, help="Messages a second; 0 = no limit.")
    ] = _RATE,
    account: AccountName = None,
    retailer: RetailerName = None,
    wait: Wait = True,
    yes: Yes = False,
    dry_run: DryRun = False,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Load history through the handlers of live traffic and the same export gate.

    First the plan: how many, and how many orders would start fulfilment. Then, agreed to, the
    running service carries it out at `--rate`, live traffic first; it goes on where it was killed.
    """
    job = _job(what)
    found = loaded(config, profile, data)
    chosen = _account(found, account, retailer)
    _check_type(job, as_type, _settings(found, chosen))
    start = None if since is None else at(read_since(since))
    predicates = [*([where] if where else [])]
    predicates += [] if start is None else [f'{job.since} >= "{stamp(start)}"']
    plan = _planned(found, chosen, job, predicates, as_type)
    _show(plan, chosen, as_type, dry_run=dry_run, json=json)
    if dry_run:
        return OK
    if not yes:
        agreed(_question(plan, chosen))
    place = store.place_of(data, config, profile)
    if store.is_served(place) is False:
        following.refuse(place)
    props = {name: text for name, text in ((WHERE, where), (AS_TYPE, as_type)) if text}
    asked = Asked(
        job=job.name,
        account=chosen.name,
        retailer=chosen.retailer,
        cause="cli",
        since=start,
        props=props,
        rate=rate,
    )

    async def carry_out(opened: Store) -> int:
        run_id = await put_run(opened, asked)
        if not wait:
            if json:
                json_line({"id": run_id, "job": job.name, "state": "QUEUED"})
            else:
                line(f"{run_id}  {job.name} is queued: `fluent-connect jobs history`")
            return OK
        return await following.follow(opened, run_id, json=json)

    return store.ask(place, carry_out)


def _job(what: str) -> type[Load]:
    job = _WORDS.get(what)
    if job is None:
        do = did_you_mean(what, _WORDS, f"write one of {', '.join(_WORDS)}")
        raise CliError("CLI004", f"{what!r} cannot be loaded", do=do)
    return job


def _account(config: Config, account: str | None, retailer: str | None) -> Account:
    fits = [
        each
        for each in config.accounts
        if account in {None, each.name} and retailer in {None, each.retailer}
    ]
    if len(fits) == 1:
        return fits[0]
    there = ", ".join(f"{each.name}/{each.retailer}" for each in config.accounts)
    if fits:
        do = f"add --account and --retailer: {there}"
        raise CliError("CLI005", "there are several accounts", do=do)
    raise CliError("CLI014", "there is no such account", do=f"there are: {there}")


def _settings(config: Config, account: Account) -> Settings:
    return config.settings.get((account.name, account.retailer), Settings())


def _check_type(job: type[Load], as_type: str | None, settings: Settings) -> None:
    """Raise CliError for a type that might start fulfilment of what was shipped long ago."""
    if as_type is None:
        return
    if job.type_id != "order":
        raise CliError("CLI002", "--as-type is for orders", do="leave it away")
    if as_type not in settings.inert_order_types:
        raise CliError(
            "CLI031",
            f"the type {as_type} is not known to start no fulfilment",
            why=f"inert-order-types: {', '.join(settings.inert_order_types) or 'none'}",
            do=f"add {as_type} to `inert-order-types` once Fluent has no workflow ORDER::{as_type}"
            " that ships",
        )


def _planned(
    config: Config,
    account: Account,
    job: type[Load],
    where: Sequence[str],
    as_type: str | None,
) -> Plan:
    what = job.name.removeprefix("load-")

    async def ask() -> Plan:
        clients = Clients(config.accounts, config.http, config.error_table)
        try:
            commercetools, fluent = clients(account, Trace())
            if job.type_id != "order":
                return Plan(what=what, total=await commercetools.count(job.type_id, where=where))
            accounts = Accounts(config.accounts)
            settings = _settings(config, account)
            planner = OrderPlanner(accounts, account, settings, commercetools, fluent)
            return await planner.plan(where, as_type)
        finally:
            await clients.close()

    try:
        return asyncio.run(ask())
    except ConnectError as error:
        do = "see `fluent-connect doctor`; a wrong --where is told by commercetools above"
        raise CliError("CLI020", str(error), do=do) from error


def _show(plan: Plan, account: Account, as_type: str | None, *, dry_run: bool, json: bool) -> None:
    place = f"{account.name}/{account.retailer}"
    if json:
        if dry_run:
            json_line({"dry_run": True, "account": place, "as_type": as_type, **_fields(plan)})
        return
    say = line if dry_run else note
    say(f"{plan.total:,} {plan.what} of {account.commercetools.project_key} for {place}")
    if plan.what != "orders":
        return
    if as_type:
        say(f"  {plan.inert:,} orders would be created as {as_type}: they start no fulfilment")
    say(f"  {plan.starting:,} orders would start fulfilment")
    if plan.in_fluent:
        say(f"  {plan.in_fluent:,} are in Fluent already")
    if plan.elsewhere:
        say(f"  {plan.elsewhere:,} belong to other accounts")
    for why, number in plan.kept_back.items():
        say(f"  {number:,} kept back: {why}")


def _fields(plan: Plan) -> dict[str, object]:
    return {
        "what": plan.what,
        "total": plan.total,
        "would_start_fulfilment": plan.starting,
        "would_be_inert": plan.inert,
        "in_fluent": plan.in_fluent,
        "elsewhere": plan.elsewhere,
        "kept_back": plan.kept_back,
    }


def _question(plan: Plan, account: Account) -> str:
    place = f"{account.name}/{account.retailer}"
    if plan.starting:
        return f"load them into {place}, and start fulfilment of {plan.starting:,} orders?"
    return f"load {plan.total:,} {plan.what} into {place}?"
