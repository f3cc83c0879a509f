"""The lines of an order: what is sold, at which price, with which discounts and taxes.

What mappings seldom read (states of pieces, recurrence) stays as it came, so that an order is
decoded fast.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.commercetools.channel import Channel
from fluent_connect.clients.commercetools.model import (
    CustomFields,
    Head,
    Link,
    Localized,
    Money,
    TaxedPrice,
    TaxRate,
)
from fluent_connect.clients.commercetools.product import Price, Variant


class ItemTarget(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many of a line go to one address, or (Multiple) with one shipping entry."""

    address_key: str | None = None
    quantity: int = 0
    shipping_method_key: str | None = None


class ItemShipping(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a line goes, if the order says so line by line."""

    targets: Sequence[ItemTarget] = ()
    valid: bool | None = None


class IncludedDiscount(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A part of a discount, and the cart discount or direct discount that it comes from."""

    discount: Link[Any] | None = None
    discounted_amount: Money | None = None


class DiscountedLinePrice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one piece, or the shipping, costs after the discounts of the cart."""

    value: Money
    included_discounts: Sequence[IncludedDiscount] = ()


class DiscountedQuantity(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """So many pieces of a line that have one discounted price."""

    quantity: int = 0
    discounted_price: DiscountedLinePrice | None = None


class MethodTaxRate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The tax rate of those pieces that go with one shipping entry (Multiple)."""

    shipping_method_key: str = ""
    tax_rate: TaxRate | None = None


class MethodTaxedPrice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What those pieces cost that go with one shipping entry (Multiple)."""

    shipping_method_key: str = ""
    taxed_price: TaxedPrice | None = None


class LineItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A line of an order. `state`: how many pieces are in which state, as it came."""

    id: str = ""
    key: str | None = None
    product_id: str | None = None
    product_key: str | None = None
    product_type: Link[Any] | None = None
    product_slug: Localized = {}
    name: Localized = {}
    variant: Variant = Variant()
    price: Price | None = None
    quantity: int = 0
    total_price: Money | None = None
    discounted_price_per_quantity: Sequence[DiscountedQuantity] = ()
    taxed_price: TaxedPrice | None = None
    taxed_price_portions: Sequence[MethodTaxedPrice] = ()
    tax_rate: TaxRate | None = None
    per_method_tax_rate: Sequence[MethodTaxRate] = ()
    price_mode: str | None = None
    line_item_mode: str | None = None
    inventory_mode: str | None = None
    shipping_details: ItemShipping | None = None
    supply_channel: Link[Channel] | None = None
    distribution_channel: Link[Channel] | None = None
    state: Sequence[Mapping[str, Any]] = ()
    recurrence_info: Mapping[str, Any] | None = None
    added_at: str | None = None
    last_modified_at: str | None = None
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
    discounted_price_per_quantity: Sequence[DiscountedQuantity] = ()
    taxed_price: TaxedPrice | None = None
    taxed_price_portions: Sequence[MethodTaxedPrice] = ()
    tax_category: Link[Head] | None = None
    tax_rate: TaxRate | None = None
    per_method_tax_rate: Sequence[MethodTaxRate] = ()
    price_mode: str | None = None
    shipping_details: ItemShipping | None = None
    state: Sequence[Mapping[str, Any]] = ()
    recurrence_info: Mapping[str, Any] | None = None
    custom: CustomFields | None = None
