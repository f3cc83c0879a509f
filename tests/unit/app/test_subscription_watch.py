"""A Subscription that stops being healthy is told of at once, and its window is kept."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from contracts.scene import Clock
from e2e.harness import Inside, change, until
from fluent_connect.app.subscription_watch import SubscriptionWatch
from fluent_connect.app.telemetry import Telemetry
from fluent_connect.journal.outages import open_outages_from_rows, outages_statement
from fluent_connect.journal.record import recorder
from fluent_connect.model.errors import ConnectError, UnreachableError
from fluent_connect.model.fact import Outage
from fluent_connect.queues.engines.sqlite import SqliteStore
from fluent_connect.queues.store import Store
from fluent_connect.sandbox.faults import Fault
from fluent_connect.sandbox.servers import Options, Sandbox

OF = "subscription/shop/fluent-connect"


class Api:
    """Answers with a status, or not at all."""

    def __init__(self) -> None:
        self.status: str | None = "Healthy"
        self.error: ConnectError | None = None
        self.others: Mapping[str, str | ConnectError | None] = {}

    async def __call__(self) -> Mapping[str, str | ConnectError | None]:
        return {**self.others, "shop": self.error or self.status}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await SqliteStore.open(tmp_path / "connect.db", recorder())
    yield store
    await store.close()


async def outages(store: Store) -> list[Outage]:
    return list(open_outages_from_rows(await store.read(outages_statement())))


async def test_an_outage_begins_when_all_was_last_well_and_ends_when_it_is_again(
    store: Store,
) -> None:
    api, clock, telemetry = Api(), Clock(1000.0), Telemetry()
    watch = SubscriptionWatch(store, telemetry, api, key="fluent-connect", clock=clock)
    await watch.look()
    assert watch.problems() == []
    clock.advance(30)
    api.status = "ConfigurationError"
    with capture_logs() as logs:
        await watch.look()
        clock.advance(30)
        await watch.look()
    assert [line["event"] for line in logs] == ["subscription not healthy"]
    assert watch.problems() == [f"{OF}: ConfigurationError"]
    assert b'subscription_healthy{project="shop"} 0.0' in generate_latest(telemetry.registry)
    assert await outages(store) == [Outage(OF, 1000.0, None, "ConfigurationError")]
    api.status = "Healthy"
    clock.advance(40)
    await watch.look()
    assert watch.problems() == []
    assert await outages(store) == [Outage(OF, 1000.0, 1100.0, "ConfigurationError")]


async def test_one_that_is_not_there_is_not_healthy_either(store: Store) -> None:
    api = Api()
    api.status = None
    watch = SubscriptionWatch(store, Telemetry(), api, key="fluent-connect", clock=Clock(5.0))
    await watch.look()
    assert watch.problems() == [f"{OF}: Missing"]
    assert await outages(store) == [Outage(OF, 5.0, None, "Missing")]


async def test_what_cannot_be_asked_stays_as_it_was(store: Store) -> None:
    api = Api()
    watch = SubscriptionWatch(store, Telemetry(), api, key="fluent-connect")
    api.error = UnreachableError("no connection")
    with capture_logs() as logs:
        await watch.look()
        await watch.look()
    assert [line["event"] for line in logs] == ["subscription health cannot be read"]
    assert watch.problems() == []
    assert await outages(store) == []


async def test_a_project_that_cannot_be_asked_hides_no_other(store: Store) -> None:
    api, telemetry = Api(), Telemetry()
    api.others = {"first": UnreachableError("no connection")}
    api.status = "TemporaryError"
    clock = Clock(1000.0)
    watch = SubscriptionWatch(store, telemetry, api, key="fluent-connect", clock=clock)
    await watch.look()
    assert watch.problems() == [f"{OF}: TemporaryError"]
    told = generate_latest(telemetry.registry)
    assert b'subscription_read_timestamp_seconds{project="shop"} 1000.0' in told
    assert b'subscription_read_timestamp_seconds{project="first"}' not in told


async def test_without_the_scope_to_look_no_message_waits(tmp_path: Path) -> None:
    section = {
        "subscription.destination.type": "IronMQ",
        "subscription.destination.uri": "http://127.0.0.1:9/",
        "subscription.watch-every": "50ms",
    }
    async with (
        Sandbox(Options(customers=1, orders=1)) as sandbox,
        Inside(sandbox, tmp_path, section) as connector,
    ):
        faults = sandbox.commercetools.faults
        faults.set([Fault(kind="status", operation="subscriptions", status=403)])
        asked = sandbox.commercetools.requests
        await until(lambda: next(iter(faults)).struck > 1)
        (customer,) = sandbox.commercetools.project.scan("customer")
        assert await connector.post(change("customer", customer["id"])) == 202
        await until(lambda: sandbox.fluent.entities.find("customer", customer["id"]))
        assert not connector.service.clients.breakers.paused(), asked


async def test_an_outage_outlives_a_restart(store: Store) -> None:
    api, clock = Api(), Clock(1000.0)
    api.status = "TemporaryError"
    first = SubscriptionWatch(store, Telemetry(), api, key="fluent-connect", clock=clock)
    await first.look()
    clock.advance(500)
    api.status = "Healthy"
    again = SubscriptionWatch(store, Telemetry(), api, key="fluent-connect", clock=clock)
    watching = asyncio.create_task(again.run())
    await until(lambda: _ended(store))
    watching.cancel()
    assert await outages(store) == [Outage(OF, 1000.0, 1500.0, "TemporaryError")]


async def _ended(store: Store) -> bool:
    return all(each.ended for each in await outages(store))


async def test_a_running_service_is_not_ready_while_its_subscription_is_not_healthy(
    tmp_path: Path,
) -> None:
    section = {
        "subscription.destination.type": "IronMQ",
        "subscription.destination.uri": "http://127.0.0.1:9/",
        "subscription.watch-every": "200ms",
    }
    async with (
        Sandbox(Options(customers=1, orders=1)) as sandbox,
        Inside(sandbox, tmp_path, section) as connector,
    ):

        async def missing() -> bool:
            _, body = await connector.get("/readyz")
            return any("Missing" in each for each in body.get("problems", ()))

        await until(missing)
        made = sandbox.commercetools.project.add(
            "subscription", {"id": "s", "key": "fluent-connect", "status": "Healthy"}
        )

        async def ready() -> bool:
            return (await connector.get("/readyz"))[0] == 200

        await until(ready)
        sandbox.commercetools.project.change("subscription", made | {"status": "TemporaryError"})

        async def unhealthy() -> bool:
            _, body = await connector.get("/readyz")
            return any("TemporaryError" in each for each in body.get("problems", ()))

        await until(unhealthy)
