"""A commercetools order, with every documented field that a shop may want to map."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.commercetools.line import CustomLineItem, IncludedDiscount, LineItem
from fluent_connect.clients.commercetools.model import (
    Address,
    CustomFields,
    Head,
    Link,
    Money,
    TaxedPrice,
)
from fluent_connect.clients.commercetools.payment import Payment
from fluent_connect.clients.commercetools.shipping import Shipping, ShippingInfo


class DiscountOnTotal(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A discount on the whole order, that no line carries."""

    discounted_amount: Money | None = None
    discounted_net_amount: Money | None = None
    discounted_gross_amount: Money | None = None
    included_discounts: Sequence[IncludedDiscount] = ()


class DiscountCodeInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A discount code that was entered, and what came of it; its text only if expanded."""

    discount_code: Link[Any] | None = None
    state: str | None = None


class PaymentInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The payments of an order."""

    payments: Sequence[Link[Payment]] = ()


class Order(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An order.

    What belongs to other parties or to later steps (returns, syncs, direct discounts) stays as it
    came. A reference with an `Any` shows its target only where the account expands it.
    """

    id: str
    version: int
    created_at: str | None = None
    last_modified_at: str | None = None
    completed_at: str | None = None
    order_number: str | None = None
    purchase_order_number: str | None = None
    customer_id: str | None = None
    customer_email: str | None = None
    customer_group: Link[Any] | None = None
    anonymous_id: str | None = None
    business_unit: Link[Any] | None = None
    store: Link[Any] | None = None
    total_price: Money | None = None
    taxed_price: TaxedPrice | None = None
    taxed_shipping_price: TaxedPrice | None = None
    discount_on_total_price: DiscountOnTotal | None = None
    tax_mode: str | None = None
    tax_rounding_mode: str | None = None
    tax_calculation_mode: str | None = None
    price_rounding_mode: str | None = None
    inventory_mode: str | None = None
    order_state: str | None = None
    shipment_state: str | None = None
    payment_state: str | None = None
    state: Link[Any] | None = None
    line_items: Sequence[LineItem] = ()
    custom_line_items: Sequence[CustomLineItem] = ()
    billing_address: Address | None = None
    shipping_address: Address | None = None
    item_shipping_addresses: Sequence[Address] = ()
    shipping_mode: str | None = None
    shipping_key: str | None = None
    shipping_info: ShippingInfo | None = None
    shipping_rate_input: Mapping[str, Any] | None = None
    shipping: Sequence[Shipping] = ()
    shipping_custom_fields: CustomFields | None = None
    discount_codes: Sequence[DiscountCodeInfo] = ()
    direct_discounts: Sequence[Mapping[str, Any]] = ()
    refused_gifts: Sequence[Link[Any]] = ()
    discount_type_combination: Mapping[str, Any] | None = None
    payment_info: PaymentInfo | None = None
    return_info: Sequence[Mapping[str, Any]] = ()
    sync_info: Sequence[Mapping[str, Any]] = ()
    cart: Link[Head] | None = None
    quote: Link[Any] | None = None
    recurring_order: Link[Any] | None = None
    country: str | None = None
    locale: str | None = None
    origin: str | None = None
    custom: CustomFields | None = None
