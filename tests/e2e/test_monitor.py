"""The monitor and the sweep after an outage, in the running service."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from e2e.harness import Inside, configure, refs, until
from e2e.job_shop import add, over, runs
from fluent_connect.app.playground import SECRET
from fluent_connect.model.fact import Outage
from fluent_connect.model.outcome import Outcome
from fluent_connect.queues.store import Write
from fluent_connect.sandbox.servers import Options, Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
MONITOR = "event-failure-summary-monitor"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(Options(customers=2, orders=2)) as sandbox:
        yield sandbox


@pytest.fixture
async def hook() -> AsyncIterator[tuple[str, list[Any]]]:
    """A webhook that refuses once and then takes what it is told."""
    told: list[Any] = []
    answers = iter([503])

    async def take(request: web.Request) -> web.Response:
        told.append(await request.json())
        return web.Response(status=next(answers, 200))

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}/hook", told
    await runner.cleanup()


async def test_failed_events_reach_the_webhook_of_the_operators(
    sandbox: Sandbox, tmp_path: Path, hook: tuple[str, list[Any]]
) -> None:
    url, told = hook
    folder = configure(
        tmp_path / "config",
        **{"api-keys": [SECRET]},
        jobs=[{"name": MONITOR, "trail": "0s"}],
        notifications={"url": url, "token": "t"},
        retry={"waits": "100ms, 100ms, 100ms"},
    )
    sandbox.fluent.knobs.failing_events = {"BREAK": "FAILED"}
    event = {"retailerId": "1", "name": "BREAK", "entityType": "ORDER", "entityRef": "O-77"}
    sandbox.fluent.events._keep(event, "FAILED")
    sandbox.fluent.events._keep({**event, "name": "FINE"}, "COMPLETE")
    async with Inside(sandbox, tmp_path, folder=folder) as connector:
        assert await add(connector.url, MONITOR) == 202
        assert (await over(tmp_path)).state == "SUCCESSFUL"
        await until(lambda: len(told) == 2)
        assert await add(connector.url, MONITOR) == 202
        await over(tmp_path, 2)
    first, again = told[:2]
    assert first == again
    assert "1 orchestration events failed in Fluent (SANDBOX/1)" in first["text"]
    assert first["details"]["failed_events"]["ORDER BREAK"]["refs"] == ["O-77"]


async def test_after_an_outage_what_was_changed_meanwhile_is_swept_by_itself(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    async with Inside(sandbox, tmp_path) as connector:
        clock = connector.service.batch._sweeps._clock
        outage = Outage("subscription/sandbox/fluent-connect", clock() - 60, clock(), "Error")
        await connector.service.store.commit(Write(Outcome(facts=(outage,))))
        run = await over(tmp_path)
        assert (run.job, run.cause, run.state) == ("sweep-missed-changes", "outage", "SUCCESSFUL")
        assert len(refs(sandbox.fluent.entities.listing("customer"))) == 2
        assert len(refs(sandbox.fluent.entities.listing("standardProduct"))) == 20
        assert len(runs(tmp_path)) == 1
