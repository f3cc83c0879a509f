import json
import pathlib
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from fluent_connect.clients.fluent.model import Ref, Upsert
from fluent_connect.handlers.order.create import OrderCreateHandler
from fluent_connect.handlers.order.export import ExportedOrder
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import (
    RetryableError,
    Skip,
    UnprocessableError,
    UnreachableError,
)
from fluent_schema import faults
from unit.handlers.made_up_orders import (
    ADDRESS,
    custom_line,
    line,
    money,
    order,
    payment,
    shipping_info,
    taxed,
)
from unit.handlers.stage import (
    NOW,
    FakeCommercetools,
    context,
    corpus,
    map_context,
    message,
    needs_corpus,
    outcome_of,
)

HANDLER = OrderCreateHandler()


def mapped(
    raw: dict[str, Any],
    settings: Settings | None = None,
    kind: str = "OrderCreated",
    buyer: dict[str, Any] | None = None,
) -> Upsert:
    resource = msgspec.convert({**raw, "~buyer": buyer}, ExportedOrder)
    told = message("order", raw["id"], kind)
    changes = list(HANDLER.map(resource, told, map_context(settings)))
    assert changes == list(HANDLER.map(resource, told, map_context(settings)))
    (change,) = changes
    assert isinstance(change, Upsert)
    assert faults(change) == []
    return change


def body(raw: dict[str, Any], settings: Settings | None = None, **more: Any) -> dict[str, Any]:
    create = mapped(raw, settings, **more).create
    assert create is not None
    return dict(create)


def attribute(of: dict[str, Any], name: str) -> Any:
    return {each["name"]: each["value"] for each in of["attributes"]}.get(name)


def paid(created: dict[str, Any]) -> Decimal:
    """Return what all parts of an order in Fluent add up to."""
    choices = created.get("fulfilmentChoices") or [created["fulfilmentChoice"]]
    parts = [each[name] for each in created["items"] for name in ("totalPrice", "totalTaxPrice")]
    parts += [each[name] for each in choices for name in ("fulfilmentPrice", "fulfilmentTaxPrice")]
    assert all(each >= 0 for each in parts)
    noted = attribute(created, "customLines") or []
    rest = [Decimal(each[name]) for each in noted for name in ("net", "tax")]
    positive = [each for each in rest if each > 0]
    return sum((Decimal(str(each)) for each in parts), Decimal(0)) + sum(positive, Decimal(0))


# What an order becomes.


def test_a_home_delivery_becomes_an_order_with_items_choice_and_customer() -> None:
    change = mapped(order())
    created: dict[str, Any] = dict(change.create or {})
    assert change.ref == "1001"
    assert change.update is None
    assert change.candidates == ("1001", "order-1")
    assert change.identity == ("commercetoolsOrderId", "order-1")
    assert created["type"] == "HD"
    (item,) = created["items"]
    assert item["ref"] == "line-1"
    assert item["productRef"] == "SKU-1"
    assert item["productCatalogueRef"] == "DEFAULT:1"
    assert item["price"] == 10.0
    assert item["paidPrice"] == 10.0
    assert item["taxPrice"] == 1.9
    assert item["totalPrice"] == 20.0
    assert item["totalTaxPrice"] == 3.8
    choice = created["fulfilmentChoice"]
    assert choice["fulfilmentType"] == "HD_PFS"
    assert choice["fulfilmentPrice"] == 5.0
    assert choice["fulfilmentTaxPrice"] == 0.95
    assert choice["deliveryAddress"]["ref"] == "order-1-ship"
    assert choice["deliveryAddress"]["street"] == "Hauptstr. 5"
    assert created["totalPrice"] == 25.0
    assert created["totalTaxPrice"] == 4.75
    assert paid(created) == Decimal("29.75")


def test_the_product_that_fluent_may_lack_is_named_with_its_source() -> None:
    parents = {parent.ref: parent for parent in mapped(order()).parents}
    assert str(parents["SKU-1"].source) == "product/product-of-SKU-1"
    assert parents["DEFAULT:1"].source is None


def test_prices_may_be_read_as_gross_while_totals_stay_net_and_tax() -> None:
    created = body(order(), Settings(item_prices="gross"))
    (item,) = created["items"]
    assert (item["price"], item["paidPrice"], item["taxPrice"]) == (11.9, 11.9, 1.9)
    assert (item["totalPrice"], item["totalTaxPrice"]) == (20.0, 3.8)
    assert created["totalPrice"] == 29.75
    assert paid(created) == Decimal("29.75")


@pytest.mark.parametrize(
    ("reading", "price", "each"), [("net-line", 20.0, 20.0), ("gross-line", 23.8, 23.8)]
)
def test_prices_may_be_read_per_line(reading: str, price: float, each: float) -> None:
    settings = msgspec.convert({"item_prices": reading}, Settings)
    (item,) = body(order(), settings)["items"]
    assert (item["price"], item["paidPrice"], item["taxPrice"]) == (price, each, 3.8)


def test_prices_without_tax_stay_as_they_are() -> None:
    raw = order(lineItems=[line(net=2000, gross=2380, price=1000, included=False)])
    (item,) = body(raw)["items"]
    assert (item["price"], item["totalPrice"], item["totalTaxPrice"]) == (10.0, 20.0, 3.8)
    (gross,) = body(raw, Settings(item_prices="gross"))["items"]
    assert gross["price"] == 11.9


# Money adds up.


def test_a_discount_on_the_total_is_taken_from_the_items_to_the_cent() -> None:
    lines = [
        line("a", "A", 1, net=1000, gross=1190),
        line("b", "B", 1, net=1000, gross=1190),
        line("c", "C", 1, net=1000, gross=1190),
    ]
    raw = order(
        lineItems=lines,
        shippingInfo=None,
        totalPrice=money(3470),
        taxedPrice=taxed(2916, 3470),
        discountOnTotalPrice={"discountedAmount": money(100)},
    )
    created = body(raw)
    assert [each["totalPrice"] for each in created["items"]] == [9.72, 9.72, 9.72]
    assert [each["totalTaxPrice"] for each in created["items"]] == [1.84, 1.85, 1.85]
    assert attribute(created, "discountOnTotalPrice") == "1.00"
    assert paid(created) == Decimal("34.70")


def test_a_discount_larger_than_the_items_reaches_the_shipping() -> None:
    created = body(order(totalPrice=money(119), taxedPrice=taxed(100, 119)))
    assert paid(created) == Decimal("1.19")
    assert created["items"][0]["totalPrice"] == 0.0


def test_high_precision_is_kept_to_its_last_digit() -> None:
    fine = {
        "type": "highPrecision",
        "currencyCode": "EUR",
        "centAmount": 12,
        "preciseAmount": 12345,
        "fractionDigits": 5,
    }
    raw = order(
        lineItems=[line(quantity=1000, net=10374, gross=12345, price=0)],
        shippingInfo=None,
        totalPrice=money(12345),
        taxedPrice=taxed(10374, 12345),
    )
    raw["lineItems"][0]["price"] = {"value": fine}
    created = body(raw, Settings(item_prices="gross"))
    assert created["items"][0]["price"] == 0.12345
    assert paid(created) == Decimal("123.45")


@pytest.mark.parametrize(
    ("currency", "digits", "total"), [("JPY", 0, Decimal(2380)), ("KWD", 3, Decimal("2.380"))]
)
def test_currencies_of_no_and_three_decimals(currency: str, digits: int, total: Decimal) -> None:
    raw = order(
        lineItems=[line(currency=currency, digits=digits)],
        shippingInfo=None,
        totalPrice=money(2380, currency, digits),
        taxedPrice=taxed(2000, 2380, currency, digits),
    )
    created = body(raw)
    assert paid(created) == total
    assert created["items"][0]["currency"] == currency


def test_an_order_of_several_currencies_is_refused() -> None:
    raw = order(lineItems=[line(currency="USD")])
    with pytest.raises(UnprocessableError, match="USD among EUR"):
        mapped(raw)


def test_a_gift_line_costs_nothing_and_is_sent() -> None:
    gift = line("gift", "GIFT", 1, net=0, gross=0, price=990, lineItemMode="GiftLineItem")
    created = body(order(lineItems=[line(), gift]))
    item = created["items"][1]
    assert (item["totalPrice"], item["paidPrice"]) == (0.0, 0.0)
    assert attribute(item, "lineItemMode") == "GiftLineItem"
    assert paid(created) == Decimal("29.75")


def test_two_lines_may_share_a_sku() -> None:
    raw = order(
        lineItems=[line("a", quantity=1, net=1000, gross=1190), line("b", net=1000, gross=1190)]
    )
    created = body(raw)
    assert [(each["ref"], each["productRef"]) for each in created["items"]] == [
        ("a", "SKU-1"),
        ("b", "SKU-1"),
    ]


def test_a_line_without_taxed_price_is_worked_out_by_its_rate() -> None:
    raw = order()
    del raw["lineItems"][0]["taxedPrice"]
    (item,) = body(raw)["items"]
    assert (item["totalPrice"], item["totalTaxPrice"]) == (20.0, 3.8)


def test_an_untaxed_order_is_taken_as_net_or_is_dead() -> None:
    raw = order(taxedPrice=None)
    created = body(raw)
    assert created["totalTaxPrice"] == 0.0
    assert paid(created) == Decimal("29.75")
    with pytest.raises(UnprocessableError, match="untaxed"):
        mapped(raw, Settings(untaxed="dead"))


def test_lines_that_are_worth_less_than_the_order_are_refused() -> None:
    with pytest.raises(
        UnprocessableError, match=r"the lines add up to 29\.75, the order to 99\.00"
    ):
        mapped(order(totalPrice=money(9900), taxedPrice=taxed(8000, 9900)))


# Custom lines.


def test_a_negative_custom_line_is_a_discount_and_never_an_item() -> None:
    raw = order(
        customLineItems=[custom_line("voucher", -420, -500)],
        totalPrice=money(2475),
        taxedPrice=taxed(2080, 2475),
    )
    created = body(raw, Settings(custom_lines={"*": "SERVICE-SKU"}))
    assert len(created["items"]) == 1
    assert created["items"][0]["totalPrice"] == 15.8
    assert paid(created) == Decimal("24.75")
    assert attribute(created, "customLines") == [
        {"id": "custom-1", "slug": "voucher", "quantity": 1, "net": "-4.20", "tax": "-0.80"}
    ]


def with_wrapping() -> dict[str, Any]:
    return order(
        customLineItems=[custom_line("wrap", 100, 119)],
        totalPrice=money(3094),
        taxedPrice=taxed(2600, 3094),
    )


def test_a_custom_line_is_kept_as_an_attribute_by_default() -> None:
    created = body(with_wrapping())
    assert len(created["items"]) == 1
    assert created["items"][0]["totalPrice"] == 20.0
    assert paid(created) == Decimal("30.94")


def test_a_custom_line_may_be_a_service_product() -> None:
    change = mapped(with_wrapping(), Settings(custom_lines={"wrap": "WRAP-SKU"}))
    created: dict[str, Any] = dict(change.create or {})
    service = created["items"][1]
    assert (service["ref"], service["productRef"]) == ("custom-1", "WRAP-SKU")
    assert "WRAP-SKU" in {parent.ref for parent in change.parents}
    assert paid(created) == Decimal("30.94")


def test_a_custom_line_may_be_part_of_the_fulfilment_price() -> None:
    created = body(with_wrapping(), Settings(custom_lines={"wrap": "fulfilment"}))
    assert created["fulfilmentChoice"]["fulfilmentPrice"] == 6.0
    assert paid(created) == Decimal("30.94")


@pytest.mark.parametrize("raw", [order(lineItems=[]), order(lineItems=[line(quantity=0)])])
def test_an_order_of_nothing_that_ships_is_skipped(raw: dict[str, Any]) -> None:
    with pytest.raises(Skip, match="no shippable line"):
        mapped(raw)


# Where it goes.


def shipped_twice() -> dict[str, Any]:
    targets = [
        {"addressKey": "home", "quantity": 1, "shippingMethodKey": "s1"},
        {"addressKey": "work", "quantity": 2, "shippingMethodKey": "s2"},
    ]
    return order(
        shippingMode="Multiple",
        shippingInfo=None,
        shipping=[
            {
                "shippingKey": "s1",
                "shippingInfo": shipping_info(300, 357),
                "shippingAddress": {**ADDRESS, "key": "home"},
            },
            {
                "shippingKey": "s2",
                "shippingInfo": shipping_info(200, 238),
                "shippingAddress": {**ADDRESS, "key": "work", "city": "Bonn"},
            },
        ],
        lineItems=[line(quantity=3, shippingDetails={"targets": targets, "valid": True})],
    )


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


# Whose it is.


def customer_of(created: dict[str, Any]) -> Ref:
    ref = created["customer"]["id"]
    assert isinstance(ref, Ref)
    return ref


def test_a_guest_is_one_customer_for_the_one_order() -> None:
    guest = customer_of(body(order()))
    assert guest.ref == "guest-order-1"
    assert guest.create is not None
    assert guest.create["primaryEmail"] == "ada@example.com"
    assert guest.create["lastName"] == "Example"


def test_a_customer_is_called_by_its_id_and_created_if_need_be() -> None:
    buyer = {"id": "c-1", "version": 3, "email": "ada@example.com", "firstName": "Ada"}
    ref = customer_of(body(order(customerId="c-1"), buyer=buyer))
    assert ref.ref == "c-1"
    assert ref.create is not None
    assert ref.create["retailer"] == {"id": "5"}


def test_an_erased_customers_order_is_a_guests() -> None:
    ref = customer_of(body(order(customerId="c-1")))
    assert ref.ref == "guest-order-1"
    assert ref.create is not None
    assert ref.create["primaryEmail"] == "ada@example.com"


def test_usernames_may_carry_a_prefix() -> None:
    ref = customer_of(body(order(), Settings(username_prefix="de_")))
    assert ref.ref == "de_guest-order-1"


# What was paid.


def paid_by(*payments: dict[str, Any]) -> dict[str, Any]:
    links = [{"typeId": "payment", "id": each["id"], "obj": each} for each in payments]
    return order(paymentInfo={"payments": links})


def test_a_successful_charge_goes_before_an_authorization() -> None:
    paid_up = payment(("Authorization", "Success", 2975), ("Charge", "Success", 2975))
    (transaction,) = body(paid_by(paid_up))["financialTransactions"]
    assert transaction["ref"] == "payment-1"
    assert (transaction["amount"], transaction["unscaledValue"], transaction["scale"]) == (
        29.75,
        2975,
        2,
    )
    assert attribute(transaction, "commercetoolsTransactionType") == "Charge"
    assert transaction["paymentMethod"] == "CREDITCARD"


def test_an_authorization_counts_where_no_charge_succeeded() -> None:
    reserved = payment(("Authorization", "Success", 2975), ("Charge", "Failure", 2975))
    (transaction,) = body(paid_by(reserved))["financialTransactions"]
    assert attribute(transaction, "commercetoolsTransactionType") == "Authorization"


def test_a_payment_that_holds_no_money_is_no_transaction() -> None:
    pending = payment(("Authorization", "Pending", 2975))
    assert "financialTransactions" not in body(paid_by(pending))


def test_an_unscaled_value_beyond_32_bits_is_left_out_and_told() -> None:
    large = payment(("Charge", "Success", 3_000_000_000))
    (transaction,) = body(paid_by(large))["financialTransactions"]
    assert "unscaledValue" not in transaction
    assert transaction["amount"] == 30_000_000.0
    assert attribute(transaction, "exactAmount") == "30000000.00"


def test_a_payment_that_cannot_be_read_is_an_outage_and_not_no_payment() -> None:
    raw = order(paymentInfo={"payments": [{"typeId": "payment", "id": "p"}]})
    with pytest.raises(UnreachableError, match="view_payments") as raised:
        mapped(raw)
    assert raised.value.outage


# The gate.


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("paymentState", "Failed", "paymentState=Failed"),
        ("orderState", "Cancelled", "orderState=Cancelled"),
        ("shipmentState", "Shipped", "shipmentState=Shipped"),
        ("orderState", None, "orderState=absent"),
    ],
)
def test_an_order_that_must_not_start_fulfilment_is_skipped(
    field: str, value: str | None, told: str
) -> None:
    with pytest.raises(Skip, match=f"not exportable \\({told}\\)"):
        mapped(order(**{field: value}))


def test_the_gate_may_ask_for_a_custom_field() -> None:
    settings = Settings(export_when={"custom.checked": ("yes",)})
    with pytest.raises(Skip, match=r"custom\.checked=absent"):
        mapped(order(), settings)
    assert mapped(order(custom={"fields": {"checked": "yes"}}), settings).ref == "1001"


def test_an_imported_order_is_skipped_gated_or_history() -> None:
    with pytest.raises(Skip, match="import-orders: off"):
        mapped(order(), kind="OrderImported")
    with pytest.raises(Skip, match="not exportable"):
        mapped(order(paymentState="Failed"), Settings(import_orders="gate"), kind="OrderImported")
    history = Settings(import_orders="history", inert_order_types=("HISTORY",))
    shipped = order(shipmentState="Shipped", orderState="Complete")
    assert body(shipped, history, kind="OrderImported")["type"] == "HISTORY"
    with pytest.raises(UnprocessableError, match="inert-order-types"):
        mapped(order(), Settings(import_orders="history"), kind="OrderImported")


# Reading it.


async def test_an_order_without_its_number_waits_until_its_deadline() -> None:
    raw = order(orderNumber=None)
    shop = FakeCommercetools({"order/order-1": raw})
    told = message("order", "order-1", "OrderCreated")
    with pytest.raises(RetryableError, match="no order number") as raised:
        await HANDLER.fetch(told, context(shop, now=NOW))
    assert not raised.value.counts
    assert raised.value.retry_after == 60
    with pytest.raises(UnprocessableError, match="no order number"):
        await HANDLER.fetch(told, context(shop, now=NOW + 4 * 86400))
    by_id = await HANDLER.fetch(told, context(shop, settings=Settings(order_ref="id")))
    assert by_id.resource is not None


async def test_an_order_that_is_kept_back_is_not_asked_about_further() -> None:
    shop = FakeCommercetools({"order/order-1": order(paymentState="Failed", customerId="c")})
    fetched = await HANDLER.fetch(message("order", "order-1"), context(shop))
    assert fetched.version == 4
    assert len(shop.asked) == 1


async def test_the_customer_is_read_with_the_order() -> None:
    shop = FakeCommercetools(
        {
            "order/order-1": order(customerId="c-1"),
            "customer/c-1": {"id": "c-1", "version": 7, "email": "x@example.com"},
        }
    )
    fetched = await HANDLER.fetch(message("order", "order-1"), context(shop))
    assert fetched.resource is not None
    assert fetched.resource.buyer is not None
    assert fetched.resource.buyer.version == 7
    assert fetched.dependencies == {"customer/c-1": 7}


async def test_an_unexpanded_payment_is_read_by_itself_or_is_an_outage() -> None:
    raw = order(paymentInfo={"payments": [{"typeId": "payment", "id": "payment-1"}]})
    held = {"order/order-1": raw}
    with pytest.raises(UnreachableError, match="view_payments"):
        await HANDLER.fetch(message("order", "order-1"), context(FakeCommercetools(held)))
    both = {**held, "payment/payment-1": payment(("Charge", "Success", 2975))}
    fetched = await HANDLER.fetch(message("order", "order-1"), context(FakeCommercetools(both)))
    assert fetched.resource is not None
    assert fetched.resource.payment_info is not None
    assert fetched.resource.payment_info.payments[0].obj is not None


async def test_an_order_that_is_not_there_is_gone() -> None:
    fetched = await HANDLER.fetch(message("order", "order-1"), context())
    assert fetched.resource is None
    with pytest.raises(Skip):
        HANDLER.gone(message("order", "order-1"), map_context())


@needs_corpus
def test_every_recorded_order_maps_or_says_why_not() -> None:
    done = 0
    for name, raw in corpus("orders"):
        resource = msgspec.convert(raw, ExportedOrder)
        settings = Settings(order_ref="id", missing_address="send")
        changes = outcome_of(HANDLER, resource, message("order", raw["id"]), settings)
        for change in changes:
            assert isinstance(change, Upsert)
            assert faults(change) == [], name
            done += 1
    assert done > 2


def test_the_golden_order_is_mapped_as_recorded() -> None:
    file = pathlib.Path(__file__).with_name("golden_order.json")
    encoded = msgspec.json.format(msgspec.json.encode(mapped(shipped_twice())), indent=2)
    assert json.loads(encoded) == json.loads(file.read_text("utf-8"))
