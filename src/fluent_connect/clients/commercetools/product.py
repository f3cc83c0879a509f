"""A commercetools product: variants, attributes, prices, tax category."""

from collections.abc import Sequence
from typing import Any

import msgspec

from fluent_connect.clients.commercetools.model import (
    DiscountedPrice,
    Head,
    Link,
    Localized,
    Money,
    TaxRate,
)


class TaxCategory(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A tax category and its rates."""

    id: str
    version: int
    key: str | None = None
    rates: Sequence[TaxRate] = ()


class Price(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A price, embedded in a variant or standing alone (then with `sku` and `version`)."""

    id: str | None = None
    version: int | None = None
    key: str | None = None
    sku: str | None = None
    value: Money
    country: str | None = None
    channel: Link[Head] | None = None
    customer_group: Link[Head] | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    active: bool = True
    discounted: DiscountedPrice | None = None


class Attribute(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A product attribute: any JSON by name."""

    name: str = ""
    value: Any = None


class Image(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An image of a variant."""

    url: str = ""
    label: str | None = None


class Variant(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A variant of a product (also as a line item keeps it)."""

    id: int = 0
    sku: str | None = None
    key: str | None = None
    prices: Sequence[Price] = ()
    attributes: Sequence[Attribute] = ()
    images: Sequence[Image] = ()


class ProductData(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One view of a product: current or staged."""

    name: Localized = {}
    slug: Localized = {}
    description: Localized | None = None
    categories: Sequence[Link[Head]] = ()
    attributes: Sequence[Attribute] = ()
    master_variant: Variant | None = None
    variants: Sequence[Variant] = ()


class MasterData(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Both views of a product, and whether customers see it."""

    current: ProductData | None = None
    published: bool = False


class Product(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A product as `/products/{id}` gives it."""

    id: str
    version: int
    key: str | None = None
    product_type: Link[Head] | None = None
    tax_category: Link[TaxCategory] | None = None
    price_mode: str | None = None
    master_data: MasterData = MasterData()


class StandalonePrice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The SKU that a standalone price belongs to (its amounts are read as `Price`)."""

    id: str
    version: int
    sku: str | None = None
