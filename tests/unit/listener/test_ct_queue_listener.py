import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fluent_connect.listener.account_mapping import AccountMap, Target
from fluent_connect.listener.ct_external_message_receiver import CTExternalMessageReceiver
from fluent_connect.listener.ct_queue_listener import CTQueueListener
from fluent_connect.listener.external import ExternalDoor
from fluent_connect.listener.route_mapping import RouteMap, RouteMapping
from fluent_connect.listener.sources import source
from fluent_connect.model.codec import decode_message
from fluent_connect.model.errors import (
    ConfigError,
    ConnectError,
    MalformedError,
    Skip,
    UnprocessableError,
)
from fluent_connect.model.fact import Known, Queued, Split, Told
from fluent_connect.model.notification import Notification
from fluent_connect.model.outcome import Done, Outcome, Skipped, Unseen
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE, Parcel
from fluent_connect.queues.store import Delivery

ORDER = RouteMapping(
    name="order",
    route="commercetools.connect.order.create",
    inclusion_filter=frozenset({"OrderCreated"}),
    ordered=True,
)
PRODUCT = RouteMapping(name="product", route="commercetools.connect.product.upsert")
NO_STOCK = RouteMapping(name="inventory-entry", skip="stock flows the other way")
IMPORTS = RouteMapping(name="import-api", route="imports")
SHOP = Target(project_key="shop", account="acme", retailer="1")
PARCEL_ID = "0193576f4f00aaaaaaaaaaaaaaaaaaaa"


def listener(*targets: Target, **options: Any) -> CTQueueListener:
    routes = RouteMap([ORDER, PRODUCT, NO_STOCK, IMPORTS])
    return CTQueueListener(
        routes, AccountMap(targets or (SHOP,)), clock=lambda: 1_700_000_000.0, **options
    )


def delivery(body: object, headers: Mapping[str, str] = {}) -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    parcel = Parcel(PARCEL_ID, "", raw, headers={"door": "default", **headers})
    return Delivery(CT_QUEUE, parcel, 1, None, "lease", 0.0)


async def hear(body: object, headers: Mapping[str, str] = {}, *targets: Target) -> Outcome:
    return await listener(*targets)(delivery(body, headers))


def base(**more: object) -> dict[str, object]:
    return {"projectKey": "shop", "resource": {"typeId": "order", "id": "o-1"}, **more}


def accounts_of(outcome: Outcome) -> list[str]:
    return [decode_message(put.parcel.body).account for put in outcome.puts]


async def test_a_message_of_an_order_goes_onto_the_event_queue_once(
    order_created: Mapping[str, object],
) -> None:
    outcome = await hear(order_created, {"traceparent": "00-1"})
    assert outcome.fate == Done("1 message")
    assert outcome.guards == (Unseen("shop|m-1"), Unseen("shop|order|o-1|#2"))
    (put,) = outcome.puts
    assert (put.queue, put.parcel.ordered, put.parcel.origin) == (EVENT_QUEUE, True, PARCEL_ID)
    assert put.parcel.group == "acme/commercetools.connect.order.create"
    assert put.parcel.headers == {"traceparent": "00-1"}
    message = decode_message(put.parcel.body)
    assert (message.id, message.notification) == (f"{PARCEL_ID}.0", PARCEL_ID)
    assert (message.key, message.version, message.sequence) == ("acme/1/order/o-1", 3, 2)
    assert message.attributes == {"orderNumber": "1234"}
    known = [(fact.kind, fact.value) for fact in outcome.facts if isinstance(fact, Known)]
    assert known == [("order-number", "1234")]
    assert [type(fact) for fact in outcome.facts[:2]] == [Told, Queued]


async def test_a_change_is_known_by_what_identifies_it() -> None:
    body = base(notificationType="ResourceDeleted", version=4, dataErasure=True)
    outcome = await hear({**body, "resource": {"typeId": "product", "id": "p"}})
    assert outcome.guards == (Unseen("shop|product|p|ResourceDeleted|4"),)
    message = decode_message(outcome.puts[0].parcel.body)
    assert message.attributes == {"dataErasure": True}
    assert message.deletes


@pytest.mark.parametrize(
    ("type_id", "kind", "reason"),
    [
        ("order", "ResourceUpdated", "filtered"),
        ("cart", "ResourceCreated", "unmapped"),
        ("subscription", "ResourceCreated", "test"),
        ("inventory-entry", "ResourceUpdated", "stock flows the other way"),
    ],
)
async def test_what_is_not_taken_ends_skipped_with_the_reason(
    type_id: str, kind: str, reason: str
) -> None:
    body = base(notificationType=kind, version=1, resource={"typeId": type_id, "id": "x"})
    outcome = await hear(body)
    assert outcome.fate == Skipped(reason)
    assert outcome.guards
    assert not outcome.puts
    assert isinstance(outcome.facts[0], Told)


async def test_the_sku_of_a_deleted_price_is_told_whatever_it_came_wrapped_in() -> None:
    price = {"typeId": "product", "id": "s"}
    body = base(notificationType="Message", id="m-9", type="StandalonePriceDeleted", sku="SKU-1")
    outcome = await hear(pubsub({**body, "resource": price, "sequenceNumber": 2}))
    message = decode_message(outcome.puts[0].parcel.body)
    assert message.attributes == {"sku": "SKU-1"}


async def test_an_event_without_resource_has_a_lane_of_its_own() -> None:
    event = {
        "notificationType": "Event",
        "id": "e-1",
        "type": "ImportContainerCreated",
        "resourceType": "import-api",
    }
    outcome = await hear(event)
    assert outcome.puts[0].parcel.key == "acme/1/event/e-1"
    assert outcome.guards == (Unseen("shop|e-1"),)
    conditional = Target(project_key="shop", account="b", retailer="1", store="x")
    several = await hear(event, {}, conditional, SHOP)
    assert accounts_of(several) == ["b", "acme"]


async def test_a_batch_is_put_back_part_by_part(order_created: Mapping[str, object]) -> None:
    outcome = await hear([order_created, {"broken": True}])
    assert outcome.fate == Done("2 parts")
    assert [put.queue for put in outcome.puts] == [CT_QUEUE, CT_QUEUE]
    assert outcome.facts == (
        Split(PARCEL_ID, (f"{PARCEL_ID}-0", f"{PARCEL_ID}-1"), "default", 1_700_000_000.0),
    )
    first = outcome.puts[0].parcel
    assert first.headers == {"door": "default", "part": "0"}
    assert (await hear(first.body, first.headers)).fate == Done("1 message")
    with pytest.raises(MalformedError):
        await hear([[order_created, order_created]])
    assert (await hear([])).fate == Skipped("empty batch")


async def test_a_project_that_feeds_nobody_is_named_and_leaves_no_inbox_key(
    order_created: Mapping[str, object],
) -> None:
    outcome = await hear({**order_created, "projectKey": "other"})
    assert isinstance(outcome.error, UnprocessableError)
    assert str(outcome.error) == "no account mapping for project other"
    assert not outcome.guards
    assert isinstance(outcome.facts[0], Told)


async def test_a_door_feeds_only_its_accounts(order_created: Mapping[str, object]) -> None:
    allowed = await listener(doors={"default": ["acme"]})(delivery(order_created))
    assert allowed.fate == Done("1 message")
    outcome = await listener(doors={"default": ["other"]})(delivery(order_created))
    assert str(outcome.error) == "the door default takes nothing of project shop"


class _NoOrders(CTExternalMessageReceiver):
    def receive(self, notification: Notification) -> None:
        if notification.resource is not None and notification.payload["order"]:
            raise Skip("not ours")


async def test_a_partners_receiver_skips_with_its_reason(
    order_created: Mapping[str, object],
) -> None:
    outcome = await listener(receiver=_NoOrders())(delivery(order_created))
    assert outcome.fate == Skipped("not ours")
    assert len(outcome.guards) == 2


def target(account: str, **conditions: Any) -> Target:
    return Target(project_key="shop", account=account, retailer="1", **conditions)


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([target("a", store="berlin"), target("b", store="rome")], ["a"]),
        ([target("a", country="IT"), target("b", country="DE")], ["b"]),
        ([target("a", custom={"brand": "b"}), target("b", custom={"brand": "a"})], ["b"]),
        ([target("z"), target("a", store="berlin")], ["a"]),
        ([target("z"), target("a", store="rome")], ["z"]),
        ([target("a", channel="c"), target("b", channel="d")], ["a", "b"]),
        ([target("a", channel="c"), target("b", store="berlin"), target("z")], ["a", "b", "z"]),
        ([target("a"), target("a"), target("b")], ["a", "b"]),
    ],
)
async def test_the_payload_tells_whose_an_order_is(
    order_created: Mapping[str, object], targets: list[Target], expected: list[str]
) -> None:
    assert accounts_of(await hear(order_created, {}, *targets)) == expected


async def test_an_order_that_does_not_tell_goes_to_every_candidate(
    order_created: Mapping[str, object],
) -> None:
    thin = {key: value for key, value in order_created.items() if key != "order"}
    targets = [target("a", store="berlin"), target("b", country="IT")]
    assert accounts_of(await hear(thin, {}, *targets)) == ["a", "b"]


@pytest.mark.parametrize(
    ("order", "place"),
    [
        ({"stores": [{"key": "oslo"}, "x"]}, "store oslo"),
        ({"billingAddress": {"country": "FR"}, "custom": {}}, "a resource without store"),
    ],
)
async def test_a_store_that_feeds_nobody_is_named(
    order_created: Mapping[str, object], order: dict[str, object], place: str
) -> None:
    body = {**order_created, "order": {"id": "o-1", **order}}
    outcome = await hear(body, {}, target("a", store="berlin", country="IT"))
    assert str(outcome.error) == f"no account mapping for {place} of project shop"
    assert len(list(AccountMap([target("a")]))) == 1


async def test_a_product_goes_to_every_retailer_whatever_the_conditions() -> None:
    body = base(notificationType="ResourceCreated", version=1)
    body["resource"] = {"typeId": "product", "id": "p"}
    targets = [target("a", store="berlin"), target("b", country="IT"), target("a")]
    assert accounts_of(await hear(body, {}, *targets)) == ["a", "b"]


@pytest.mark.parametrize(
    "spoilt",
    [
        b"",
        b"\xff",
        b"12",
        b"{}",
        b"[" * 100_000,
        {"notificationType": "Other"},
        base(notificationType="Message", id="m"),
        base(notificationType="ResourceCreated"),
        {"notificationType": "Event", "id": "e"},
        base(notificationType="ResourceCreated", version="1"),
        {"message": {"data": "no base64!"}},
        {"message": {}},
        {"specversion": "0.9", "id": "1", "source": "s", "type": "t", "data": {}},
        {"specversion": "1.0", "id": "", "source": "s", "type": "t", "data": {}},
        {"specversion": "1.0", "id": "1", "source": "s", "type": "t"},
        {"Type": "Notification", "TopicArn": "arn"},
    ],
)
async def test_what_cannot_be_read_is_malformed(spoilt: object) -> None:
    with pytest.raises(MalformedError):
        await hear(spoilt)


async def test_identifiers_of_the_wrong_type_are_malformed(
    order_created: Mapping[str, object],
) -> None:
    outcome = await hear({**order_created, "resourceUserProvidedIdentifiers": 1})
    assert isinstance(outcome.error, MalformedError)
    odd = await hear({**order_created, "resourceUserProvidedIdentifiers": {"orderNumber": 1}})
    assert odd.fate == Done("1 message")


def cloud(data: object) -> dict[str, object]:
    event = {"specversion": "1.0", "id": "1", "source": "/shop/orders", "type": "t"}
    return {**event, "data": data}


def pubsub(data: object) -> dict[str, object]:
    return {"message": {"data": base64.b64encode(json.dumps(data).encode()).decode()}}


async def test_every_wrapper_is_taken_off_also_one_in_another(
    order_created: Mapping[str, object],
) -> None:
    text = json.dumps(order_created)
    binary = {**cloud(None), "data_base64": base64.b64encode(text.encode()).decode()}
    del binary["data"]
    wrapped: list[object] = [
        cloud(order_created),
        binary,
        pubsub(order_created),
        pubsub(cloud(order_created)),
        [cloud(order_created)],
        b"\xef\xbb\xbf" + text.encode(),
        {"Type": "Notification", "TopicArn": "arn", "Message": text},
        {"detail-type": "OrderCreated", "detail": order_created},
        {"eventType": "OrderCreated", "data": order_created, "topic": "t"},
        pubsub(pubsub(pubsub(pubsub(order_created)))),
    ]
    for body in wrapped:
        assert (await hear(body)).fate == Done("1 message"), body
    binary_mode = await hear(order_created, {"ce-specversion": "1.0"})
    assert binary_mode.fate == Done("1 message")
    with pytest.raises(MalformedError, match="wrapped more than 4"):
        await hear(pubsub(wrapped[-1]))
    with pytest.raises(UnprocessableError, match="confirms no"):
        await hear({"Type": "SubscriptionConfirmation", "TopicArn": "arn"})


async def test_the_payload_can_be_read_whole(order_created: Mapping[str, object]) -> None:
    seen: list[Notification] = []

    class Looks(CTExternalMessageReceiver):
        def receive(self, notification: Notification) -> None:
            seen.append(notification)

    await listener(receiver=Looks())(delivery(order_created))
    assert dict(seen[0].payload) == order_created
    assert len(seen[0].payload) == len(order_created)


async def test_all_340_message_types_are_decided_with_and_without_payload(
    message_types: list[tuple[str, str]],
) -> None:
    assert len(message_types) == 340
    for index, (type_id, kind) in enumerate(message_types):
        common = base(
            notificationType="Message",
            id=f"m-{index}",
            version=1,
            sequenceNumber=1,
            resourceVersion=2,
            resource={"typeId": type_id, "id": "x"},
        )
        for left in (
            {"type": kind},
            {"payloadNotIncluded": {"reason": "Payload too large.", "payloadType": kind}},
        ):
            outcome = await hear({**common, **left})
            assert outcome.error is None
            told = outcome.facts[0]
            assert isinstance(told, Told)
            assert told.kind == kind
            assert isinstance(outcome.fate, Done | Skipped)


async def test_every_reference_payload_comes_to_an_end(shared: Path) -> None:
    folder = shared / "reference" / "payloads"
    read = 0
    for path in [*folder.glob("messages/*"), *folder.glob("subscriptions-envelopes/*")]:
        try:
            outcome = await hear(path.read_bytes())
        except MalformedError:
            assert path.name.startswith("ref-"), path.name
            continue
        read += 1
        assert outcome.error is None or "no account mapping" in str(outcome.error)
    assert read >= 20


async def test_public_vectors_never_bring_the_listener_down(shared: Path) -> None:
    bodies = [path.read_bytes() for path in (shared / "vectors" / "json").glob("*.json")]
    assert len(bodies) == 318
    bodies += [path.read_bytes() for path in (shared / "vectors" / "eventgrid-pubsub").glob("*")]
    for name, field in (("valid-events", "event"), ("invalid-events", "event")):
        tests = json.loads((shared / "vectors" / "cloudevents" / f"{name}.json").read_bytes())
        bodies += [json.dumps(test[field]).encode() for test in tests["tests"]]
    for body in bodies:
        try:
            outcome = await hear(body)
        except ConnectError:
            continue
        assert outcome.fate == Skipped("empty batch") or isinstance(outcome.fate, Done)


CARRIER = ExternalDoor(
    name="carrier",
    targets=[SHOP],
    name_from=source("header:X-Event"),
    key_from=source("/parcel/0/track~1no"),
    id_from=source("/uid"),
    version_from=source("/rev"),
    account_from=source("constant:acme/1"),
    ordered=frozenset({"moved"}),
)
SDK = ExternalDoor(name="sdk", targets=[SHOP, target("b")])


def external(body: object, **headers: str) -> Delivery:
    return delivery(body, headers)


async def test_any_json_becomes_a_message_by_configuration() -> None:
    hears = listener(external={"carrier": CARRIER})
    assert CARRIER.headers == {"x-event"}
    body = {"uid": 7, "rev": 3, "parcel": [{"track/no": "T1"}], "weight": 2}
    outcome = await hears(external(body, door="carrier", **{"x-event": "moved"}))
    message = decode_message(outcome.puts[0].parcel.body)
    assert outcome.puts[0].parcel.ordered
    assert (message.name, message.key, message.version) == ("moved", "acme/1/T1", 3)
    assert (message.cause, message.resource) == ("external", None)
    assert message.attributes == {"uid": 7, "rev": 3, "weight": 2}
    assert outcome.guards == (Unseen("carrier|7"),)


async def test_the_fields_of_the_sdk_need_no_configuration() -> None:
    hears = listener(external={"sdk": SDK})
    body = {
        "id": "e1",
        "name": "stock",
        "accountId": "b",
        "retailerId": 1,
        "entityType": "location",
        "entityRef": "L1",
        "attributes": {"x": 1},
    }
    outcome = await hears(external(body, door="sdk"))
    message = decode_message(outcome.puts[0].parcel.body)
    assert (message.account, message.key) == ("b", "b/1/location/L1")
    assert message.attributes == {"x": 1}
    (told,) = [fact for fact in outcome.facts if isinstance(fact, Told)]
    assert (told.notification_id, told.type_id, told.resource) == ("e1", "location", "L1")


async def test_without_an_id_the_digest_of_the_body_is_known_for_a_day() -> None:
    hears = listener(external={"sdk": SDK})
    outcome = await hears(external({"name": "stock", "accountId": "b"}, door="sdk"))
    assert len(outcome.guards) == 4
    assert outcome.puts[0].parcel.key == f"b/1/external/{PARCEL_ID}"
    odd = external({"name": "stock", "accountId": "b"}, door="sdk")
    odd.parcel = Parcel("manual", "", odd.parcel.body, headers=odd.parcel.headers)
    assert len((await hears(odd)).guards) == 4


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"name": "x"}, "2 accounts of the door sdk"),
        ({"name": "x", "accountId": "none"}, "0 accounts of the door sdk"),
        ({"name": True}, "finds no message name"),
        ([1], "finds no message name"),
        ({"name": "x" * 600}, "longer than 512"),
        (b"{", "not JSON"),
    ],
)
async def test_an_external_request_that_cannot_be_taken_says_why(body: object, error: str) -> None:
    with pytest.raises(UnprocessableError, match=error):
        await listener(external={"sdk": SDK})(external(body, door="sdk"))


async def test_sources_that_find_nothing_and_versions_that_are_none() -> None:
    hears = listener(external={"carrier": CARRIER})
    with pytest.raises(MalformedError, match="not a version"):
        await hears(external({"rev": "v1"}, door="carrier", **{"x-event": "moved"}))
    outcome = await hears(external([1, "a"], door="carrier", **{"x-event": "moved"}))
    assert decode_message(outcome.puts[0].parcel.body).attributes == {}
    with pytest.raises(ConfigError):
        source("")
    assert source("plain") == source("constant:plain")
