"""`replay`: messages of the journal once more, as a plan first, then at a rate."""

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
from fluent_connect.app.cli.replaying import Going, Replaying
from fluent_connect.journal.messages import MessageFilter

app = application()
_ENDS = ("done", "skipped", "superseded", "dead")
_MOST = 100_000


@command(
    app,
    "replay",
    "replay --since 2h --route order.create --state skipped",
    "replay --resume 20270115-080000-000",
)
def replay(
    *,
    since: Annotated[
        str | None,
        typer.Option("--since", help="A duration (2h, 3d) or a time (2026-01-31T12:00:00Z)."),
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="As --since.")] = None,
    route: Annotated[
        str | None, typer.Option("--route", help="Name of a route, or the end of one.")
    ] = None,
    state: Annotated[
        list[str] | None, typer.Option("--state", help="done, skipped, superseded, dead.")
    ] = None,
    type_: Annotated[str | None, typer.Option("--type", help="commercetools' typeId.")] = None,
    account: AccountOrRetailer = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="At most so many, the newest.")
    ] = _MOST,
    rate: Annotated[float, typer.Option("--rate", min=0.1, help="Messages a second.")] = 20.0,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="RUN", help="Go on with this one.")
    ] = None,
    cancel: Annotated[
        str | None, typer.Option("--cancel", metavar="RUN", help="Have this one never go on.")
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Plan without asking who starts fulfilment.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Put messages of the journal on the Event Queue once more: the newest of each resource.

    First the plan: how many by route and state, orders that would start fulfilment, calls. What
    was chosen stays what is replayed. Ctrl-C stops it, --resume goes on. The same export gate and
    fences as for any message: what has been overtaken ends superseded.
    """
    going = Going(
        rate=rate,
        offline=offline,
        yes=yes,
        dry_run=dry_run,
        json=json,
        place=(config, tuple(profile or ()), data),
    )
    replaying = Replaying(going)
    if resume and cancel:
        raise CliError("CLI002", "give --resume or --cancel, not both")
    if cancel:
        return replaying.cancel(cancel)
    if resume:
        return replaying.resume(resume)
    if since is None:
        raise CliError("CLI005", "nothing was chosen", do="say since when: --since 2h")
    which = MessageFilter(
        route=route,
        account=account,
        type=type_,
        states=_ended(state),
        since=reading.since(since),
        until=None if until is None else reading.since(until),
        limit=limit,
    )
    return replaying.start(which)


def _ended(states: list[str] | None) -> tuple[str, ...]:
    """Return the ends that are meant; what has not ended runs by itself."""
    wanted = reading.states(states or ()) or _ENDS
    waiting = [each for each in wanted if each not in _ENDS]
    if waiting:
        do = f"choose among {', '.join(_ENDS)}"
        raise CliError("CLI004", f"{', '.join(waiting)}: it has not ended, so it runs yet", do=do)
    return wanted
