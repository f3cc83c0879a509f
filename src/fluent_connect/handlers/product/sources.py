"""What mappings of products may read: the roots of their paths, and how they are prepared."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.commercetools.product import Product, ProductData, Variant
from fluent_connect.handlers.product.catalogued import (
    REF,
    CataloguedProduct,
    link_key,
    sku,
    variants,
)
from fluent_connect.handlers.product.described import Kinds, described, kinds, plain
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.text import clean, whole
from fluent_connect.mapping.values import Typed


class StandardSource(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A product, for the mapping of its standard product.

    data:       what customers see of it. variant: its only variant with a SKU, if it is the only.
    attributes: of the product, by name, as commercetools writes them; typed: as Fluent takes them.
    categories: their refs in Fluent. barcode: of the attribute that `gtin-attribute` names.
    """

    ref: str
    product: CataloguedProduct
    data: ProductData
    variant: Variant | None
    attributes: Mapping[str, Any]
    typed: Mapping[str, Typed]
    categories: Sequence[str]
    barcode: str | None
    tax_country: str | None
    tax_category: str | None
    product_type: str | None
    without_sku: Sequence[int]


class VariantSource(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A variant and its product, for the mapping of the variant.

    standard:   ref of its standard product. data: what customers see of the product.
    attributes: of the variant, by name, as commercetools writes them; typed: as Fluent takes them.
    prices:     Fluent's price rows, made by the target `price`; known_prices: which are ours.
    """

    ref: str
    standard: str
    product: CataloguedProduct
    data: ProductData
    variant: Variant
    attributes: Mapping[str, Any]
    typed: Mapping[str, Typed]
    product_attributes: Mapping[str, Any]
    product_typed: Mapping[str, Typed]
    categories: Sequence[str]
    barcode: str | None
    tax_country: str | None
    tax_category: str | None
    product_type: str | None
    prices: Sequence[Mapping[str, object]]
    known_prices: Mapping[str, str]


class InactiveSource(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A product or variant that is no longer sold."""

    ref: str
    product: CataloguedProduct


class Common(msgspec.Struct, frozen=True, kw_only=True):
    """What all entities of one product have in common, prepared once."""

    product: CataloguedProduct
    data: ProductData
    standard: str
    categories: Mapping[str, str]
    """Refs in Fluent, by the category's id."""
    kinds: Kinds
    attributes: Mapping[str, Any]
    typed: Mapping[str, Typed]
    tax_country: str | None


def prepared(
    product: CataloguedProduct, data: ProductData, standard: str, settings: Settings
) -> Common:
    """Return what the product's entities have in common."""
    known, own = kinds(product), plain(data.attributes)
    return Common(
        product=product,
        data=data,
        standard=standard,
        categories={
            link.id: _category(link.id, link_key(link), settings) for link in data.categories
        },
        kinds=known,
        attributes=own,
        typed=described(own, known, settings),
        tax_country=_tax_country(product, settings),
    )


def standard_source(common: Common, sold: Sequence[Variant], settings: Settings) -> StandardSource:
    """Return the roots for the standard product."""
    product = common.product
    only = sold[0] if len(sold) == 1 else None
    found = plain(only.attributes) if only else {}
    return StandardSource(
        ref=common.standard,
        product=product,
        data=common.data,
        variant=only,
        attributes=common.attributes,
        typed=common.typed,
        categories=_distinct(common),
        barcode=_barcode(settings, found, common.attributes),
        tax_country=common.tax_country,
        tax_category=link_key(product.tax_category),
        product_type=link_key(product.product_type),
        without_sku=[each.id for each in variants(product) if sku(each) is None],
    )


def variant_source(
    common: Common,
    variant: Variant,
    settings: Settings,
    *,
    prices: Sequence[Mapping[str, object]],
    known_prices: Mapping[str, str],
) -> VariantSource:
    """Return the roots for a variant."""
    product = common.product
    own = plain(variant.attributes)
    return VariantSource(
        ref=variant.sku or "",
        standard=common.standard,
        product=product,
        data=common.data,
        variant=variant,
        attributes=own,
        typed=described(own, common.kinds, settings),
        product_attributes=common.attributes,
        product_typed=common.typed,
        categories=_distinct(common),
        barcode=_barcode(settings, own, common.attributes),
        tax_country=common.tax_country,
        tax_category=link_key(product.tax_category),
        product_type=link_key(product.product_type),
        prices=prices,
        known_prices=known_prices,
    )


def _distinct(common: Common) -> list[str]:
    return list(dict.fromkeys(common.categories.values()))


def _category(identity: str, key: str | None, settings: Settings) -> str:
    name = identity if settings.category_ref == "id" else key or ""
    return whole(name, REF, f"the {settings.category_ref} of category {identity}")


def _barcode(settings: Settings, *sources: Mapping[str, Any]) -> str | None:
    """Return what the attribute that `gtin-attribute` names says: the first of these sources."""
    for values in sources if settings.gtin_attribute else ():
        value = values.get(settings.gtin_attribute or "")
        if isinstance(value, str | int) and not isinstance(value, bool):
            found = clean(str(value))
            if found is not None:
                return found
    return None


def _tax_country(product: Product, settings: Settings) -> str | None:
    """Return of which country the tax is, if that is known; None without a tax category."""
    link = product.tax_category
    rates = link.obj.rates if link and link.obj else ()
    countries = {country for rate in rates if (country := clean(rate.country))}
    country = clean(settings.tax_country) or (countries.pop() if len(countries) == 1 else None)
    return country if link else None
