"""What tests of jobs in the running service share."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec
import pytest

from e2e.harness import Books, until
from fluent_connect.app.cli import main
from fluent_connect.app.playground import SECRET
from fluent_connect.app.scheduler_door import PREFIX
from fluent_connect.journal.runs import RunFilter, RunRow, runs_from_rows, runs_statement
from fluent_connect.sandbox.servers import Sandbox

JOB = "batch-product-catalogue-sync"
JOBS: Mapping[str, Any] = {"jobs": [{"name": JOB, "trail": "0s"}], "api-keys": [SECRET]}
_WAITS = {"done", "superseded", "skipped", "dead"}


def runs(data: Path) -> list[RunRow]:
    """Return all runs, the newest first."""
    return list(runs_from_rows(Books(data).rows(runs_statement(RunFilter()))))


async def add(
    url: str, job: str = JOB, *, key: str = SECRET, at: str = "SANDBOX/1", do: str = "add"
) -> int:
    """Ask the scheduler's endpoint for a run, or for its end; return the status."""
    headers = {"x-api-key": key} if key else {}
    async with (
        aiohttp.ClientSession() as session,
        session.put(f"{url}{PREFIX}{do}/{at}/{job}", headers=headers) as answer,
    ):
        await answer.read()
        return answer.status


async def over(data: Path, number: int = 1) -> RunRow:
    """Wait until the run and all messages of jobs have come to their end."""

    def ended() -> RunRow | None:
        found = [each for each in runs(data) if each.number == number and not each.open]
        return found[0] if found and not Books(data).ledger().jobs.keys() - _WAITS else None

    run: RunRow = await until(ended, "the run did not end")
    return run


def writes(sandbox: Sandbox) -> int:
    """Return how many mutations Fluent was sent."""
    asked = sandbox.fluent.requests
    return sum(n for name, n in asked.items() if name.startswith(("create", "update", "remove")))


class Ran(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> Any:
        """The only line of `--json`; the service in this process may have logged others."""
        (line,) = [each for each in self.out.splitlines() if each.startswith("{")]
        return msgspec.json.decode(line)


class Shell:
    """Runs commands of the command line beside the service, with the account of the sandbox."""

    def __init__(self, data: Path, config: Path, capture: pytest.CaptureFixture[str]) -> None:
        self._where = ("--data", str(data), "--config", str(config))
        self._capture = capture

    async def __call__(self, *words: str) -> Ran:
        self._capture.readouterr()
        code = await asyncio.to_thread(main, (*words, *self._where))
        told = self._capture.readouterr()
        ours = [each for each in told.out.splitlines() if " delivery " not in each]
        return Ran(code, "\n".join(ours), told.err)
