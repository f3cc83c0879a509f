"""Jobs in the running service, between the two sandboxes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2e.harness import Books, Connector, Inside, configure, refs, until
from e2e.job_shop import JOB, JOBS, Shell, add, over, runs
from fluent_connect.app.playground import SECRET, variables
from fluent_connect.app.scheduler_door import PREFIX
from fluent_connect.model.fact import Paused, Resumed
from fluent_connect.model.outcome import Outcome
from fluent_connect.queues.store import Write
from fluent_connect.sandbox.servers import Options, Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
PRODUCTS = 230


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(Options(customers=2, orders=0)) as sandbox:
        yield sandbox


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configure(tmp_path / "config", **JOBS)


def products(sandbox: Sandbox) -> set[str]:
    return {
        f"P_{each.get('key') or each['id']}"
        for each in sandbox.commercetools.project.scan("product")
    }


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
            f"{url}{PREFIX}add/SANDBOX/1/{JOB}", headers={"x-api-key": SECRET}
        ) as answer:
            assert (answer.status, answer.headers["allow"]) == (405, "PUT")
        assert await add(url) == 202
        assert await add(url) == 409
        (run,) = runs(tmp_path)
        assert run.state == "QUEUED"
        _, routes = await connector.get("/actuator/routes")
        active = {each["route"]: each["handler"] for each in routes["job"]["active"]}
        assert active[JOB] == JOB


async def test_jobs_are_listed_remembered_and_stopped_over_http(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    jobs = [{"name": JOB, "trail": "0s", "cron": "0 2 * * *", "time-zone": "Europe/Berlin"}]
    folder = configure(tmp_path / "config", **{**JOBS, "jobs": jobs})
    async with Inside(sandbox, tmp_path, folder=folder) as connector:
        url = connector.url
        assert await add(url, do="stop") == 409, "nothing runs"
        paused = Paused("SANDBOX/*", 1.0, "me")
        await connector.service.store.commit(Write(Outcome(facts=(paused,))))
        await connector.service.pulse.look_at_pauses()
        assert await add(url) == 202
        _, listed = await connector.get("/actuator/jobs")
        (ours,) = [each for each in listed if each["job"] == JOB]
        assert (ours["account"], ours["state"]) == ("SANDBOX/1", "QUEUED")
        assert ours["next"].endswith("00:00.000Z")
        assert await add(url, key="wrong", do="stop") == 401
        assert await add(url, "batch-unknown", do="stop") == 404
        assert await add(url, do="pause") == 404
        assert await add(url, do="stop") == 202
        resumed = Resumed("SANDBOX/*")
        await connector.service.store.commit(Write(Outcome(facts=(resumed,))))
        await connector.service.pulse.look_at_pauses()
        run = await over(tmp_path)
        assert run.state == "STOPPED"
        _, history = await connector.get(f"/actuator/jobs/history?job={JOB}&limit=5")
        assert [(each["id"], each["state"]) for each in history] == [(run.id, "STOPPED")]
        assert await connector.get("/actuator/jobs/history?job=other") == (200, [])
        status, told = await connector.get("/actuator/jobs/history?limit=0")
        assert (status, told["error"]) == (400, "limit is a number from 1 to 1000")


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


async def test_jobs_are_run_followed_listed_and_stopped_from_the_command_line(
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables(sandbox).items():
        monkeypatch.setenv(name, value)
    jobs = [{"name": JOB, "trail": "0s", "cron": "0 2 * * *", "time-zone": "Europe/Berlin"}]
    folder = configure(tmp_path / "config", jobs=jobs)
    shell = Shell(tmp_path, folder, capsys)
    nobody = await shell("jobs", "run", JOB)
    assert (nobody.code, "no service runs" in nobody.err) == (5, True)
    async with Inside(sandbox, tmp_path, folder=folder) as connector:
        done = await shell("jobs", "run", JOB, "--json")
        assert (done.code, done.told["state"], done.told["status"]) == (
            0,
            "SUCCESSFUL",
            "SUCCESSFUL",
        )
        assert done.told["messages"] == sum(done.told["ended_as"].values())
        listed = await shell("jobs", "list")
        assert JOB in listed.out
        assert "SUCCESSFUL" in listed.out
        paused = Paused("SANDBOX/*", 1.0, "me")
        await connector.service.store.commit(Write(Outcome(facts=(paused,))))
        await connector.service.pulse.look_at_pauses()
        queued = await shell("jobs", "run", JOB, "--no-wait", "--json")
        assert (queued.code, queued.told["state"]) == (0, "QUEUED")
        busy = await shell("jobs", "run", JOB)
        assert (busy.code, "CLI030" in busy.err) == (7, True)
        stopped = await shell("jobs", "stop", JOB, "--json")
        assert stopped.told["id"] == queued.told["id"]
        await connector.service.store.commit(Write(Outcome(facts=(Resumed("SANDBOX/*"),))))
        assert (await over(tmp_path, 2)).state == "STOPPED"
        assert (await shell("jobs", "stop", JOB)).code == 6
        history = await shell("jobs", "history", JOB)
        assert [line.split()[0] for line in history.out.splitlines()[1:]] == [
            each.id for each in runs(tmp_path)
        ]
        assert (await shell("jobs", "run", "batch-produkt-catalogue-sync")).code == 6
        assert (await shell("jobs", "run", JOB, "--prop", "again")).code == 2


async def test_a_scheduled_reconcile_shows_drift_as_a_metric_and_mends_it(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    again = {"all": "true", "types": "category,customer", "repair": "true", "settle": "0"}
    jobs = [{"name": "reconcile", "props": again}, {"name": JOB, "trail": "0s"}]
    folder = configure(tmp_path / "config", **{**JOBS, "jobs": jobs})
    async with Inside(sandbox, tmp_path, folder=folder) as connector:
        assert await add(connector.url) == 202
        assert (await over(tmp_path)).state == "SUCCESSFUL"
        held = next(iter(sandbox.fluent.entities.listing("category")))
        sandbox.fluent.entities.save({**held, "name": "Edited in Fluent"})
        assert await add(connector.url, job="reconcile") == 202
        (run,) = await until(
            lambda: [each for each in runs(tmp_path) if each.job == "reconcile" and not each.open]
        )
        assert run.state == "SUCCESSFUL", run
        _, metrics = await connector.get("/metrics")
        label = 'account="SANDBOX/1",class="%s",type="%s"'
        gauge = "fluent_connect_reconcile_resources{%s}"
        assert gauge % (label % ("different", "category")) + " 1.0" in metrics
        # The customers were never told of.
        assert gauge % (label % ("missing", "customer")) + " 2.0" in metrics

        def mended() -> bool:
            found = sandbox.fluent.entities.find("category", str(held["ref"]))
            return found is not None and found["name"] == held["name"]

        await until(mended)
        await until(lambda: len(list(sandbox.fluent.entities.listing("customer"))) == 2)
        assert Books(tmp_path).ledger().closes
