"""Follows a run to its end: a progress bar for whoever looks on, and what it came to."""

import asyncio
import sys
import time
from collections.abc import Mapping
from typing import Any, NoReturn, Self

from fluent_connect.app.cli.errors import FAILED, OK, PARTLY, CliError
from fluent_connect.app.cli.output import json_line, line, note
from fluent_connect.app.cli.store import Place
from fluent_connect.app.job_pages import told_run
from fluent_connect.journal.runs import (
    RunFilter,
    RunRow,
    progress_statement,
    runs_from_rows,
    runs_statement,
)
from fluent_connect.queues.store import Store

_EVERY = 0.5
_SAID_EVERY = 10.0


async def follow(opened: Store, run_id: str, *, json: bool) -> int:
    """Return the exit code once the run and all its messages have come to their end.

    Whoever stops looking stops nothing: the service carries it on.
    """
    shown = _bar() if sys.stderr.isatty() else _Said()
    try:
        with shown as told:
            while True:
                run, states = await looked_at(opened, run_id)
                told.show(run, states)
                if not run.open and not states.get("waiting"):
                    break
                await asyncio.sleep(_EVERY)
    except (asyncio.CancelledError, KeyboardInterrupt):
        note(f"it goes on without us: `fluent-connect jobs history`, `jobs stop {run_id}`")
        raise
    return _ended(run, states, json=json)


async def looked_at(opened: Store, run_id: str) -> tuple[RunRow, Mapping[str, int]]:
    """Return a run as it stands, and how many of its messages are in which state."""
    rows = runs_from_rows(await opened.read(runs_statement(RunFilter(id=run_id))))
    if not rows:
        raise CliError("CLI007", f"no run has the id {run_id}")
    counted = await opened.read(progress_statement(run_id))
    return rows[0], {str(each["state"]): int(str(each["n"])) for each in counted}


def refuse(place: Place) -> NoReturn:
    """Raise CliError: nobody would carry it out."""
    raise CliError(
        "CLI011",
        "no service runs on this store",
        where=str(place),
        why="the running service carries jobs out; this command only puts them and looks on",
        do="start it with `fluent-connect run` on the same store, then give the command again",
    )


def _ended(run: RunRow, states: Mapping[str, int], *, json: bool) -> int:
    if json:
        json_line({**told_run(run), "ended_as": states})
    else:
        came = ", ".join(f"{number:,} {state}" for state, number in sorted(states.items()))
        why = f": {run.why}" if run.why else ""
        line(f"{run.job} {run.state}{why}; {run.messages:,} messages: {came or 'none'}")
    if run.state != "SUCCESSFUL":
        return FAILED
    return PARTLY if states.get("dead") else OK


class _Said:
    """Says now and then how far it is, where nobody sees a bar."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind."""

    def show(self, run: RunRow, states: Mapping[str, int]) -> None:
        """Say it, if it was long ago."""
        if time.monotonic() - self._last < _SAID_EVERY:
            return
        self._last = time.monotonic()
        total = f" of {run.expected:,}" if run.expected else ""
        done = sum(states.values()) - states.get("waiting", 0)
        note(f"{run.job} {run.state}: {done:,}{total} done, {states.get('waiting', 0):,} wait")


def _bar() -> Any:
    from rich.console import Console  # noqa: PLC0415 - only where somebody looks
    from rich.progress import (  # noqa: PLC0415 - as above
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    class Bar(Progress):
        """A bar of the messages that have come to their end."""

        def show(self, run: RunRow, states: Mapping[str, int]) -> None:
            if not self.tasks:
                self.add_task(run.job, total=None)
            done = sum(states.values()) - states.get("waiting", 0)
            total = max(run.expected or 0, run.messages) or None
            told = f"{run.job} {run.state.lower()}"
            if states.get("dead"):
                told += f", {states['dead']:,} dead"
            self.update(self.tasks[0].id, completed=done, total=total, description=told)

    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
