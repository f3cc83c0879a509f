"""How an order ships: methods, rates, deliveries."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.commercetools.line import DiscountedLinePrice
from fluent_connect.clients.commercetools.model import (
    Address,
    CustomFields,
    Head,
    Link,
    Localized,
    Money,
    TaxedPrice,
    TaxRate,
)


class ShippingMethod(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A shipping method, as far as an expanded reference shows it."""

    id: str = ""
    version: int = 0
    key: str | None = None
    name: str | None = None
    localized_name: Localized | None = None
    localized_description: Localized | None = None
    tax_category: Link[Head] | None = None
    is_default: bool = False
    custom: CustomFields | None = None


class ShippingRate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What shipping would cost, and from which order value on it is free."""

    price: Money | None = None
    free_above: Money | None = None
    tiers: Sequence[Mapping[str, Any]] = ()


class Delivery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was sent together. Items and parcels stay as they came."""

    id: str = ""
    key: str | None = None
    created_at: str | None = None
    items: Sequence[Mapping[str, Any]] = ()
    parcels: Sequence[Mapping[str, Any]] = ()
    address: Address | None = None
    custom: CustomFields | None = None


class ShippingInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How an order ships, and for how much."""

    shipping_method_name: str | None = None
    shipping_method: Link[ShippingMethod] | None = None
    shipping_method_state: str | None = None
    price: Money | None = None
    shipping_rate: ShippingRate | None = None
    discounted_price: DiscountedLinePrice | None = None
    taxed_price: TaxedPrice | None = None
    tax_category: Link[Head] | None = None
    tax_rate: TaxRate | None = None
    deliveries: Sequence[Delivery] = ()
    estimated_delivery: Mapping[str, Any] | None = None
    custom: CustomFields | None = None


class Shipping(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One of the shipments of an order whose `shippingMode` is Multiple."""

    shipping_key: str = ""
    shipping_info: ShippingInfo | None = None
    shipping_rate_input: Mapping[str, Any] | None = None
    shipping_address: Address | None = None
    shipping_custom_fields: CustomFields | None = None
