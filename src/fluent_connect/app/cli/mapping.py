"""`map try | replay`: what a mapping makes of a message, and how two of them differ."""

from pathlib import Path
from typing import Annotated

import typer

from fluent_connect.app.cli import reading
from fluent_connect.app.cli.framework import (
    ConfigFolder,
    DataFolder,
    Json,
    Limit,
    Profiles,
    Wide,
    command,
    group,
)
from fluent_connect.app.cli.mapping_replaying import Replay
from fluent_connect.app.cli.mapping_shown import Screen
from fluent_connect.app.cli.mapping_sources import Wanted
from fluent_connect.app.cli.mapping_trying import Trial
from fluent_connect.journal.messages import MessageFilter

app = group(
    "Try a mapping on a resource or a message; compare two versions. Nothing is ever sent.",
    "map try order.json",
    "map replay --since 2h --mapping conf-new",
)
Route = Annotated[
    str | None, typer.Option("--route", metavar="R", help="Name of a route, or the end of one.")
]
AccountOption = Annotated[
    str | None, typer.Option("--account", metavar="A", help="Account, or account/retailer.")
]
Unmasked = Annotated[
    bool, typer.Option("--unmasked", help="Personal data too; the audit notes who looked.")
]


@command(app, "try", "map try order.json", "map try 1234 --diff defaults")
def attempt(
    what: Annotated[
        str,
        typer.Argument(
            metavar="FILE|ID",
            help="A resource, notification or envelope; or any id of the journal.",
        ),
    ],
    *,
    route: Route = None,
    account: AccountOption = None,
    diff: Annotated[
        str | None,
        typer.Option("--diff", metavar="OLD", help="Compare with this folder, or `defaults`."),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask Fluent nothing: as if it held nothing.")
    ] = False,
    type_: Annotated[
        str | None, typer.Option("--type", help="typeId of a resource, if its fields do not tell.")
    ] = None,
    kind: Annotated[
        str, typer.Option("--kind", help="With a resource: the kind of its message.")
    ] = "ResourceUpdated",
    beside: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="FILE", help="Further resources, such as a payment."),
    ] = None,
    source: Annotated[bool, typer.Option("--source", help="Print the source whole, too.")] = False,
    unmasked: Unmasked = False,
    config: ConfigFolder = None,
    profile: Profiles = None,
    data: DataFolder = None,
    json: Json = False,
    wide: Wide = False,
) -> int:
    """Show what a message becomes, and for each field the rule that made it and what that read.

    Nothing is sent. A resource in a FILE is mapped as it stands there: commercetools is not asked.
    Exit 9: Fluent's schema would refuse it, or, with --diff, anything differs.
    """
    trial = Trial(
        what=what,
        wanted=Wanted(route=route, account=account, type_id=type_, kind=kind),
        screen=Screen(unmasked=unmasked, source=source, wide=wide),
        offline=offline,
        diff=diff,
        json=json,
        place=(config, tuple(profile or ()), data),
        beside=tuple(beside or ()),
    )
    return trial.run()


@command(
    app,
    "replay",
    "map replay --since 2h --mapping conf-new",
    "map replay --since 24h --route order.create --mapping mapping-new --json",
)
def replay(
    *,
    mapping: Annotated[
        str,
        typer.Option(
            "--mapping", metavar="NEW", help="A folder: a configuration, or mapping files alone."
        ),
    ],
    since: Annotated[
        str, typer.Option("--since", help="A duration (2h, 3d) or a time (2026-01-31T12:00:00Z).")
    ],
    until: Annotated[str | None, typer.Option("--until", help="As --since.")] = None,
    route: Route = None,
    account: AccountOption = None,
    limit: Limit = 1000,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask Fluent nothing: as if it held nothing.")
    ] = False,
    unmasked: Unmasked = False,
    config: ConfigFolder = None,
    profile: Profiles = None,
    data: DataFolder = None,
    json: Json = False,
    wide: Wide = False,
) -> int:
    """Map recorded messages by the running version and by a new one, and tell what differs.

    Nothing is sent. Each resource is read once, as it is now, and mapped by both.
    Exit 9: something differs; 8: nothing differs, but some resources could not be read.
    """
    which = MessageFilter(
        route=route,
        account=account,
        since=reading.since(since),
        until=None if until is None else reading.since(until),
        limit=limit,
    )
    return Replay(
        new=mapping,
        which=which,
        unmasked=unmasked,
        offline=offline,
        json=json,
        wide=wide,
        place=(config, tuple(profile or ()), data),
    ).run()
