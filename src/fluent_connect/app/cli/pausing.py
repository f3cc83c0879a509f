"""`pause` and `resume`: an operator stops writes, and lets them go on. Intake never stops."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from fluent_connect.app.cli import store
from fluent_connect.app.cli.errors import CliError
from fluent_connect.app.cli.framework import (
    ConfigFolder,
    DataFolder,
    DryRun,
    Json,
    Profiles,
    Yes,
    application,
    command,
)
from fluent_connect.app.cli.output import Column, ago, json_line, line, note, table, told
from fluent_connect.journal.overview import Pause, pauses_from_rows, pauses_statement
from fluent_connect.model.fact import Paused, Resumed
from fluent_connect.queues.store import Store

pause = application()
resume = application()

_ALL = "*"
Route = Annotated[str | None, typer.Option("--route", help="Messages of this route.")]
Account = Annotated[str | None, typer.Option("--account", help="Messages for this account.")]
Everything = Annotated[bool, typer.Option("--all", help="Everything.")]
_COLUMNS = (Column("PATTERN"), Column("AGE"), Column("BY"))


@command(pause, "pause", "pause --account ACME", "pause --route commercetools.connect.order.create")
def stop(
    *,
    route: Route = None,
    account: Account = None,
    every: Everything = False,
    listed: Annotated[bool, typer.Option("--list", help="Only list the pauses.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Even if no route is called so.")] = False,
    dry_run: DryRun = False,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> None:
    """Stop writes to Fluent and commercetools: of a route, of an account (or both), or all.

    What is accepted meanwhile waits. A pause outlives restarts.
    """
    path = store.place_of(data, config, profile)
    if listed:
        _show(store.ask(path, _standing), json=json)
        return
    pattern = _pattern(route, account, every=every)
    if route is not None and not yes:
        _check_route(route, config, profile)

    async def write(opened: Store) -> Sequence[Pause]:
        if not dry_run:
            fact = Paused(pattern, time.time(), store.operator())
            await store.write(opened, "pause", pattern, fact)
        return await _standing(opened)

    _told("pause", "paused", [pattern], store.ask(path, write), dry_run=dry_run, json=json)


@command(resume, "resume", "resume --account ACME", "resume --all")
def go_on(
    *,
    route: Route = None,
    account: Account = None,
    every: Everything = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> None:
    """Let writes go on: of a route, of an account (or both). --all ends every pause."""
    del yes  # nothing is asked; it is taken so that scripts can give it to any command
    pattern = _pattern(route, account, every=every)

    async def write(opened: Store) -> tuple[list[str], Sequence[Pause]]:
        standing = [one.pattern for one in await _standing(opened)]
        ended = standing if every else [one for one in standing if one == pattern]
        if not ended:
            there = ", ".join(standing) or "nothing is paused"
            raise CliError("CLI007", f"{pattern} is not paused", why=f"paused: {there}")
        if not dry_run:
            facts = [Resumed(one) for one in ended]
            await store.write(opened, "resume", ", ".join(ended), *facts)
        return ended, await _standing(opened)

    ended, left = store.ask(store.place_of(data, config, profile), write)
    _told("resume", "resumed", ended, left, dry_run=dry_run, json=json)


def _pattern(route: str | None, account: str | None, *, every: bool) -> str:
    """Return the pattern of groups (`account/route`) that the flags mean."""
    if every and (route or account):
        raise CliError("CLI002", "give --all, or --route and --account")
    if not (every or route or account):
        raise CliError("CLI005", "nothing is chosen", do="give --route, --account or --all")
    return _ALL if every else f"{account or _ALL}/{route or _ALL}"


def _check_route(route: str, config: Path | None, profiles: Sequence[str] | None) -> None:
    """Raise CliError if no route is called so: a pause of nothing would go unnoticed."""
    from fluent_connect.app.cli.configuration import examined  # noqa: PLC0415 - costs half a second
    from fluent_connect.app.config.mistakes import did_you_mean  # noqa: PLC0415 - as above

    known = [one.route for one in examined(config, profiles).config.routes]
    if route not in known:
        otherwise = "name its configuration with --config, or give --yes"
        do = did_you_mean(route, known, otherwise)
        raise CliError("CLI014", f"no route is called {route!r}", do=do)


async def _standing(opened: Store) -> Sequence[Pause]:
    return pauses_from_rows(await opened.read(pauses_statement()))


def _show(pauses: Sequence[Pause], *, json: bool) -> None:
    if json:
        for one in pauses:
            json_line(told(one))
        return
    table(_COLUMNS, [[one.pattern, ago(one.at), one.by] for one in pauses])
    if not pauses:
        note("nothing is paused")


def _told(
    verb: str,
    past: str,
    patterns: list[str],
    left: Sequence[Pause],
    *,
    dry_run: bool,
    json: bool,
) -> None:
    still = [one.pattern for one in left]
    if json:
        json_line({"verb": verb, "dry_run": dry_run, "patterns": patterns, "paused": still})
        return
    line(f"{f'would {verb}' if dry_run else past} {', '.join(patterns)}")
    note(f"paused now: {', '.join(still) or 'nothing'}")
