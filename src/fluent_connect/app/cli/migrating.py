"""`migrate`: which schema stands, bring it up to date, move a SQLite store to PostgreSQL."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from fluent_connect.app.cli import store
from fluent_connect.app.cli.errors import OK, PROBLEMS, CliError
from fluent_connect.app.cli.framework import (
    ConfigFolder,
    DataFolder,
    Json,
    Profiles,
    application,
    command,
)
from fluent_connect.app.cli.ledger import fields
from fluent_connect.app.cli.output import json_line, line, note
from fluent_connect.journal.ledger import Ledger, ledger_statement
from fluent_connect.journal.record import recorder
from fluent_connect.queues.address import shown
from fluent_connect.queues.moving import MOVED, Versions, move, versions
from fluent_connect.queues.store import Store

app = application()


@command(app, "status", "migrate status --config conf")
def status(
    *,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Tell which version of the schema stands, and which this program knows. Exit 9 if they differ.

    It changes nothing.
    """
    url = _url(store.place_of(data, config, profile))
    found = asyncio.run(versions(url, recorder()))
    _tell(url, found, json=json)
    return OK if all(standing == known for standing, known in found.values()) else PROBLEMS


@command(app, "up", "migrate up --config conf")
def up(
    *,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> None:
    """Bring the schema up to date, as the next start would; services may go on meanwhile.

    Steps only add, one process at a time makes them, and all of them or none.
    """
    url = _url(store.place_of(data, config, profile))

    async def opened() -> Versions:
        opened = await store.at(url)
        await opened.close()
        return await versions(url, recorder())

    _tell(url, asyncio.run(opened()), json=json)


@command(app, "from", "migrate from /srv/connect/connect.db --config conf")
def take_in(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The store of a stopped service.")],
    *,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> None:
    """Move all that a SQLite store holds into the database that the configuration names.

    All or nothing; a service may run on the database already. FILE is then called FILE.moved.
    """
    if not file.is_file():
        raise CliError("CLI006", "there is no store here", where=str(file.absolute()))
    url = _url(store.place_of(None, config, profile))

    async def moved() -> tuple[int, Ledger]:
        counts = await move(file, url, recorder())
        opened = await store.at(url)
        try:
            return counts.get("parcel", 0), await _counted(opened)
        finally:
            await opened.close()

    waiting, found = asyncio.run(moved())
    if json:
        json_line(
            {"file": str(file), "to": shown(url), "waiting": waiting, "ledger": fields(found)}
        )
        return
    line(f"moved {file} to {shown(url)}: {waiting:,} parcels wait or are dead")
    line(f"the ledger there: {found.accepted:,} accepted, {found.unaccounted:,} unaccounted")
    note(f"the file is kept as {file.name}{MOVED}: nothing reads it any more")


async def _counted(opened: Store) -> Ledger:
    return Ledger.from_rows(await opened.read(ledger_statement(time.time())))


def _url(place: store.Place) -> str:
    return store.url(place) if isinstance(place, Path) else place


def _tell(url: str, found: Versions, *, json: bool) -> None:
    for part, (standing, known) in sorted(found.items()):
        if json:
            json_line({"part": part, "standing": standing, "known": known})
            continue
        word = "up to date" if standing == known else "behind" if standing < known else "AHEAD"
        line(f"{part:<8} {standing} of {known}   {word}")
    if not json:
        note(shown(url))
