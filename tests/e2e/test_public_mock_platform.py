"""The public commercetools mock server: set up by our commands, watched, and brought along."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from e2e.conftest import QUICK
from e2e.harness import Books, Connector, configure, until
from e2e.mock import Mock
from e2e.test_public_mock import Shop
from fluent_connect.app.playground import SECRET
from fluent_connect.ingest.webhook import FLUENT_PATH, PATH
from fluent_connect.journal.outages import open_outages_from_rows, outages_statement
from fluent_connect.sandbox.servers import Sandbox
from unit.app.cli.shelf import Ran, Shell

pytestmark = [pytest.mark.node, pytest.mark.e2e, pytest.mark.timeout(240)]
DESTINATION = {"type": "EventBridge", "region": "eu-central-1", "accountId": "123456789012"}
STATUS = "fc.connect.order.webhook.status-update"


class Desk:
    """Runs commands against the mock server, with a configuration of its own."""

    def __init__(self, shell: Shell, folder: Path) -> None:
        self._shell = shell
        self.folder = folder
        self.subscribe()

    def subscribe(self, **more: Any) -> None:
        section = {"destination": DESTINATION, "watch-every": "200ms", **more}
        configure(self.folder, subscription=section, **QUICK)

    async def __call__(self, *words: str) -> Ran:
        return await asyncio.to_thread(self._shell, *words, "--config", str(self.folder))


@pytest.fixture
async def desk(
    mock: Mock,
    mock_environ: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    await mock.start()
    for name, value in mock_environ.items():
        monkeypatch.setenv(name, value)
    return Desk(Shell(tmp_path / "data", capsys), tmp_path / "config")


async def test_custom_types_are_made_once_and_given_what_they_lack(mock: Mock, desk: Desk) -> None:
    draft = {"key": "flConsignment", "name": {"en": "ours"}, "resourceTypeIds": ["order-delivery"]}
    await mock.make("types", **draft, fieldDefinitions=[])
    shown = await desk("setup", "types", "--dry-run")
    assert shown.code == 9
    assert "+ field flConsignment.flConsignmentRef" in shown.out
    made = await desk("setup", "types", "--yes", "--json")
    assert made.code == 0, made.err
    types = {each["key"]: each for each in (await mock.get("types?limit=100"))["results"]}
    assert set(types) == {"flOrder", "flFulfilment", "flConsignment", "flArticle", "flStoreDetails"}
    (ref, status) = types["flConsignment"]["fieldDefinitions"]
    assert (ref["name"], ref["type"]) == ("flConsignmentRef", {"name": "String"})
    assert (status["name"], types["flConsignment"]["name"]) == (
        "flConsignmentStatus",
        {"en": "ours"},
    )
    again = await desk("setup", "types")
    assert again.code == 0, again.err
    assert {each["version"] for each in types.values()} == {
        each["version"] for each in (await mock.get("types?limit=100"))["results"]
    }


async def test_a_subscription_is_made_changed_in_place_moved_and_deleted(
    mock: Mock, desk: Desk
) -> None:
    planned = await desk("subscription", "plan")
    assert planned.code == 9
    assert "+ messages product" in planned.out
    assert (await desk("subscription", "apply", "--yes")).code == 0
    (made,) = (await mock.get("subscriptions"))["results"]
    routed = {each["resourceTypeId"]: each["types"] for each in made["messages"]}
    assert "OrderCreated" in routed["order"]
    assert "inventory-entry" not in routed
    assert (await desk("subscription", "plan")).code == 0

    desk.subscribe(destination={**DESTINATION, "region": "eu-west-1"})
    moved = await desk("subscription", "apply", "--yes")
    assert moved.code == 0, moved.err
    (after,) = (await mock.get("subscriptions"))["results"]
    assert (after["id"], after["destination"]["region"]) == (made["id"], "eu-west-1")

    desk.subscribe(format="CloudEvents")
    replaced = await desk("subscription", "apply", "--yes")
    assert replaced.code == 0, replaced.err
    (other,) = (await mock.get("subscriptions"))["results"]
    assert other["id"] != made["id"]
    assert (other["key"], other["format"]["type"]) == ("fluent-connect", "CloudEvents")

    assert (await desk("subscription", "status")).code == 0
    await mock.set_health("fluent-connect", "ManuallySuspended")
    status = await desk("subscription", "status")
    assert (status.code, "is ManuallySuspended" in status.out) == (9, True)
    assert (await desk("subscription", "delete", "--yes")).code == 0
    assert (await mock.get("subscriptions"))["results"] == []


async def test_the_watch_makes_an_alert_of_a_subscription_that_is_not_healthy(
    mock: Mock, desk: Desk, mock_environ: dict[str, str]
) -> None:
    assert (await desk("subscription", "apply", "--yes")).code == 0
    data = desk.folder.parent / "watching"
    async with Connector(data, mock_environ, config=desk.folder) as connector:

        async def ready() -> bool:
            return (await connector.get("/readyz"))[0] == 200

        async def told(what: str) -> bool:
            status, body = await connector.get("/readyz")
            return status == 503 and any(what in each for each in body["problems"])

        await until(ready)
        await mock.set_health("fluent-connect", "ConfigurationErrorDeliveryStopped")
        await until(lambda: told("ConfigurationErrorDeliveryStopped"))
        _, metrics = await connector.get("/metrics")
        assert 'subscription_healthy{project="ct-test"} 0.0' in metrics
        assert "subscription not healthy" in connector.text
        await mock.set_health("fluent-connect", "Healthy")
        await until(ready)
        assert await connector.stop() == 0
    (outage,) = open_outages_from_rows(Books(data).rows(outages_statement()))
    assert outage.why == "ConfigurationErrorDeliveryStopped"
    assert outage.ended is not None
    assert outage.began < outage.ended


async def test_a_status_of_fluent_reaches_the_order_in_commercetools_and_nothing_leads_back(
    sandbox: Sandbox, mock: Mock, mock_environ: dict[str, str], quick: Path, tmp_path: Path
) -> None:
    keys = {"[sydney_sandbox]": sandbox.fluent.webhooks.public_key}
    core = {"fluentcommerce": {"fluent-webhook-keys": keys}}
    (quick / "application.yml").write_text(json.dumps(core))
    async with Connector(tmp_path / "data", mock_environ, config=quick) as connector:
        await mock.start(connector.url + PATH, SECRET)
        shop = Shop(mock)
        await shop.fill()
        await shop.sell()
        await mock.drained()
        await connector.settled(accepted=8)
        back = WayBack(sandbox, mock, shop, connector.url + FLUENT_PATH)
        books = Books(tmp_path / "data")

        await mock.overtake("/orders/", {"action": "setCustomerEmail", "email": "b@example.com"})
        booked = back.move("BOOKED")
        assert await back.send(booked) == 200
        await until(lambda: back.stands("Confirmed"))
        assert (await back.order())["customerEmail"] == "b@example.com"
        assert "answered 409" in json.dumps([dict(each) for each in books.attempts()])

        complete = back.move("COMPLETE")
        assert await back.send(complete) == 200
        await until(lambda: back.stands("Complete"))
        version = (await back.order())["version"]
        for late in (booked, complete, back.move("BOOKED"), back.move("CREATED")):
            assert await back.send(late) == 200
        await mock.drained()
        await until(lambda: "status CREATED changes nothing" in books.told())
        await until(lambda: not books.ledger().waiting)
        assert (await back.order())["version"] == version
        assert (books.ledger().dead, books.ledger().unaccounted) == (0, 0), books.told()
        assert await connector.stop() == 0


class WayBack:
    """An order as both systems have it, and Fluent's webhooks about it."""

    def __init__(self, sandbox: Sandbox, mock: Mock, shop: Shop, url: str) -> None:
        self._fluent = sandbox.fluent
        self._mock = mock
        self._id = shop.order["id"]
        self._ref = shop.order["orderNumber"]
        self._url = url

    def move(self, status: str) -> dict[str, Any]:
        """Set the status in Fluent; return the webhook that its workflow would send."""
        order = self._fluent.entities.find("order", self._ref)
        assert order is not None
        self._fluent.entities.save(order | {"status": status})
        about = {"entityId": order["id"], "entityRef": order["ref"], "entityStatus": status}
        return self._fluent.webhooks.event(STATUS, "ORDER", **about)

    async def send(self, event: dict[str, Any]) -> int:
        return await self._fluent.webhooks.send(self._url, event, schedule=(0.0,))

    async def order(self) -> dict[str, Any]:
        order: dict[str, Any] = await self._mock.get(f"orders/{self._id}")
        return order

    async def stands(self, state: str) -> bool:
        return bool((await self.order())["orderState"] == state)
