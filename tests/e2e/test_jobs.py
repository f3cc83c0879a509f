"""Jobs in the running service, between the two sandboxes."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from e2e.harness import Books, Connector, Inside, configure, refs, until
from fluent_connect.app.playground import SECRET
from fluent_connect.app.scheduler_door import PREFIX
from fluent_connect.journal.runs import RunFilter, RunRow, runs_from_rows, runs_statement
from fluent_connect.model.fact import Paused
from fluent_connect.model.outcome import Outcome
from fluent_connect.queues.store import Write
from fluent_connect.sandbox.servers import Options, Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
JOB = "batch-product-catalogue-sync"
JOBS = {"jobs": [{"name": JOB, "trail": "0s"}], "api-keys": [SECRET]}
PRODUCTS = 230


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(Options(customers=2, orders=0)) as sandbox:
        yield sandbox


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configure(tmp_path / "config", **JOBS)


def runs(data: Path) -> list[RunRow]:
    return list(runs_from_rows(Books(data).rows(runs_statement(RunFilter()))))


async def add(url: str, job: str = JOB, *, key: str = SECRET, at: str = "SANDBOX/1") -> int:
    headers = {"x-api-key": key} if key else {}
    async with (
        aiohttp.ClientSession() as session,
        session.put(f"{url}{PREFIX}{at}/{job}", headers=headers) as answer,
    ):
        await answer.read()
        return answer.status


async def over(data: Path, number: int = 1) -> RunRow:
    """Wait until the run and all its messages have come to their end."""

    def ended() -> RunRow | None:
        found = [each for each in runs(data) if each.number == number and not each.open]
        waits = Books(data).ledger().jobs.keys() - {"done", "superseded", "skipped", "dead"}
        return found[0] if found and not waits else None

    run: RunRow = await until(ended, "the run did not end")
    return run


def products(sandbox: Sandbox) -> set[str]:
    return {
        f"P_{each.get('key') or each['id']}"
        for each in sandbox.commercetools.project.scan("product")
    }


def writes(sandbox: Sandbox) -> int:
    asked = sandbox.fluent.requests
    return sum(n for name, n in asked.items() if name.startswith(("create", "update", "remove")))


async def test_the_catalogue_is_synced_once_and_a_second_run_calls_fluent_not_at_all(
    sandbox: Sandbox, tmp_path: Path, folder: Path
) -> None:
    async with Inside(sandbox, tmp_path, folder=folder) as connector:
        assert await add(connector.url) == 202
        first = await over(tmp_path)
        assert first.state == "SUCCESSFUL"
        listing = sandbox.fluent.entities.listing
        assert refs(listing("standardProduct")) == products(sandbox)
        assert len(list(listing("category"))) == sandbox.commercetools.project.count("category")
        before = sandbox.fluent.requests.get("graphql", 0)
        assert await add(connector.url) == 202
        second = await over(tmp_path, 2)
        assert second.messages == first.messages, "the overlap has it all in the window again"
        assert sandbox.fluent.requests.get("graphql", 0) == before
        assert Books(tmp_path).ledger().closes


async def test_who_may_have_a_job_run_and_what_is_answered(
    sandbox: Sandbox, tmp_path: Path, folder: Path
) -> None:
    async with Inside(sandbox, tmp_path, folder=folder) as connector:
        paused = Paused("SANDBOX/*", 1.0, "me")
        await connector.service.store.commit(Write(Outcome(facts=(paused,))))
        await connector.service.pulse.look_at_pauses()
        url = connector.url
        assert await add(url, key="") == 401
        assert await add(url, key="wrong") == 401
        assert await add(url, "batch-unknown") == 404
        assert await add(url, at="OTHER/1") == 404
        assert await add(url, at="SANDBOX") == 404
        async with connector.session.post(
            f"{url}{PREFIX}SANDBOX/1/{JOB}", headers={"x-api-key": SECRET}
        ) as answer:
            assert (answer.status, answer.headers["allow"]) == (405, "PUT")
        assert await add(url) == 202
        assert await add(url) == 409
        (run,) = runs(tmp_path)
        assert run.state == "QUEUED"
        _, routes = await connector.get("/actuator/routes")
        active = {each["route"]: each["handler"] for each in routes["job"]["active"]}
        assert active[JOB] == JOB


async def test_without_api_keys_nobody_may(sandbox: Sandbox, tmp_path: Path) -> None:
    async with Inside(sandbox, tmp_path) as connector:
        assert await add(connector.url, key="") == 503


async def test_a_run_is_killed_again_and_again_and_ends_exact(
    sandbox: Sandbox, tmp_path: Path, environ: dict[str, str]
) -> None:
    quick = {"retry": {"waits": ", ".join(["100ms"] * 12)}}
    folder = configure(tmp_path / "config", **JOBS, **quick)
    sandbox.build("product", range(1000, 1000 + PRODUCTS))
    data = tmp_path / "data"
    seen = 0

    def further() -> bool:
        (run,) = runs(data)
        return run.step > seen or not run.open

    for kill in range(5):
        async with Connector(data, environ, config=folder) as connector:
            if kill == 0:
                assert await add(connector.url) == 202
            await until(further)
            seen = runs(data)[0].step
    async with Connector(data, environ, config=folder):
        run = await over(data)
    count = sandbox.commercetools.project.count
    assert run.messages == run.expected == count("product") + count("category")
    assert refs(sandbox.fluent.entities.listing("standardProduct")) == products(sandbox)
    assert Books(data).ledger().closes
    assert not Books(data).dead()
