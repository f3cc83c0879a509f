"""An order's status in Fluent becomes its states in commercetools, forward only."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from fluent_connect.clients.commercetools.model import Update
from fluent_connect.handlers.message_handler import Change
from fluent_connect.handlers.order.status import OrderStatusUpdatedHandler
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import Skip, UnprocessableError
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference
from unit.handlers.stage import (
    FakeCommercetools,
    FakeFluent,
    context,
    map_context,
)

HANDLER = OrderStatusUpdatedHandler()
TOLD = Message(
    id="m.0",
    name="fc.connect.order.webhook.status-update",
    key="ACME/5/ORDER/12",
    account="ACME",
    retailer="5",
    project_key="shop",
    resource=Reference("ORDER", "12"),
    cause="external",
)


def in_fluent(status: str, source: str | None = "o-1") -> dict[str, Any]:
    attributes = [{"name": "commercetoolsOrderId", "value": source}] if source else []
    return {"id": "12", "ref": "1234", "status": status, "attributes": attributes}


async def brought(
    status: str,
    order: Mapping[str, object],
    settings: Settings | None = None,
    *,
    props: Mapping[str, str] | None = None,
    documents: Mapping[str, object] | None = None,
) -> list[Change]:
    """Return what becomes of an order as commercetools has it."""
    nodes = [
        {"node": {"name": name, "lobValue": document, "context": "ACCOUNT"}}
        for name, document in (documents or {}).items()
    ]
    fluent = FakeFluent([{"found": in_fluent(status), "settings": {"edges": nodes}}])
    shop = FakeCommercetools({"order/o-1": {"id": "o-1", "version": 7, **order}})
    given = msgspec.structs.replace(context(shop, fluent), props=props or {})
    fetched = await HANDLER.fetch(TOLD, given)
    assert fetched.resource is not None
    return list(HANDLER.map(fetched.resource, TOLD, map_context(settings)))


def update(**states: str) -> list[Update]:
    actions = [
        {"action": f"change{name[0].upper()}{name[1:]}", name: state}
        for name, state in states.items()
    ]
    return [Update(Reference("order", "o-1"), actions, 7)]


@pytest.mark.parametrize(
    ("status", "held", "wanted"),
    [
        ("BOOKED", "Open", "Confirmed"),
        ("PICK_PACK", "Open", "Confirmed"),
        ("COMPLETE", "Open", "Complete"),
        ("CANCELLED", "Confirmed", "Cancelled"),
    ],
)
async def test_a_status_moves_the_order_on(status: str, held: str, wanted: str) -> None:
    assert await brought(status, {"orderState": held}) == update(orderState=wanted)


@pytest.mark.parametrize(
    ("status", "held"),
    [
        ("BOOKED", "Confirmed"),
        ("RECEIVED", "Confirmed"),
        ("BOOKED", "Complete"),
        ("COMPLETE", "Cancelled"),
        ("CANCELLED", "Complete"),
    ],
)
async def test_what_is_equal_or_would_lead_back_changes_nothing(status: str, held: str) -> None:
    with pytest.raises(Skip, match=f"status {status} changes nothing"):
        await brought(status, {"orderState": held})


async def test_three_states_go_in_one_update() -> None:
    settings = Settings(
        payment_states={"COMPLETE": "Paid"}, shipment_states={"COMPLETE": "Delivered"}
    )
    order = {"orderState": "Confirmed", "paymentState": "BalanceDue"}
    found = await brought("COMPLETE", order, settings)
    assert found == update(orderState="Complete", paymentState="Paid", shipmentState="Delivered")


async def test_only_what_moves_on_is_in_the_update() -> None:
    settings = Settings(shipment_states={"*": "Ready"})
    order = {"orderState": "Open", "shipmentState": "Shipped"}
    assert await brought("BOOKED", order, settings) == update(orderState="Confirmed")


async def test_a_status_in_no_table_is_skipped_by_name() -> None:
    with pytest.raises(Skip, match="status ON_THE_MOON is in no table"):
        await brought("ON_THE_MOON", {"orderState": "Open"})


@pytest.mark.parametrize("form", [dict, json.dumps])
async def test_a_table_may_stand_in_a_setting_of_fluents(form: Any) -> None:
    document = form({"fluent": {"BOOKED": "Complete"}})
    found = await brought(
        "BOOKED",
        {"orderState": "Open"},
        props={"order-status-mapping": "fc.order.states"},
        documents={"fc.order.states": document},
    )
    assert found == update(orderState="Complete")


@pytest.mark.parametrize("document", [None, "{", {"fluent": []}, {"fluent": {"A": 1}}])
async def test_a_setting_that_is_no_table_is_named(document: object) -> None:
    documents = {} if document is None else {"fc.order.states": document}
    with pytest.raises(UnprocessableError, match=r"setting fc\.order\.states"):
        await brought(
            "BOOKED",
            {"orderState": "Open"},
            props={"order-status-mapping": "fc.order.states"},
            documents=documents,
        )


async def test_an_order_that_is_not_ours_is_left_alone() -> None:
    fluent = FakeFluent([{"found": in_fluent("BOOKED", None)}])
    with pytest.raises(Skip, match="did not come from commercetools"):
        await HANDLER.fetch(TOLD, context(FakeCommercetools(), fluent))
    fluent = FakeFluent([{"found": in_fluent("BOOKED")}])
    with pytest.raises(Skip, match="no order o-1 any more"):
        await HANDLER.fetch(TOLD, context(FakeCommercetools(), fluent))


async def test_an_order_that_fluent_does_not_show_is_not_there() -> None:
    fetched = await HANDLER.fetch(TOLD, context(FakeCommercetools(), FakeFluent()))
    assert fetched.resource is None


async def test_a_webhook_about_anything_else_is_refused() -> None:
    other = msgspec.structs.replace(TOLD, resource=Reference("FULFILMENT", "3"))
    with pytest.raises(UnprocessableError, match="FULFILMENT/3"):
        await HANDLER.fetch(other, context())
