"""A commercetools order: lines, shipping, what belongs to them."""

from collections.abc import Sequence

import msgspec

from fluent_connect.clients.commercetools.model import (
    Address,
    CustomFields,
    DiscountedPrice,
    Head,
    Link,
    Localized,
    Money,
    TaxedPrice,
    TaxRate,
)
from fluent_connect.clients.commercetools.payment import Payment
from fluent_connect.clients.commercetools.product import Price, Variant


class ItemTarget(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many of a line go to one address, or (Multiple) with one shipping entry."""

    address_key: str | None = None
    quantity: int = 0
    shipping_method_key: str | None = None


class ItemShipping(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a line goes, if the order says so line by line."""

    targets: Sequence[ItemTarget] = ()


class LineItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A line of an order."""

    id: str = ""
    key: str | None = None
    product_id: str | None = None
    product_key: str | None = None
    name: Localized = {}
    variant: Variant = Variant()
    price: Price | None = None
    quantity: int = 0
    total_price: Money | None = None
    taxed_price: TaxedPrice | None = None
    tax_rate: TaxRate | None = None
    line_item_mode: str | None = None
    shipping_details: ItemShipping | None = None
    supply_channel: Link[Head] | None = None
    distribution_channel: Link[Head] | None = None
    custom: CustomFields | None = None


class CustomLineItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A line without a product: a fee, a service, a discount."""

    id: str = ""
    key: str | None = None
    slug: str = ""
    name: Localized = {}
    money: Money | None = None
    quantity: int = 1
    total_price: Money | None = None
    taxed_price: TaxedPrice | None = None
    tax_rate: TaxRate | None = None


class ShippingInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How an order ships, and for how much."""

    shipping_method_name: str | None = None
    shipping_method: Link[Head] | None = None
    price: Money | None = None
    discounted_price: DiscountedPrice | None = None
    taxed_price: TaxedPrice | None = None
    tax_rate: TaxRate | None = None


class Shipping(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One of the shipments of an order whose `shippingMode` is Multiple."""

    shipping_key: str = ""
    shipping_info: ShippingInfo | None = None
    shipping_address: Address | None = None
    shipping_custom_fields: CustomFields | None = None


class DiscountOnTotal(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A discount on the whole order, that no line carries."""

    discounted_amount: Money | None = None


class PaymentInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The payments of an order."""

    payments: Sequence[Link[Payment]] = ()


class Order(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An order."""

    id: str
    version: int
    created_at: str | None = None
    order_number: str | None = None
    purchase_order_number: str | None = None
    customer_id: str | None = None
    customer_email: str | None = None
    total_price: Money | None = None
    taxed_price: TaxedPrice | None = None
    discount_on_total_price: DiscountOnTotal | None = None
    order_state: str | None = None
    shipment_state: str | None = None
    payment_state: str | None = None
    state: Link[Head] | None = None
    line_items: Sequence[LineItem] = ()
    custom_line_items: Sequence[CustomLineItem] = ()
    billing_address: Address | None = None
    shipping_address: Address | None = None
    item_shipping_addresses: Sequence[Address] = ()
    shipping_mode: str | None = None
    shipping_info: ShippingInfo | None = None
    shipping: Sequence[Shipping] = ()
    shipping_custom_fields: CustomFields | None = None
    payment_info: PaymentInfo | None = None
    store: Link[Head] | None = None
    locale: str | None = None
    origin: str | None = None
    custom: CustomFields | None = None
