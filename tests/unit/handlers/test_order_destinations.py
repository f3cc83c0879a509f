from decimal import Decimal
from typing import Any

import pytest

from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import (
    UnprocessableError,
)
from unit.handlers.made_up_orders import (
    ADDRESS,
    line,
    order,
    shipping_info,
)
from unit.handlers.mapped_orders import body, mapped, paid, shipped_twice


def test_an_order_of_several_shipments_has_one_choice_for_each() -> None:
    created = body(shipped_twice())
    assert created["type"] == "MULTI"
    assert [each["ref"] for each in created["fulfilmentChoices"]] == ["order-1-s1", "order-1-s2"]
    assert [(i["ref"], i["quantity"], i["fulfilmentChoiceRef"]) for i in created["items"]] == [
        ("line-1:s1", 1, "order-1-s1"),
        ("line-1:s2", 2, "order-1-s2"),
    ]
    assert [each["totalPrice"] for each in created["items"]] == [6.67, 13.33]
    assert paid(created) == Decimal("29.75")


def test_targets_that_do_not_add_up_are_refused() -> None:
    raw = shipped_twice()
    raw["lineItems"][0]["quantity"] = 4
    with pytest.raises(UnprocessableError, match="add up to 3 of 4"):
        mapped(raw)


def test_a_line_that_does_not_say_which_shipment_it_takes_is_refused() -> None:
    raw = shipped_twice()
    del raw["lineItems"][0]["shippingDetails"]
    with pytest.raises(UnprocessableError, match="with which shipment"):
        mapped(raw)


def test_one_shipping_to_several_addresses_is_charged_once() -> None:
    targets = [{"addressKey": "a", "quantity": 1}, {"addressKey": "b", "quantity": 1}]
    raw = order(
        itemShippingAddresses=[{**ADDRESS, "key": "a"}, {**ADDRESS, "key": "b"}],
        lineItems=[line(shippingDetails={"targets": targets})],
    )
    created = body(raw)
    assert [each["fulfilmentPrice"] for each in created["fulfilmentChoices"]] == [5.0, 0.0]
    assert paid(created) == Decimal("29.75")


def test_click_and_collect_has_a_location_and_no_address() -> None:
    change = mapped(order(custom={"fields": {"pickupLocationRef": "STORE_7"}}))
    created: dict[str, Any] = dict(change.create or {})
    choice = created["fulfilmentChoice"]
    assert created["type"] == "CC"
    assert choice["pickupLocationRef"] == "STORE_7"
    assert choice["fulfilmentType"] == "CC_PFS"
    assert "deliveryAddress" not in choice
    (location,) = (each for each in change.parents if each.entity == "location")
    assert (location.ref, location.source) == ("STORE_7", None)


def test_the_pickup_location_may_be_the_key_of_a_channel() -> None:
    channel = {"typeId": "channel", "id": "c", "obj": {"id": "c", "version": 1, "key": "STORE_9"}}
    raw = order(lineItems=[line(supplyChannel=channel)])
    assert body(raw)["type"] == "HD"
    created = body(raw, Settings(pickup_from=("channel",)))
    assert created["fulfilmentChoice"]["pickupLocationRef"] == "STORE_9"


def mixed() -> dict[str, Any]:
    collected = line(
        "line-2",
        "SKU-2",
        net=1000,
        gross=1190,
        custom={"fields": {"pickupLocationRef": "STORE_7"}},
    )
    return order(lineItems=[line(net=1000, gross=1190), collected])


def test_what_is_partly_collected_is_never_silently_delivered() -> None:
    created = body(mixed())
    assert created["type"] == "MULTI"
    assert [each["type"] for each in created["fulfilmentChoices"]] == ["HD", "CC"]
    assert paid(created) == Decimal("29.75")
    with pytest.raises(UnprocessableError, match="MULTI"):
        mapped(mixed(), Settings(order_types={"HD": "HD", "CC": "CC"}))


def test_home_delivery_without_an_address_is_refused_unless_allowed() -> None:
    raw = order(shippingAddress=None)
    with pytest.raises(UnprocessableError, match="neither address nor pickup location"):
        mapped(raw)
    assert "deliveryAddress" not in body(raw, Settings(missing_address="send"))["fulfilmentChoice"]


def test_the_delivery_type_is_found_by_the_shipping_method() -> None:
    settings = Settings(delivery_types={"Fast": "EXPRESS", "*": "STANDARD"})
    fast = order(shippingInfo=shipping_info(method="Fast"))
    assert body(fast, settings)["fulfilmentChoice"]["deliveryType"] == "EXPRESS"
    assert body(order(), settings)["fulfilmentChoice"]["deliveryType"] == "STANDARD"
