"""`ledger`: what was accepted, what became of it, and whether that is all of it."""

import asyncio
import time
from typing import Annotated, Any

import typer

from fluent_connect.app.cli import reading, store
from fluent_connect.app.cli.errors import OK, PROBLEMS
from fluent_connect.app.cli.framework import (
    ConfigFolder,
    DataFolder,
    Json,
    Profiles,
    application,
    command,
)
from fluent_connect.app.cli.output import json_line, line, paint, stamp
from fluent_connect.journal.ledger import Ledger, ledger_statement, unaccounted_statement
from fluent_connect.queues.store import Store

app = application()
_NAMES = ("done", "skipped", "superseded", "dead", "waiting", "unaccounted")
_MOST = 20


@command(app, "ledger", "ledger", "ledger --json --data /srv/connect")
def ledger(
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Again and again, until Ctrl-C.")] = False,
    every: Annotated[str, typer.Option("--every", help="How often, with --watch.")] = "2s",
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Count what was accepted and what became of it, row by row. Exit 9 if anything is lost."""
    pause = reading.duration(every)
    place = store.place_of(data, config, profile)
    return asyncio.run(_count(place, pause if watch else None, json=json))


async def _count(place: store.Place, pause: float | None, *, json: bool) -> int:
    async with store.opened(place) as opened:
        while True:
            now = time.time()
            found = Ledger.from_rows(await opened.read(ledger_statement(now)))
            lost = [] if found.closes else await _lost(opened)
            if json:
                json_line({"at": stamp(now), **fields(found), "lost": lost})
            else:
                _show(found, lost)
            if pause is None:
                return OK if found.closes else PROBLEMS
            line("" if json else stamp(now))
            await asyncio.sleep(pause)


def fields(found: Ledger) -> dict[str, Any]:
    """Return the ledger as JSON tells it."""
    counts = {name: getattr(found, name) for name in ("accepted", *_NAMES, "repeats")}
    return {**counts, "by_state": found.by_state, "jobs": found.jobs, "closes": found.closes}


async def _lost(opened: Store) -> list[str]:
    return [str(row["id"]) for row in await opened.read(unaccounted_statement(_MOST))]


def _show(found: Ledger, lost: list[str]) -> None:
    line(f"{'accepted':<12}  {found.accepted:>11,}")
    for name in _NAMES:
        count = getattr(found, name)
        number = f"{count:>11,}"
        shown = paint(number, name) if count and name in {"dead", "unaccounted"} else number
        line(f"  {name:<11} {shown}")
        if name == "waiting":
            for state, waits in found.by_state.items():
                line(f"    {state:<10} {waits:>10,}")
    line(f"{'repeats':<12}  {found.repeats:>11,}   (accepted once already)")
    if found.jobs:
        line(f"messages of jobs: {', '.join(f'{n:,} {state}' for state, n in found.jobs.items())}")
    line("the ledger closes" if found.closes else "THE LEDGER DOES NOT CLOSE; unaccounted:")
    for id_ in lost:
        line(f"  {id_}")
