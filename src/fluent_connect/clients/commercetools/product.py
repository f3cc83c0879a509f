"""A commercetools product: every documented field of the view that customers see.

The staged view is not read: it is as large as the current one, and nothing of it is for Fluent.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.commercetools.model import (
    Asset,
    CustomFields,
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
    name: str | None = None
    description: str | None = None
    rates: Sequence[TaxRate] = ()


class AttributeDefinition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a product type says of an attribute: its kind, and where it stands.

    `type`: `{"name": "set", "elementType": {"name": "text"}}` and the like.
    """

    name: str = ""
    type: Mapping[str, Any] = {}
    label: Localized | None = None
    level: str | None = None
    attribute_constraint: str | None = None
    is_required: bool = False
    is_searchable: bool = False
    input_hint: str | None = None
    input_tip: Localized | None = None


class ProductType(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A product type and its attributes."""

    id: str = ""
    version: int = 0
    key: str | None = None
    name: str | None = None
    description: str | None = None
    attributes: Sequence[AttributeDefinition] = ()


class PriceTier(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one piece costs from this quantity on."""

    minimum_quantity: int = 0
    value: Money = Money()


class StagedPrice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A value of a standalone price that does not hold yet."""

    value: Money | None = None
    discounted: DiscountedPrice | None = None


class Price(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A price, embedded in a variant or standing alone (then with `sku` and `version`)."""

    id: str | None = None
    version: int | None = None
    created_at: str | None = None
    last_modified_at: str | None = None
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
    tiers: Sequence[PriceTier] = ()
    staged: StagedPrice | None = None
    recurrence_policy: Link[Head] | None = None
    custom: CustomFields | None = None


class Attribute(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A product attribute: any JSON by name."""

    name: str = ""
    value: Any = None


class Dimensions(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The size of an image in pixels."""

    w: int = 0
    h: int = 0


class Image(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An image of a variant."""

    url: str = ""
    label: str | None = None
    dimensions: Dimensions | None = None


class Availability(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What commercetools holds of a variant's stock; `channels` by id."""

    is_on_stock: bool | None = None
    available_quantity: int | None = None
    restockable_in_days: int | None = None
    channels: Mapping[str, Any] | None = None


class Variant(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A variant of a product (also as a line item keeps it)."""

    id: int = 0
    sku: str | None = None
    key: str | None = None
    prices: Sequence[Price] = ()
    attributes: Sequence[Attribute] = ()
    images: Sequence[Image] = ()
    assets: Sequence[Asset] = ()
    availability: Availability | None = None


class ProductData(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One view of a product. `category_order_hints`: by category id."""

    name: Localized = {}
    slug: Localized = {}
    description: Localized | None = None
    meta_title: Localized | None = None
    meta_description: Localized | None = None
    meta_keywords: Localized | None = None
    search_keywords: Mapping[str, Any] = {}
    categories: Sequence[Link[Head]] = ()
    category_order_hints: Mapping[str, str] = {}
    attributes: Sequence[Attribute] = ()
    master_variant: Variant | None = None
    variants: Sequence[Variant] = ()


class MasterData(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The current view of a product, and whether customers see it."""

    current: ProductData | None = None
    published: bool = False
    has_staged_changes: bool = False


class Ratings(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What reviews come to."""

    average_rating: float = 0.0
    highest_rating: float = 0.0
    lowest_rating: float = 0.0
    count: int = 0
    ratings_distribution: Mapping[str, int] = {}


class Product(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A product as `/products/{id}` gives it."""

    id: str
    version: int
    created_at: str | None = None
    last_modified_at: str | None = None
    key: str | None = None
    product_type: Link[ProductType] | None = None
    tax_category: Link[TaxCategory] | None = None
    state: Link[Head] | None = None
    review_rating_statistics: Ratings | None = None
    price_mode: str | None = None
    master_data: MasterData = MasterData()


class StandalonePrice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The SKU that a standalone price belongs to (its amounts are read as `Price`)."""

    id: str
    version: int
    sku: str | None = None
