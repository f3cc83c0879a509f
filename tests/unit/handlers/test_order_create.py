from decimal import Decimal
from typing import Any

import msgspec
import pytest

from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import (
    Skip,
    UnprocessableError,
)
from unit.handlers.made_up_orders import (
    custom_line,
    line,
    money,
    order,
    taxed,
)
from unit.handlers.mapped_orders import attribute, body, mapped, paid

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
