"""`/actuator/jobs`, `/actuator/jobs/history`: what `jobs list` and `jobs history` say as JSON."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fluent_connect.jobs.job_handler import stamp
from fluent_connect.jobs.job_table import JobTable
from fluent_connect.journal.runs import (
    RunFilter,
    RunRow,
    last_runs_statement,
    runs_from_rows,
    runs_statement,
)
from fluent_connect.queues.store import Store, StoreError

_TIMES = ("at", "since", "until", "begun", "advanced", "ended")
_MOST = 1000


class Offered(msgspec.Struct, frozen=True):
    """A job for an account and retailer."""

    job: str
    account: str
    retailer: str
    description: str

    @property
    def name(self) -> str:
        """Return what it is called where its runs and schedules are kept."""
        return f"{self.account}/{self.retailer}/{self.job}"


def offered_jobs(jobs: JobTable, places: Sequence[tuple[str, str]]) -> Sequence[Offered]:
    """Return the jobs that there are for each (account, retailer)."""
    return [
        Offered(name, *each, _words(type(same[0].handler)))
        for each in places
        for name in jobs.names()
        for same in [[job for job in jobs if job.name == name]]
        if any(job.suits(*each) for job in same)
    ]


def told_jobs(
    jobs: Sequence[Offered], runs: Sequence[RunRow], due: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Return each job with how its last run went, and when it is due by itself."""
    last = {f"{each.account}/{each.retailer}/{each.job}": each for each in runs}
    return [_told(job, last.get(job.name), due.get(job.name)) for job in jobs]


def told_run(run: RunRow) -> dict[str, Any]:
    """Return a run with its window, messages, and how it ended."""
    fields: dict[str, Any] = msgspec.to_builtins(run)
    told = {
        name: _moment(value) if name in _TIMES and value is not None else value
        for name, value in fields.items()
        if not name.startswith("fate")
    }
    return {**told, "status": run.status, "state": run.state, "reason": run.why}


class JobPages:
    """Answers for the jobs of a service.

    due: returns when each job is due next, by its name.
    """

    def __init__(
        self,
        store: Store,
        jobs: Sequence[Offered],
        due: Callable[[], Awaitable[Mapping[str, float]]],
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._due = due

    def routes(self) -> Sequence[Route]:
        """Return the paths of the admin port."""
        return (
            Route("/actuator/jobs", self._list),
            Route("/actuator/jobs/history", self._history),
        )

    async def _list(self, _: Request) -> Response:
        try:
            runs = runs_from_rows(await self._store.read(last_runs_statement()))
            due = await self._due()
        except StoreError as error:
            return _away(error)
        return JSONResponse(told_jobs(self._jobs, runs, due))

    async def _history(self, request: Request) -> Response:
        """Answer with the newest runs; `job`, `account`, `retailer` and `limit` choose."""
        asked = request.query_params
        limit = asked.get("limit", "20")
        if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:5]) <= _MOST):
            return JSONResponse({"error": f"limit is a number from 1 to {_MOST}"}, 400)
        which = RunFilter(
            job=asked.get("job"),
            account=asked.get("account"),
            retailer=asked.get("retailer"),
            limit=int(limit),
        )
        try:
            runs = runs_from_rows(await self._store.read(runs_statement(which)))
        except StoreError as error:
            return _away(error)
        return JSONResponse([told_run(each) for each in runs])


def _told(job: Offered, run: RunRow | None, due: float | None) -> dict[str, Any]:
    return {
        "job": job.job,
        "account": f"{job.account}/{job.retailer}",
        "last": None if run is None else _moment(run.ended or run.at),
        "state": None if run is None else run.state,
        "next": None if due is None else _moment(due),
        "description": job.description,
    }


def _moment(seconds: float) -> str:
    return stamp(datetime.fromtimestamp(seconds, UTC))


def _away(error: StoreError) -> Response:
    return JSONResponse({"error": f"the store cannot be read now: {error}"}, 503)


def _words(handler: type) -> str:
    return (handler.__doc__ or "").strip().partition("\n")[0]
