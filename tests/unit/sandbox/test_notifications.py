"""What the simulated subscriptions send, in which shape, and how stubbornly."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from fluent_connect.sandbox.commercetools.envelopes import Target, sign
from fluent_connect.sandbox.faults import Fault
from unit.sandbox.caller import Caller

EXAMPLES = Path(__file__).parents[4] / "shared/reference/payloads/subscriptions-envelopes"


class Door:
    """An endpoint that notes what it is sent, and answers what it is told."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[int] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        return web.Response(status=self.answers.pop(0) if self.answers else 202)

    def payloads(self) -> list[Any]:
        return [json.loads(body) for body in self.bodies]


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    door = Door()
    app = web.Application()
    app.router.add_post("/", door.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    door.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield door
    await runner.cleanup()


async def _settled(caller: Caller) -> None:
    assert await caller.sandbox.commercetools.notifier.drained(10)


def _aim(caller: Caller, door: Door, **more: Any) -> None:
    caller.sandbox.commercetools.notifier.aim(Target(url=door.url, test=False, **more))


async def test_the_first_notification_is_about_the_subscription(caller: Caller, door: Door) -> None:
    caller.sandbox.commercetools.notifier.aim(Target(url=door.url))
    await _settled(caller)
    assert door.payloads()[0]["resource"]["typeId"] == "subscription"


async def test_messages_carry_versions_and_rising_numbers(caller: Caller, door: Door) -> None:
    """commercetools.md 1.3: a Message's own version is 1, the resource's is resourceVersion."""
    _aim(caller, door)
    caller.sandbox.build("order", range(100, 101))
    system = caller.sandbox.commercetools
    id_ = caller.sandbox.shop.id("order", 100)
    system.update("orders", id_, {"action": "changeOrderState", "orderState": "Confirmed"})
    system.delete("orders", id_)
    await _settled(caller)
    told = [one for one in door.payloads() if one["resource"]["typeId"] == "order"]
    told.sort(key=lambda one: one["sequenceNumber"])
    assert [one["type"] for one in told] == ["OrderCreated", "OrderStateChanged", "OrderDeleted"]
    assert [one["resourceVersion"] for one in told] == [1, 2, 3]
    assert [one["version"] for one in told] == [1, 1, 1]
    assert told[1]["oldOrderState"] == "Open"
    assert told[0]["order"]["id"] == id_


async def test_changes_have_versions_and_no_content(caller: Caller, door: Door) -> None:
    _aim(caller, door)
    system = caller.sandbox.commercetools
    draft = {"name": {"en": "x"}, "slug": {"en": "x"}, "key": "x"}
    made = system.create("categories", draft)
    system.update("categories", made["id"], {"action": "changeName", "name": {"en": "y"}})
    system.delete("categories", made["id"])
    await _settled(caller)
    told = {one["notificationType"]: one for one in door.payloads()}
    assert told["ResourceUpdated"]["oldVersion"] == 1
    assert [told[name]["version"] for name in sorted(told)] == [1, 3, 2]
    assert told["ResourceDeleted"]["resourceUserProvidedIdentifiers"]["key"] == "x"


@pytest.mark.parametrize(
    ("example", "kind"),
    [
        ("ref-resource-created-payload.json", "ResourceCreated"),
        ("ref-resource-updated-payload.json", "ResourceUpdated"),
        ("ref-resource-deleted-payload.json", "ResourceDeleted"),
        ("ref-message-payload.json", "CustomerLastNameSet"),
    ],
)
async def test_shapes_are_those_of_the_vendors_examples(
    caller: Caller, door: Door, example: str, kind: str
) -> None:
    if not EXAMPLES.exists():
        pytest.skip("the vendor's example payloads are not beside the checkout")
    _aim(caller, door)
    system = caller.sandbox.commercetools
    made = system.create("customers", {"email": "shape@example.com", "key": "shape"})
    system.update("customers", made["id"], {"action": "setLastName", "lastName": "Doe"})
    system.delete("customers", made["id"])
    await _settled(caller)
    wanted = set(json.loads((EXAMPLES / example).read_text()))
    found = {one.get("type", one["notificationType"]): one for one in door.payloads()}
    assert set(found[kind]) == wanted


async def test_a_cloud_event_has_the_vendors_attributes(caller: Caller, door: Door) -> None:
    if not EXAMPLES.exists():
        pytest.skip("the vendor's example payloads are not beside the checkout")
    _aim(caller, door, envelope="cloudevents", messages=("product",), changes=())
    caller.sandbox.commercetools.update(
        "products", caller.sandbox.shop.id("product", "product-1"), {"action": "publish"}
    )
    caller.sandbox.build("product", range(30, 31))
    await _settled(caller)
    event = next(one for one in door.payloads() if one["type"].endswith("ProductPublished"))
    example = json.loads((EXAMPLES / "ref-cloudevents-payload.json").read_text())
    assert set(event) == set(example)
    assert event["source"] == "/sandbox/products"
    assert set(example["data"]) - set(event["data"]) <= {"removedImageUrls", "scope"}
    assert door.headers[0]["content-type"] == "application/cloudevents+json"


async def test_pubsub_wraps_the_payload_in_base64(caller: Caller, door: Door) -> None:
    _aim(caller, door, envelope="pubsub", api_key="k")
    caller.sandbox.build("category", range(20, 21))
    await _settled(caller)
    body = door.payloads()[0]
    assert {"message", "subscription"} == set(body)
    inner = json.loads(base64.b64decode(body["message"]["data"]))
    assert inner["notificationType"] == "ResourceCreated"
    assert door.headers[0]["x-api-key"] == "k"


async def test_a_signature_is_of_standard_webhooks(caller: Caller, door: Door) -> None:
    secret = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
    _aim(caller, door, secret=secret, basic="u:p")
    caller.sandbox.build("category", range(20, 21))
    await _settled(caller)
    headers = door.headers[0]
    timestamp = int(headers["webhook-timestamp"])
    expected = sign(secret, headers["webhook-id"], timestamp, door.bodies[0])
    assert headers["webhook-signature"] == expected
    assert headers["authorization"] == "Basic " + base64.b64encode(b"u:p").decode()


async def test_a_refused_notification_is_sent_until_it_is_taken(caller: Caller, door: Door) -> None:
    door.answers = [503, 500, 404]
    _aim(caller, door)
    caller.sandbox.build("category", range(20, 21))
    await _settled(caller)
    assert len(door.bodies) == 4
    assert len(set(door.bodies)) == 1
    listed = caller.sandbox.commercetools.notifier.listing()
    assert [one["accepted"] for one in listed] == [1]


async def test_faults_duplicate_and_delay_notifications(caller: Caller, door: Door) -> None:
    caller.sandbox.commercetools.faults.set(
        [
            Fault(kind="duplicate", operation="category"),
            Fault(kind="delay", operation="notification", seconds=0.05),
        ]
    )
    _aim(caller, door, messages=())
    caller.sandbox.build("category", range(20, 24))
    await _settled(caller)
    ids = [one["resource"]["id"] for one in door.payloads()]
    assert len(ids) == 8
    assert len(set(ids)) == 4


async def test_a_subscription_over_the_api_is_tried_out_and_has_a_health(
    caller: Caller, door: Door
) -> None:
    draft: dict[str, Any] = {
        "key": "mine",
        "destination": {"type": "IronMQ", "uri": door.url},
        "messages": [{"resourceTypeId": "order"}],
    }
    status, body = await caller.ct("POST", "subscriptions", draft)
    assert (status, body["status"]) == (201, "Healthy")
    assert door.payloads()[0]["resource"]["typeId"] == "subscription"
    assert (await caller.ct("GET", "subscriptions/key=mine/health"))[1]["status"] == "Healthy"
    caller.sandbox.build("order", range(100, 101))
    await _settled(caller)
    assert door.payloads()[-1]["type"] == "OrderCreated"
    door.answers = [500]
    status, body = await caller.ct("POST", "subscriptions", {**draft, "key": "other"})
    assert (status, body["errors"][0]["code"]) == (400, "InvalidInput")
    draft["destination"] = {"type": "SQS"}
    assert (await caller.ct("POST", "subscriptions", draft))[0] == 501


async def test_what_is_there_can_be_announced(caller: Caller, door: Door) -> None:
    _aim(caller, door)
    url = f"{caller.sandbox.commercetools_url}/__sandbox"
    async with caller.session.post(f"{url}/announce", json={"types": ["order"]}) as answer:
        assert (await answer.json())["announced"] == 12
    async with caller.session.post(f"{url}/build", json={"type": "customer", "from": 50}) as answer:
        assert len((await answer.json())["ids"]) == 1
    await _settled(caller)
    async with caller.session.get(f"{url}/notifications") as answer:
        assert (await answer.json())["accepted"] == 14
