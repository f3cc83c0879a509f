"""`dead list | show | retry | drop`: what an operator has to decide about."""

from typing import Annotated

import typer

from fluent_connect.app.cli import masking, store
from fluent_connect.app.cli.choosing import (
    Every,
    Ids,
    Queue,
    Reason,
    Route,
    Type,
    carry_out,
    chosen,
    which_dead,
)
from fluent_connect.app.cli.errors import CliError
from fluent_connect.app.cli.framework import (
    AccountName,
    ConfigFolder,
    DataFolder,
    DryRun,
    Json,
    Limit,
    Profiles,
    Wide,
    Yes,
    command,
    group,
)
from fluent_connect.app.cli.output import (
    Column,
    ago,
    json_line,
    line,
    note,
    pairs,
    table,
    told,
)
from fluent_connect.journal.dead import (
    DeadGroup,
    DeadRow,
    dead_from_rows,
    dead_groups_from_rows,
    dead_groups_statement,
    dead_one_statement,
    dead_statement,
)
from fluent_connect.model.fact import Dropped, Revived
from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.store import Store

app = group(
    "Look at dead letters; retry or drop them.",
    "dead list --group",
    "dead retry --route commercetools.connect.order.create",
)
_COLUMNS = (
    Column("ID"),
    Column("AGE"),
    Column("RESOURCE", wide=True),
    Column("ROUTE", wide=True),
    Column("REASON"),
)
_GROUPED = (Column("COUNT"), Column("EXAMPLE"), Column("ROUTE", wide=True), Column("REASON"))


@command(app, "list", "dead list --group", "dead list --type order --json")
def listing(
    *,
    route: Route = None,
    account: AccountName = None,
    type_: Type = None,
    reason: Reason = None,
    queue: Queue = None,
    after: Annotated[
        str | None, typer.Option("--after", help="Go on after this id (of the page before).")
    ] = None,
    grouped: Annotated[
        bool, typer.Option("--group", help="One line for each reason and route.")
    ] = False,
    limit: Limit = 50,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
    wide: Wide = False,
) -> None:
    """List dead letters, newest first."""
    which = which_dead(route, account, type_, reason, queue, after=after, limit=limit)

    async def letters(opened: Store) -> list[DeadRow]:
        return list(dead_from_rows(await opened.read(dead_statement(which))))

    async def groups(opened: Store) -> list[DeadGroup]:
        return list(dead_groups_from_rows(await opened.read(dead_groups_statement())))

    path = store.place_of(data, config, profile)
    if grouped:
        _show_groups(store.ask(path, groups), json=json, wide=wide)
        return
    rows = store.ask(path, letters)
    if json:
        for row in rows:
            json_line(_masked(row, unmasked=False))
        return
    table(_COLUMNS, [_cells(row) for row in rows], wide=wide)
    if len(rows) == limit:
        note(f"more: --after {rows[-1].id}, or a larger --limit")
    elif not rows:
        note("no dead letters")


@command(app, "show", "dead show 01941f297c0023c1a1b2c3d4e5f60718.0")
def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of a dead letter.")],
    *,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Personal data too; the audit notes who looked.")
    ] = False,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> None:
    """Show one dead letter: why it died, and the request that it came from."""

    async def found(opened: Store) -> tuple[DeadRow, Parcel | None]:
        rows = dead_from_rows(await opened.read(dead_one_statement(id)))
        if not rows:
            raise not_dead(id)
        if unmasked:
            await store.write(opened, "dead show --unmasked", id)
        return rows[0], await opened.original(rows[0].original)

    row, parcel = store.ask(store.place_of(data, config, profile), found)
    shown = masking.body(parcel.body, unmasked=unmasked) if parcel else "(not kept)"
    fields = _masked(row, unmasked=unmasked)
    if json:
        json_line({**fields, "body": shown})
        return
    error = str(fields.pop("error"))
    pairs({name: value for name, value in fields.items() if value is not None})
    line(f"\n{error.rstrip()}\n" if error else "")
    line(f"the request:\n{shown}")
    note(f"its attempts: fluent-connect events show {row.id}")


@command(app, "retry", "dead retry 01941f29….0", "dead retry --reason 'no account' --yes")
def retry(
    ids: Ids = None,
    *,
    route: Route = None,
    account: AccountName = None,
    type_: Type = None,
    reason: Reason = None,
    queue: Queue = None,
    every: Every = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most so many, the newest.")
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Give dead letters all their tries back. Counted first, and asked for unless ids are given."""
    which = which_dead(route, account, type_, reason, queue, limit=limit)

    async def answer(opened: Store) -> int:
        found = await chosen(opened, ids or (), which, every=every)
        found.ask("retry", yes=yes or bool(ids), dry_run=dry_run)
        return await carry_out(opened, "retry", found, Revived, dry_run=dry_run, json=json)

    return store.ask(store.place_of(data, config, profile), answer)


@command(app, "drop", "dead drop 01941f29….0", "dead drop --type inventory-entry --yes")
def drop(
    ids: Ids = None,
    *,
    route: Route = None,
    account: AccountName = None,
    type_: Type = None,
    reason: Reason = None,
    queue: Queue = None,
    every: Every = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most so many, the newest.")
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Give dead letters up: they end skipped, and are gone. Their number is to be typed.

    --yes instead needs ids or a filter.
    """
    which = which_dead(route, account, type_, reason, queue, limit=limit)

    async def answer(opened: Store) -> int:
        found = await chosen(opened, ids or (), which, every=every)
        found.type_number("drop", yes=yes, dry_run=dry_run)
        return await carry_out(opened, "drop", found, Dropped, dry_run=dry_run, json=json)

    return store.ask(store.place_of(data, config, profile), answer)


def not_dead(id: str) -> CliError:
    """Return the error for an id that is no dead letter's."""
    return CliError(
        "CLI007", f"no dead letter has the id {id!r}", do="see `fluent-connect dead list`"
    )


def _show_groups(groups: list[DeadGroup], *, json: bool, wide: bool) -> None:
    if json:
        for group_ in groups:
            json_line({**told(group_), "reason": masking.text(group_.reason)})
        return
    rows = [
        [str(each.count), each.example, each.route or "", masking.text(each.reason)]
        for each in groups
    ]
    table(_GROUPED, rows, wide=wide)


def _cells(row: DeadRow) -> list[str]:
    died = ago(row.died_at if row.died_at is not None else row.put_at)
    return [row.id, died, row.resource or "", row.route or "", masking.text(row.reason)]


def _masked(row: DeadRow, *, unmasked: bool) -> dict[str, object]:
    fields: dict[str, object] = told(row)
    fields["reason"] = masking.text(row.reason, unmasked=unmasked)
    fields["error"] = masking.text(row.error, unmasked=unmasked)
    return fields
