"""An order moves on in Fluent; its signed webhook brings commercetools along."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from e2e.harness import Books, Inside, until
from fluent_connect.ingest.webhook import FLUENT_PATH
from fluent_connect.sandbox.servers import Options, Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
NAME = "fc.connect.order.webhook.status-update"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(Options(customers=1, orders=2)) as sandbox:
        yield sandbox


@pytest.fixture
async def connector(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Inside]:
    config = tmp_path / "config"
    config.mkdir()
    keys = {"[sydney_sandbox]": sandbox.fluent.webhooks.public_key}
    body = {"fluentcommerce": {"fluent-webhook-keys": keys}}
    (config / "application.yml").write_text(json.dumps(body))
    async with Inside(sandbox, tmp_path / "data", folder=config) as connector:
        yield connector


class Shop:
    """An order as both systems have it."""

    def __init__(self, sandbox: Sandbox, connector: Inside) -> None:
        self.sandbox = sandbox
        self.connector = connector
        self.source = next(iter(sandbox.commercetools.project.scan("order")))

    async def export(self) -> None:
        """Bring the order into Fluent."""
        order = self.source
        body = {
            "notificationType": "Message",
            "projectKey": "sandbox",
            "id": "created",
            "version": 1,
            "type": "OrderCreated",
            "sequenceNumber": 1,
            "resource": {"typeId": "order", "id": order["id"]},
            "resourceVersion": 1,
            "createdAt": "2026-01-01T00:00:00.000Z",
            "lastModifiedAt": "2026-01-01T00:00:00.000Z",
        }
        assert await self.connector.post(body) == 202
        await until(lambda: self.sandbox.fluent.entities.find("order", order["orderNumber"]))

    def stands(self) -> dict[str, Any]:
        found = self.sandbox.commercetools.project.get("order", self.source["id"])
        assert found is not None
        return found

    def move(self, status: str) -> dict[str, Any]:
        """Set the status in Fluent; return the webhook that its workflow would send."""
        entities = self.sandbox.fluent.entities
        order = entities.find("order", self.source["orderNumber"])
        assert order is not None
        entities.save(order | {"status": status})
        return self.sandbox.fluent.webhooks.event(
            NAME,
            "ORDER",
            entityId=order["id"],
            entityRef=order["ref"],
            entityStatus=status,
        )

    async def send(self, event: dict[str, Any]) -> int:
        url = self.connector.url + FLUENT_PATH
        return await self.sandbox.fluent.webhooks.send(url, event, schedule=(0.0,))


async def test_a_status_reaches_the_commercetools_order_and_old_ones_change_nothing(
    sandbox: Sandbox, connector: Inside, tmp_path: Path
) -> None:
    shop = Shop(sandbox, connector)
    await shop.export()
    booked = shop.move("BOOKED")
    assert await shop.send(booked) == 200
    await until(lambda: shop.stands()["orderState"] == "Confirmed")
    complete = shop.move("COMPLETE")
    assert await shop.send(complete) == 200
    await until(lambda: shop.stands()["orderState"] == "Complete")
    version = shop.stands()["version"]

    assert await shop.send(booked) == 200
    assert await shop.send(complete) == 200
    late = shop.move("BOOKED")
    assert await shop.send(late) == 200
    books = Books(tmp_path / "data")
    await until(lambda: books.ledger().accepted + books.ledger().repeats >= 6)
    await until(lambda: not books.ledger().waiting)
    assert shop.stands()["version"] == version
    assert (books.ledger().dead, books.ledger().unaccounted) == (0, 0), books.told()
    assert "status BOOKED changes nothing" in books.told()


async def test_nobody_else_comes_in_by_fluents_door(connector: Inside, sandbox: Sandbox) -> None:
    event = sandbox.fluent.webhooks.event(NAME, "ORDER", entityId="1", entityRef="1")
    body = json.dumps(event).encode()
    signed = sandbox.fluent.webhooks.sign(body)
    url = connector.url + FLUENT_PATH
    for headers, sent in (
        ({}, body),
        ({"x-api-key": "sandbox"}, body),
        (signed, body + b" "),
        ({**signed, "fluent-signature": signed["fluent-signature"][:-8] + "AAAAAAA="}, body),
    ):
        all_headers = {"content-type": "application/json", **headers}
        async with connector.session.post(url, data=sent, headers=all_headers) as answer:
            assert answer.status == 401


async def test_a_webhook_that_lacks_what_each_carries_is_dead_and_says_so(
    connector: Inside, sandbox: Sandbox, tmp_path: Path
) -> None:
    event = sandbox.fluent.webhooks.event(NAME, "ORDER")
    url = connector.url + FLUENT_PATH
    assert await sandbox.fluent.webhooks.send(url, event, schedule=(0.0,)) == 200
    books = Books(tmp_path / "data")
    await until(lambda: books.ledger().dead)
    (dead,) = books.dead()
    assert "finds no entityId" in dead.reason
