"""What is read of a product, from both systems, before it is mapped."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.commercetools.model import Link
from fluent_connect.clients.commercetools.product import (
    MasterData,
    Price,
    Product,
    ProductData,
    Variant,
)
from fluent_connect.handlers.message_handler import HandlerContext
from fluent_connect.handlers.product.in_fluent import InFluent, in_fluent
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.prices import asks_for
from fluent_connect.mapping.text import clean, fits, whole
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference

REF = 100
_SKUS = 20
_ALWAYS = ("productType", "taxCategory")
_CURRENT = "masterData.current"
_VARIANTS = (f"{_CURRENT}.masterVariant", f"{_CURRENT}.variants[*]")
_PARTS = {"channel": "channel", "group": "customerGroup", "recurrence": "recurrencePolicy"}
"""By which reference of a price the price tables tell a part."""


class CataloguedProduct(Product, frozen=True, kw_only=True):
    """A product, its standalone prices, and what Fluent has of it.

    `at`: the time (UTC) at which prices must be valid. `gone`: the product is deleted.
    """

    standalone: Sequence[Price] = msgspec.field(default=(), name="~standalone")
    in_fluent: InFluent = msgspec.field(default=InFluent(), name="~inFluent")
    at: str = msgspec.field(default="", name="~at")
    gone: bool = msgspec.field(default=False, name="~gone")


def expansions(settings: Settings) -> tuple[str, ...]:
    """Return the references that are read with a product: as many as the settings ask for."""
    paths = [*_ALWAYS]
    if settings.category_ref == "key":
        paths.append(f"{_CURRENT}.categories[*]")
    paths += [
        f"{variant}.prices[*].{link}" for link in _of_prices(settings) for variant in _VARIANTS
    ]
    if settings.reference_attributes == "key":
        for place in (_CURRENT, *_VARIANTS):
            paths += [f"{place}.attributes[*].value", f"{place}.attributes[*].value[*]"]
    return tuple(paths)


def _of_prices(settings: Settings) -> list[str]:
    tables = (settings.price_types, settings.discounted_types)
    return [link for part, link in _PARTS.items() if asks_for(part, *tables)]


def standard_ref(product: Product, settings: Settings) -> str:
    """Return what the standard product is called in Fluent, never cut."""
    key = product.key if settings.product_key == "key" and product.key else product.id
    ref = settings.standard_product_ref.replace("{key}", key)
    return whole(ref, REF, f"the ref of product {product.id}")


def variants(product: Product) -> list[Variant]:
    """Return the variants that customers see, the master first."""
    data = product.master_data.current
    if data is None:
        return []
    return [*((data.master_variant,) if data.master_variant else ()), *data.variants]


def sku(variant: Variant) -> str | None:
    """Return the SKU by which a variant is sold; None if it has none, or a blank one."""
    return variant.sku if clean(variant.sku) else None


def skus(product: Product) -> list[str]:
    """Return the SKUs that Fluent may know: a longer one was never sent."""
    found = (sku(each) for each in variants(product))
    return [each for each in found if each and fits(each, REF)]


async def gather(
    product: CataloguedProduct, message: Message, context: HandlerContext
) -> CataloguedProduct:
    """Return the product with all else that its mapping needs."""
    moment = dt.datetime.fromtimestamp(context.clock(), dt.UTC)
    return msgspec.structs.replace(
        product,
        standalone=await _standalone(product, context),
        in_fluent=await _known(product, message, context),
        at=moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z",
    )


async def _standalone(product: Product, context: HandlerContext) -> list[Price]:
    """Return the product's standalone prices, if that is where its prices stand."""
    if product.price_mode != "Standalone" or not product.master_data.published:
        return []
    names = [name for each in variants(product) if (name := sku(each))]
    found: list[Price] = []
    for start in range(0, len(names), _SKUS):
        some = {"skus": names[start : start + _SKUS]}
        prices = context.commercetools.all(
            "standalone-price",
            Price,
            where=("sku in :skus",),
            variables=some,
            expand=_of_prices(context.settings),
        )
        found += [price async for price in prices]
    return found


async def _known(product: Product, message: Message, context: HandlerContext) -> InFluent:
    ref = standard_ref(product, context.settings)
    return await in_fluent(product.id, message.project_key, ref, skus(product), context)


async def remains(
    message: Message, reference: Reference, context: HandlerContext
) -> CataloguedProduct:
    """Return what is left of a deleted product: its key and SKUs, as its notification says."""
    payload = await context.payload() or {}
    inner = payload.get("data")
    told: Mapping[str, Any] = inner if isinstance(inner, Mapping) else payload
    last = told.get("currentProjection")
    last = last if isinstance(last, Mapping) else {}
    keys = (message.attributes.get("key"), last.get("key"))
    rest = CataloguedProduct(
        id=reference.id,
        version=message.version or 0,
        key=next((key for key in keys if key and isinstance(key, str)), None),
        master_data=MasterData(current=_sold_as(last)),
        gone=True,
    )
    return msgspec.structs.replace(rest, in_fluent=await _known(rest, message, context))


def _sold_as(projection: Mapping[str, Any]) -> ProductData | None:
    """Return a view that holds the SKUs of a projection, and nothing else."""
    several = (projection.get("masterVariant"), *(projection.get("variants") or ()))
    found = (each.get("sku") for each in several if isinstance(each, Mapping))
    sold = [Variant(sku=sku) for sku in found if sku and isinstance(sku, str)]
    return ProductData(variants=sold) if sold else None


def link_key(link: Link[Any] | None) -> str | None:
    """Return the key of what a reference points to, as far as it was read."""
    if link is None:
        return None
    return (link.obj.key if link.obj else None) or link.key


def dependencies(product: CataloguedProduct) -> dict[str, int]:
    """Return the versions of what was read with the product, by `typeId/id`."""
    found = {
        f"standalone-price/{price.id}": price.version
        for price in product.standalone
        if price.version is not None
    }
    if product.product_type and product.product_type.obj:
        found[f"product-type/{product.product_type.id}"] = product.product_type.obj.version
    if product.tax_category and product.tax_category.obj:
        found[f"tax-category/{product.tax_category.id}"] = product.tax_category.obj.version
    return found
