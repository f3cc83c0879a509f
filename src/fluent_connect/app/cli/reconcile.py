"""`reconcile`: hold both systems against each other, and mend what differs."""

from typing import Annotated

import typer

from fluent_connect.app.cli import reading
from fluent_connect.app.cli.errors import CliError
from fluent_connect.app.cli.framework import (
    AccountOrRetailer,
    ConfigFolder,
    DataFolder,
    DryRun,
    Json,
    Profiles,
    Yes,
    application,
    command,
)
from fluent_connect.app.cli.reconciling import TYPES, Reconciling
from fluent_connect.app.config.mistakes import did_you_mean

app = application()


@command(
    app,
    "reconcile",
    "reconcile products --since 24h",
    "reconcile orders --sample 500 --json",
    "reconcile orders --key 1234 --repair",
)
def reconcile(
    what: Annotated[str, typer.Argument(metavar="TYPE", help=f"{', '.join(TYPES)}.")],
    *,
    since: Annotated[
        str | None, typer.Option("--since", help="Changed since then: 24h, 2026-01-31.")
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option("--key", help="Only this number, key, SKU or id.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option("--sample", min=1, help="Only so many, by chance.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Of the sample.")] = None,
    account: AccountOrRetailer = None,
    settle: Annotated[
        str, typer.Option("--settle", help="What has changed since is not drift yet.")
    ] = "2m",
    repair: Annotated[
        bool, typer.Option("--repair", help="Put a message for each that differs, after a plan.")
    ] = False,
    rate: Annotated[float, typer.Option("--rate", min=0.1, help="Repairs a second.")] = 20.0,
    yes: Yes = False,
    dry_run: DryRun = False,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Compare what we would send with what Fluent holds: missing, stale, different, extra.

    Both systems are read page by page; nothing is written but, with --repair, messages to our own
    queue. What could not be read is unknown, never missing; what the gate keeps back is no drift.
    Exit 9: drift was found; 8: none, but some could not be read.
    """
    if what not in TYPES:
        do = did_you_mean(what, TYPES, f"write one of {', '.join(TYPES)}")
        raise CliError("CLI004", f"{what!r} cannot be reconciled", do=do)
    if key and sample:
        raise CliError("CLI002", "give --key or --sample, not both")
    return Reconciling(
        type_id=TYPES[what],
        since=None if since is None else reading.since(since),
        keys=tuple(key or ()),
        sample=sample,
        seed=seed,
        account=account,
        settle=reading.duration(settle),
        repair=repair,
        rate=rate,
        yes=yes,
        dry_run=dry_run,
        json=json,
        place=(config, tuple(profile or ()), data),
    ).run()
