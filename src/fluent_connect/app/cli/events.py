"""`events list | show`: find notifications, and tell what became of one."""

import time
from typing import Annotated

import typer

from fluent_connect.app.cli import masking, reading, store
from fluent_connect.app.cli.errors import CliError
from fluent_connect.app.cli.framework import (
    AccountName,
    ConfigFolder,
    DataFolder,
    Json,
    Limit,
    Profiles,
    Wide,
    command,
    group,
)
from fluent_connect.app.cli.output import (
    Column,
    ago,
    json_line,
    line,
    note,
    table,
    told,
)
from fluent_connect.app.cli.story import masked, story
from fluent_connect.journal.gaps import STATES, Gap, gaps_from_rows, gaps_statement
from fluent_connect.journal.search import (
    EventFilter,
    EventRow,
    events_from_rows,
    events_statement,
)
from fluent_connect.journal.timeline import Step, timeline_from_rows, timeline_statement
from fluent_connect.queues.store import Store

app = group(
    "Find notifications; tell what became of one.",
    "events list --state dead --since '2h ago'",
    "events show 1234",
)
_COLUMNS = (
    Column("ID"),
    Column("AGE"),
    Column("STATE"),
    Column("RESOURCE", wide=True),
    Column("KIND", wide=True),
    Column("ROUTE", wide=True),
    Column("WHAT"),
)
_GAP_COLUMNS = (
    Column("AGE"),
    Column("STATE"),
    Column("RESOURCE"),
    Column("SEQUENCE"),
    Column("REVEALED BY", wide=True),
    Column("WHY"),
)
_TIME = "A time: '2h ago', 2026-01-31T12:00:00Z."


@command(app, "list", "events list --state dead,parked", "events list 1234 --since '2d ago' --json")
def listing(
    text: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="Any id, order number, customer number, SKU; exact."),
    ] = None,
    *,
    state: Annotated[
        list[str] | None, typer.Option("--state", help="States, or `waiting`; several with commas.")
    ] = None,
    route: Annotated[str | None, typer.Option("--route", help="Name of a route.")] = None,
    account: AccountName = None,
    type_: Annotated[
        str | None, typer.Option("--type", help="commercetools' typeId, such as order.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help=_TIME)] = None,
    until: Annotated[str | None, typer.Option("--until", help=_TIME)] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="A part of the reason.")] = None,
    after: Annotated[
        str | None, typer.Option("--after", help="Go on after this id (of the page before).")
    ] = None,
    limit: Limit = 50,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
    wide: Wide = False,
) -> None:
    """List what was accepted, newest first, and what became of it."""
    which = EventFilter(
        states=reading.states(state or ()),
        route=route,
        account=account,
        type=type_,
        since=None if since is None else reading.moment(since),
        until=None if until is None else reading.moment(until),
        text=text,
        reason=reason,
        after=after,
        limit=limit,
    )

    async def found(opened: Store) -> list[EventRow]:
        return list(events_from_rows(await opened.read(events_statement(which, time.time()))))

    rows = store.ask(store.place_of(data, config, profile), found)
    if json:
        for row in rows:
            json_line({**told(row), "reason": masking.text(row.reason)})
        return
    table(_COLUMNS, [_cells(row) for row in rows], wide=wide)
    if not rows:
        note("nothing was found")
    elif len(rows) == limit:
        note(f"more: --after {rows[-1].id}, or a larger --limit")


@command(app, "show", "events show 1234", "events show 01941f29 --json")
def show(
    text: Annotated[
        str, typer.Argument(metavar="ID", help="Any id, order number, customer number, SKU.")
    ],
    *,
    body: Annotated[
        bool, typer.Option("--body", help="The request as it came in, if it is kept.")
    ] = False,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Personal data too; the audit notes who looked.")
    ] = False,
    limit: Limit = 5,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> None:
    """Tell the story of a notification, a resource, an order: from the door to the last attempt.

    Personal data is masked.
    """

    async def found(opened: Store) -> tuple[list[Step], dict[str, str]]:
        rows = await opened.read(timeline_statement(text, time.time(), limit=limit))
        steps = list(timeline_from_rows(rows))
        if not steps:
            raise nothing(text)
        if unmasked:
            await store.write(opened, "events show --unmasked", text)
        units = dict.fromkeys(step.unit for step in steps) if body else {}
        kept = {unit: await opened.original(unit) for unit in units}
        return steps, {
            unit: masking.body(parcel.body, unmasked=unmasked) if parcel else "(not kept)"
            for unit, parcel in kept.items()
        }

    steps, bodies = store.ask(store.place_of(data, config, profile), found)
    if json:
        for step in steps:
            json_line(_masked(step, unmasked=unmasked))
        for unit, shown in bodies.items():
            json_line({"what": "body", "unit": unit, "body": shown})
        return
    for each in story(steps, unmasked=unmasked):
        line(each)
    for unit, shown in bodies.items():
        line(f"the request of {unit}:\n{shown}")


@command(app, "gaps", "events gaps", "events gaps --state missing,gone --since '2d ago' --json")
def gaps(
    *,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", help=f"Of {', '.join(STATES)}; several with commas."),
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help=_TIME)] = None,
    limit: Limit = 50,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
    wide: Wide = False,
) -> None:
    """List Messages that did not come, though later ones of their resource did; newest first.

    missing: it ought to have come. possible: not all Messages of its type are subscribed to.
    arrived: it came late. fetched: taken from commercetools. gone: commercetools has it no more.
    """
    from_ = 0.0 if since is None else reading.moment(since)
    wanted = gaps_statement(states=reading.words(state or (), STATES), since=from_, limit=limit)

    async def found(opened: Store) -> list[Gap]:
        return list(gaps_from_rows(await opened.read(wanted)))

    rows = store.ask(store.path_of(data, config, profile), found)
    if json:
        for row in rows:
            json_line(told(row))
        return
    table(_GAP_COLUMNS, [_gap_cells(row) for row in rows], wide=wide)
    if not rows:
        note("no message is missing")


def _gap_cells(gap: Gap) -> list[str]:
    about = f"{gap.type_id} {gap.resource}"
    what = f"{gap.unit} {gap.why}".strip()
    return [ago(gap.at), gap.state, about, str(gap.sequence), gap.revealed, what]


def nothing(text: str) -> CliError:
    """Return the error for an id that leads nowhere."""
    return CliError(
        "CLI007",
        f"nothing is known of {text!r}",
        why="ids, order numbers, customer numbers and SKUs are looked up as they are",
        do="look through `fluent-connect events list`, or check --data",
    )


def _cells(row: EventRow) -> list[str]:
    version = "" if row.version is None else f" v{row.version}"
    reason = f": {masking.text(row.reason)}" if row.reason else ""
    front = [row.id, ago(row.received_at), row.state, row.resource or "", row.kind or ""]
    return [*front, row.route or "", f"{row.type_id or 'not read yet'}{version}{reason}"]


def _masked(step: Step, *, unmasked: bool) -> dict[str, object]:
    fields = told(masked(step, unmasked=unmasked))
    fields["calls"] = masking.calls(step.calls, unmasked=unmasked)
    return fields
