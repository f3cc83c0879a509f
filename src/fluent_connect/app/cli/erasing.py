"""`erase customer ID`: what is stored of a person goes; ids and counts stay."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
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
    command,
    group,
)
from fluent_connect.app.cli.output import json_line, line, note
from fluent_connect.app.cli.prompts import agreed
from fluent_connect.journal.erasure import dead_of_statement, units_of_statement
from fluent_connect.model.fact import Dropped, Erased
from fluent_connect.queues.store import Store

app = group(
    "Clear what is stored of a customer.",
    "erase customer 3a52c7bd-2d1b-4c5e-9a0e-111111111111 --dry-run",
    "erase customer 3a52c7bd-2d1b-4c5e-9a0e-111111111111 --yes",
)
_KINDS = ("customer", "customer-number", "fluent")
_FLUENT = (
    "Fluent's copy is overwritten when commercetools tells of the deletion: delete the customer\n"
    "there with dataErasure=true. A backup made earlier holds the data still."
)


class Meant(msgspec.Struct, frozen=True):
    """What an erasure is about: pairs of kind and value, units, and the dead among them."""

    names: Sequence[tuple[str, str]]
    units: Sequence[str]
    dead: Sequence[str]


@command(app, "customer", "erase customer 3a52c7bd-2d1b-4c5e-9a0e-111111111111 --dry-run")
def customer(
    id: Annotated[
        str, typer.Argument(metavar="ID", help="Customer id in commercetools, or customer number.")
    ],
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> None:
    """Clear stored bodies, attempts and dead letters of a customer. It cannot be undone."""

    async def answer(opened: Store) -> Meant:
        meant = await _meant(opened, id)
        if not meant.units:
            do = "give the id of the customer, or the customer number"
            raise CliError("CLI007", f"nothing is stored of the customer {id!r}", do=do)
        if not dry_run:
            if not yes:
                agreed(f"erase what is stored of {id} ({_counted(meant)})?")
            erased = [Erased(kind, value) for kind, value in meant.names]
            dropped = [Dropped(tuple(meant.dead))] if meant.dead else []
            await store.write(opened, "erase customer", id, *dropped, *erased)
        return meant

    meant = store.ask(store.place_of(data, config, profile), answer)
    if json:
        told = {"customer": id, "dry_run": dry_run, "events": len(meant.units)}
        json_line({**told, "dead_dropped": len(meant.dead), "ids": meant.units})
        return
    line(f"{'would erase' if dry_run else 'erased'}: {_counted(meant)}")
    line("bodies, attempts and errors of these are cleared; ids, versions and states stay")
    note(_FLUENT)


async def _meant(opened: Store, id: str) -> Meant:
    """Return all that a customer's id leads to, under each name that it is known by."""
    names = [*((kind, id) for kind in _KINDS), ("resource", f"customer/{id}")]
    units: dict[str, None] = {}
    dead: dict[str, None] = {}
    for kind, value in names:
        rows = await opened.read(units_of_statement(kind, value))
        units.update(dict.fromkeys(str(row["unit"]) for row in rows))
        rows = await opened.read(dead_of_statement(kind, value))
        dead.update(dict.fromkeys(str(row["id"]) for row in rows))
    return Meant(names, list(units), list(dead))


def _counted(meant: Meant) -> str:
    return f"{len(meant.units):,} events, {len(meant.dead):,} dead letters among them"
