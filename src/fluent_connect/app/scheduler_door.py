"""`PUT .../scheduler/add/{account}/{retailer}/{job}`: whoever has an API key has a job run.

Or ends what runs of it, with `stop` instead of `add`.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any

import msgspec
import structlog

from fluent_connect.ingest.verify.api_key import ApiKey
from fluent_connect.ingest.verify.scheme import Knock
from fluent_connect.jobs.adding import Asked, add, last_run
from fluent_connect.jobs.job_table import JobTable
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.fact import Audited, RunStopped
from fluent_connect.model.outcome import Outcome
from fluent_connect.queues.store import Store, StoreError, Write

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Mapping[str, Any], Receive, Send], Awaitable[None]]

PREFIX = "/api/v1/fluent-connect/scheduler/"
_PARTS = 4
_Answer = tuple[int, Mapping[str, object]]


class SchedulerDoor:
    """An ASGI application: 202 once a run is on the batch queue; all else goes to `other`.

    accounts: (account, retailer) of those that there are. `accepting`: False while draining.
    """

    def __init__(
        self,
        other: App,
        store: Store,
        jobs: JobTable,
        accounts: Sequence[tuple[str, str]],
        keys: Sequence[str],
        *,
        accepting: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._other = other
        self._store = store
        self._jobs = jobs
        self._accounts = accounts
        self._key = ApiKey(keys) if keys else None
        self._accepting = accepting
        self._clock = clock
        self._log = structlog.get_logger("fluent_connect")

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer a request for a job; hand on any other."""
        if not scope["path"].startswith(PREFIX):
            await self._other(scope, receive, send)
            return
        try:
            status, told = await self._answer(scope)
        except StoreError as error:
            status, told = 503, {"error": f"the store cannot take it now: {error}"}
        except Exception:  # noqa: BLE001 - undecided is ours: asked to return, and logged
            self._log.exception("a request for a job could not be decided")
            status, told = 503, {"error": "could not be decided"}
        headers = [(b"content-type", b"application/json")]
        if status == 503:  # noqa: PLR2004
            headers.append((b"retry-after", b"10"))
        if status == 405:  # noqa: PLR2004
            headers.append((b"allow", b"PUT"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": msgspec.json.encode(told)})

    async def _answer(self, scope: Mapping[str, Any]) -> _Answer:
        """Return status and body. Nothing is told to whoever has no key."""
        if self._key is None:
            return 503, {"error": "no `api-keys` are configured: nobody may have a job run"}
        if not self._key.passes(Knock(dict(scope["headers"]), b"", b""), self._clock()):
            return 401, {"error": "the header x-api-key holds none of the configured keys"}
        if scope["method"] != "PUT":
            return 405, {"error": "jobs are added and stopped with PUT"}
        if not self._accepting():
            return 503, {"error": "the service is not accepting now"}
        return await self._done(scope["path"].removeprefix(PREFIX).split("/"))

    async def _done(self, parts: Sequence[str]) -> _Answer:
        """Do what the path asks for, if there is such a job."""
        do = {"add": self._added, "stop": self._stopped}.get(parts[0])
        if do is None or len(parts) != _PARTS or not all(parts):
            return 404, {"error": f"write {PREFIX}add/<account>/<retailer>/<job>, or stop/..."}
        _, account, retailer, job = parts
        if (account, retailer) not in self._accounts:
            return 404, {"error": f"there is no account {account} with retailer {retailer}"}
        try:
            self._jobs.find(job, account, retailer)
        except UnprocessableError as error:
            return 404, {"error": str(error)}
        return await do(account, retailer, job)

    async def _added(self, account: str, retailer: str, job: str) -> _Answer:
        asked = Asked(job=job, account=account, retailer=retailer, cause="api")
        added = await add(self._store, asked, self._clock())
        if added.run is not None:
            return 202, {"id": added.run, "job": job, "account": account, "retailer": retailer}
        standing = added.busy
        state = standing.state.lower() if standing else "queued"
        told = {"error": f"{job} is {state} already for {account}/{retailer}"}
        return 409, {**told, **({"id": standing.id} if standing else {})}

    async def _stopped(self, account: str, retailer: str, job: str) -> _Answer:
        """End a run behind the page that it is at: what it has put stays."""
        last = await last_run(self._store, job, account, retailer)
        if last is None or not last.open:
            return 409, {"error": f"nothing of {job} is queued or runs for {account}/{retailer}"}
        audit = Audited(self._clock(), "api", "job stop", f"{job} {account}/{retailer}")
        await self._store.commit(Write(Outcome(facts=(RunStopped(last.id, "api"), audit))))
        return 202, {"id": last.id, "job": job, "account": account, "retailer": retailer}
