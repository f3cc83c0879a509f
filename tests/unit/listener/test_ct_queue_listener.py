from collections.abc import Mapping

import pytest

from fluent_connect.listener.account_mapping import AccountMap, Target
from fluent_connect.listener.ct_external_message_receiver import CTExternalMessageReceiver
from fluent_connect.listener.route_mapping import RouteMap, RouteMapping
from fluent_connect.model.codec import decode_message
from fluent_connect.model.errors import (
    MalformedError,
    Skip,
    UnprocessableError,
)
from fluent_connect.model.fact import Known, Queued, Split, Told
from fluent_connect.model.notification import Notification, Reference
from fluent_connect.model.outcome import Done, Outcome, Skipped, Unseen
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE
from unit.listener.hearing import PARCEL_ID, SHOP, base, delivery, hear, listener, pubsub, target


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


@pytest.mark.parametrize(("staged", "taken"), [(True, False), (False, True), ("true", True)])
async def test_an_edit_that_is_not_published_is_skipped(staged: object, taken: bool) -> None:
    body = base(notificationType="Message", id="m-9", type="ProductPriceChanged", staged=staged)
    product = {"resource": {"typeId": "product", "id": "p"}, "sequenceNumber": 2}
    outcome = await hear({**body, **product})
    assert outcome.fate == (Done("1 message") if taken else Skipped("staged"))


def test_an_entry_may_let_staged_edits_pass() -> None:
    told = Notification(
        id="n",
        kind="ProductPriceChanged",
        project_key="shop",
        resource=Reference("product", "p"),
        payload={"staged": True},
    )
    entry = RouteMapping(name="product", route="r", props={"staged": "pass"})
    assert RouteMap([entry]).match(told) is entry


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
    assert decode_message(allowed.puts[0].parcel.body).only == ("acme",)
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
