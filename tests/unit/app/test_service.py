"""The service in this process: what it holds, what it says, how it ends."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2e.harness import Books, Inside, change, until
from fluent_connect.app.options import Options
from fluent_connect.model.errors import ConfigError
from fluent_connect.model.fact import Paused
from fluent_connect.model.outcome import Outcome
from fluent_connect.queues.store import Write
from fluent_connect.sandbox.servers import Options as SandboxOptions
from fluent_connect.sandbox.servers import Sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SandboxOptions(customers=1, orders=0)) as sandbox:
        yield sandbox


def test_flags_that_were_not_given_override_nothing() -> None:
    given = {key: value for key, value in Options(port=0).overrides().items() if value is not None}
    assert given == {"port": 0}


async def test_a_port_that_is_taken_leaves_the_store_to_others(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = Inside(sandbox, tmp_path, {"port": port})
        with pytest.raises(ConfigError, match=f"port {port}"):
            await refused.service.start()
        await refused.session.close()
    async with Inside(sandbox, tmp_path) as connector:
        assert await connector.post(change("cart", "x")) == 202


async def test_a_pause_that_stands_holds_from_the_first_moment(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    (customer,) = sandbox.commercetools.project.scan("customer")
    async with Inside(sandbox, tmp_path) as first:
        paused = Paused("SANDBOX/*", 1.0, "me")
        await first.service.store.commit(Write(Outcome(facts=(paused,))))
    async with Inside(sandbox, tmp_path) as again:
        assert again.service.pulse.stopped() == ("SANDBOX/*",)
        assert await again.post(change("customer", customer["id"])) == 202
        await until(lambda: Books(tmp_path).ledger().by_state.get("queued") == 1)
        assert not sandbox.fluent.entities.creations("customer")


async def test_a_consumer_that_ended_is_a_problem_with_a_name(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    async with Inside(sandbox, tmp_path) as connector:
        assert connector.service.problems() == []
        task = connector.service._running[0]
        task.cancel()
        await asyncio.wait([task])
        assert connector.service.problems() == ["stopped: the consumer of event-queue"]
        connector.service.draining = True
        assert connector.service.problems() == ["draining"]


async def test_what_starts_jobs_is_a_problem_by_name_once_it_has_ended(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    async with Inside(sandbox, tmp_path) as connector:
        (scheduler,) = [
            each for each in connector.service._background if each.get_name() == "Scheduler.run"
        ]
        scheduler.cancel()
        await asyncio.wait([scheduler])
        assert connector.service.problems() == ["stopped: Scheduler.run"]
