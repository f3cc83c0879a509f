"""The life of a service process: from its ready line to its end, whichever end that is."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from e2e.harness import Books, Connector, Inside, change, configure, told, until
from fluent_connect.sandbox.faults import Fault
from fluent_connect.sandbox.servers import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def command(data: Path, config: Path) -> list[str]:
    """Return the command line that anybody would use."""
    ports = ["--port", "0", "--admin-port", "0"]
    where = ["--data", str(data), "--config", str(config)]
    return [sys.executable, "-m", "fluent_connect", "run", *where, *ports]


@asynccontextmanager
async def load(connector: Connector) -> AsyncIterator[list[str]]:
    """Knock again and again; yield the ids that were taken in, as they come."""
    taken: list[str] = []
    going = True

    async def knock(worker: int) -> None:
        number = 0
        while going:
            number += 1
            id_ = f"load-{worker}-{number}"
            if await connector.post(change("product", id_)) == 202:
                taken.append(id_)
            else:
                await asyncio.sleep(0.02)

    knocking = [asyncio.create_task(knock(worker)) for worker in range(8)]
    try:
        yield taken
    finally:
        going = False
        await asyncio.gather(*knocking)


async def test_a_stop_under_load_loses_nothing_and_ends_with_0(
    environ: dict[str, str], quick: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    async with (
        Connector(data, environ, command=command(data, quick)) as connector,
        load(connector) as taken,
    ):
        await until(lambda: len(taken) > 50)
        asked = time.monotonic()
        connector.signal(signal.SIGTERM)
        await until(lambda: _is_draining(connector), "not ready at once")
        before = len(taken)
        await until(lambda: len(taken) > before, "nothing is accepted while draining")
        assert await connector.ended() == 0
        assert time.monotonic() - asked < 25
    async with Connector(data, environ, config=quick) as again:
        await again.settled(accepted=len(taken))
        resources = {event.resource for event in Books(data).events(limit=100_000)}
        assert set(taken) <= resources
        assert await again.stop() == 0


async def _is_draining(connector: Connector) -> bool:
    status, body = await connector.get("/readyz")
    return status == 503 and "draining" in body["problems"]


async def test_a_second_signal_ends_at_once_but_not_a_repeat_of_the_first(
    environ: dict[str, str], quick: Path, tmp_path: Path
) -> None:
    async with Connector(tmp_path / "data", environ, config=quick, drain=60.0) as connector:
        connector.signal(signal.SIGTERM)
        connector.signal(signal.SIGTERM)
        await until(lambda: _is_draining(connector))
        began = time.monotonic()
        await until(lambda: time.monotonic() - began > 0.6)
        assert await _is_draining(connector)
        connector.signal(signal.SIGTERM)
        assert await connector.ended(within=10) == -signal.SIGKILL


async def test_a_second_service_on_the_same_data_is_refused(
    environ: dict[str, str], quick: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    async with Connector(data, environ, config=quick) as first:
        second = Connector(data, environ, command=command(data, quick))
        assert await second.fails() == 7
        assert "another process serves" in second.text
        assert "Traceback" not in second.text
        assert (await first.get("/readyz"))[0] == 200


async def test_what_retried_and_what_was_parked_goes_on_after_a_kill(
    sandbox: Sandbox, environ: dict[str, str], quick: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    books = Books(data)
    order = next(sandbox.commercetools.project.scan("order"))
    sandbox.fluent.faults.add(
        Fault(kind="status", status=429, retry_after="1", operation="createStandardProduct")
    )
    async with Connector(data, environ, config=quick) as connector:
        assert await connector.post(told("OrderCreated", "order", order["id"])) == 202
        await until(lambda: {"parked", "retrying"} <= _states(books))
        connector.signal(signal.SIGKILL)
        assert await connector.ended() == -signal.SIGKILL
    assert books.ledger().unaccounted == 0
    sandbox.fluent.faults.clear()
    async with Connector(data, environ, config=quick) as again:
        ledger = await again.settled()
        assert ledger.done == 1, books.told()
        assert await again.stop() == 0
    assert len(sandbox.fluent.entities.creations("order")) == 1


def _states(books: Books) -> set[str]:
    """Return in which ways parcels of the Event Queue wait."""
    names = {0: "retrying", 3: "parked"}
    rows = books.parcels()
    return {names.get(row["state"], "") for row in rows if row["tries"] or row["parks"]}


async def test_the_admin_port_answers_in_the_known_shapes(sandbox: Sandbox, tmp_path: Path) -> None:
    async with Inside(sandbox, tmp_path) as connector:
        assert await connector.get("/livez") == (200, {"status": "ok"})
        assert await connector.get("/readyz") == (200, {"status": "ready", "problems": []})
        status, health = await connector.get("/actuator/health")
        assert (status, health["status"], health["ledger"]["unaccounted"]) == (200, "UP", 0)
        _, metrics = await connector.get("/metrics")
        assert "fluent_connect_unaccounted 0.0" in metrics
        _, routes = await connector.get("/actuator/routes")
        assert sorted(routes) == ["configuration", "job", "message", "notification"]
        assert all(sorted(kind) == ["active", "inactive"] for kind in routes.values())
        (route,) = [
            each
            for each in routes["message"]["active"]
            if each["route"] == "commercetools.connect.order.create"
        ]
        assert sorted(route) == sorted(
            ["route", "handler", "priority", "props", "className", "description"]
        )
        assert (route["handler"], route["priority"]) == ("OrderCreateHandler", 0)
        _, handlers = await connector.get("/actuator/handlers")
        assert handlers["message"]["active"] == routes["message"]["active"]


async def test_a_pause_holds_messages_but_not_intake_and_survives_a_restart(
    sandbox: Sandbox, environ: dict[str, str], quick: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    ids = [each["id"] for each in sandbox.commercetools.project.scan("customer")]
    async with Connector(data, environ, config=quick) as connector:
        await tell(data, "pause", "--account", "SANDBOX")
        await until(lambda: _paused(connector))
        assert await connector.stop() == 0
    async with Connector(data, environ, config=quick) as again:
        for id_ in ids:
            assert await again.post(change("customer", id_)) == 202
        await until(lambda: Books(data).ledger().by_state.get("queued") == len(ids))
        assert (await again.get("/readyz"))[0] == 200
        assert not sandbox.fluent.entities.creations("customer")
        await tell(data, "resume", "--account", "SANDBOX")
        await until(lambda: len(sandbox.fluent.entities.creations("customer")) == len(ids))
        assert await again.stop() == 0


async def _paused(connector: Connector) -> list[str]:
    _, health = await connector.get("/actuator/health")
    found: list[str] = health["paused"]
    return found


async def tell(data: Path, *words: str) -> str:
    """Run a command on the store of a folder; return what it says."""
    given = [sys.executable, "-m", "fluent_connect", *words, "--data", str(data)]
    process = await asyncio.create_subprocess_exec(*given, stdout=-1, stderr=-1)
    out, error = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, error.decode()
    return out.decode()


_FULL = {"disk.warn": "0.0000001", "disk.refuse": "0.000001"}


async def test_a_full_disk_is_answered_503_and_is_not_ready(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    async with Inside(sandbox, tmp_path, _FULL) as connector:
        url = connector.url + "/api/v1/fluent-connect/external-system/webhook"
        headers = {"x-api-key": "sandbox", "content-type": "application/json"}
        async with connector.session.post(url, data=b"{}", headers=headers) as answer:
            assert answer.status == 503
            assert int(answer.headers["retry-after"]) > 0
        status, body = await connector.get("/readyz")
        assert status == 503
        assert [each for each in body["problems"] if each.startswith("disk:")]
        assert not Books(tmp_path).ledger().accepted


async def test_an_outage_of_fluent_pauses_and_counts_no_try(
    sandbox: Sandbox, environ: dict[str, str], quick: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    books = Books(data)
    ids = [each["id"] for each in sandbox.commercetools.project.scan("customer")]
    sandbox.fluent.faults.add(Fault(kind="status", status=500))
    async with Connector(data, environ, config=quick) as connector:
        for number in range(30):
            assert await connector.post(_named(ids[number % len(ids)], number)) == 202
        await until(lambda: _is_broken(connector))
        before = max(row["tries"] for row in books.parcels())
        probes = _struck(sandbox)
        await until(lambda: _struck(sandbox) > probes, "no probe")
        assert max(row["tries"] for row in books.parcels()) <= before + 1
        sandbox.fluent.faults.clear()
        ledger = await connector.settled(accepted=30)
        assert ledger.dead == 0, books.told()
        assert await connector.stop() == 0
    assert len(sandbox.fluent.entities.creations("customer")) == len(ids)


def _struck(sandbox: Sandbox) -> int:
    return sum(tally.struck for tally in sandbox.fluent.faults)


def _named(id: str, number: int) -> dict[str, object]:
    """Return a Message of a customer that no other one is a repeat of."""
    return told("CustomerFirstNameSet", "customer", id, sequence=number + 1)


async def _is_broken(connector: Connector) -> bool:
    _, health = await connector.get("/actuator/health")
    return bool(health["breakers"]["SANDBOX/fluent"] != "closed")


async def test_a_wrong_password_is_an_outage_and_is_sent_three_times_at_most(
    sandbox: Sandbox, environ: dict[str, str], quick: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    wrong = {**environ, "FC_FLUENT_PASSWORD": "wrong"}
    ids = [each["id"] for each in sandbox.commercetools.project.scan("customer")]
    async with Connector(data, wrong, config=quick) as connector:
        for number in range(20):
            assert await connector.post(_named(ids[number % len(ids)], number)) == 202
        await until(lambda: "not again for now" in connector.text)
        assert sandbox.fluent.requests["token"] == 3
        assert Books(data).ledger().dead == 0
        assert await connector.stop() == 0
    async with Connector(data, environ, config=quick) as again:
        # What met the last refusal itself comes again when that is over, after ten minutes.
        await until(lambda: Books(data).ledger().waiting <= 3)
        assert Books(data).ledger().dead == 0
        assert await again.stop() == 0


_BLOCKER = '''
import time
from fluent_connect import Fetched, MessageHandler, Skip

class Blocker(MessageHandler):
    """Blocks the loop for one resource."""
    name = "Blocker"
    timeout = 0.5

    async def fetch(self, message, context):
        if message.resource.id == "poison":
            time.sleep(3600)
        raise Skip("harmless")

    def map(self, resource, message, context):
        return ()
'''


async def test_a_handler_that_blocks_the_loop_ends_the_process_and_is_dead_in_the_end(
    environ: dict[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "partner" / "com" / "fluentcommerce" / "connect" / "blocking"
    home.mkdir(parents=True)
    (home / "blocker.py").write_text(_BLOCKER)
    folder = configure(
        tmp_path / "config",
        paths=[str(tmp_path / "partner")],
        routes=[{"route": "commercetools.connect.customer.upsert", "handler-name": "Blocker"}],
        retry={"waits": "0.1s"},
    )
    data = tmp_path / "data"
    async with Connector(data, environ, config=folder) as connector:
        assert await connector.post(change("customer", "poison")) == 202
        assert await connector.ended(within=30) == 70
        assert "loop blocked" in connector.text
        assert "time.sleep(3600)" in connector.text
    assert await Connector(data, environ, config=folder).fails(within=30) == 70
    async with Connector(data, environ, config=folder) as connector:
        assert await connector.post(change("customer", "harmless")) == 202
        ledger = await connector.settled(accepted=2)
        assert (ledger.dead, ledger.skipped) == (1, 1)
        (dead,) = Books(data).dead()
        assert dead.reason == "gave up after 2 tries: the process ended while it ran"
        assert await connector.stop() == 0


async def test_a_thousand_idle_connections_keep_nobody_out(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    async with Inside(sandbox, tmp_path) as connector:
        host, port = "127.0.0.1", connector.service.server.port
        idle = [await asyncio.open_connection(host, port) for _ in range(1000)]
        try:
            assert await connector.post(change("cart", "x")) == 202
        finally:
            for _, writer in idle:
                writer.close()
            await asyncio.gather(*(writer.wait_closed() for _, writer in idle))
