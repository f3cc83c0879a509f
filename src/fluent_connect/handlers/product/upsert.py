"""A published product becomes a standard product and its variants in Fluent."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from fluent_connect.clients.commercetools.product import ProductData, Variant
from fluent_connect.clients.fluent.model import Entity, Parent, Upsert
from fluent_connect.handlers.message_handler import (
    Change,
    Fetched,
    HandlerContext,
    MapContext,
    MessageHandler,
)
from fluent_connect.handlers.product.catalogued import (
    CataloguedProduct,
    dependencies,
    gather,
    link_key,
    remains,
    standard_ref,
    variants,
)
from fluent_connect.handlers.product.fields import common, described, gtin
from fluent_connect.handlers.product.offers import rows
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.attributes import attributes
from fluent_connect.mapping.text import fits, whole
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference

_REF = 100
_EXPAND = ("productType", "taxCategory")
_EXPAND_CATEGORIES = "masterData.current.categories[*]"


class ProductUpsertHandler(MessageHandler[CataloguedProduct]):
    """Create or update a product and its variants; what is no longer sold goes INACTIVE."""

    name: ClassVar[str] = "ProductUpsertHandler"

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[CataloguedProduct]:
        """Read the product, its standalone prices, and which variants Fluent has of it."""
        if message.resource is None:
            raise UnprocessableError("the message names no product")
        by_key = context.settings.category_ref == "key"
        expand = (*_EXPAND, *((_EXPAND_CATEGORIES,) if by_key else ()))
        found = await context.commercetools.get(message.resource, CataloguedProduct, expand=expand)
        if found is not None:
            full = await gather(found, context)
            return Fetched(full, full.version, dependencies=dependencies(full))
        if not message.deletes:
            return Fetched(None, None)
        rest = await remains(message, message.resource, context)
        return Fetched(rest, message.version, deleted=True)

    def map(
        self,
        resource: CataloguedProduct,
        message: Message,  # noqa: ARG002
        context: MapContext,
    ) -> Iterable[Change]:
        """Return the standard product first, then its variants, then those that go INACTIVE."""
        settings = context.settings
        data = resource.master_data.current
        standard = standard_ref(resource, settings)
        if resource.gone or data is None or not resource.master_data.published:
            known = [*_skus(resource), *resource.in_fluent.variants]
            return [
                *(inactive("variantProduct", ref, resource, settings) for ref in _distinct(known)),
                inactive("standardProduct", standard, resource, settings),
            ]
        sold = _sold(resource, settings)
        over = [ref for ref in _distinct(resource.in_fluent.variants) if ref not in sold]
        return [
            _standard(resource, data, standard, list(sold.values()), settings),
            *(_variant(resource, data, each, standard, settings) for each in sold.values()),
            *(inactive("variantProduct", ref, resource, settings) for ref in over),
        ]


def _skus(product: CataloguedProduct) -> list[str]:
    """Return the SKUs that Fluent may know: a longer one was never sent."""
    return [each.sku for each in variants(product) if each.sku and fits(each.sku, _REF)]


def _distinct(refs: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(refs))


def _sold(product: CataloguedProduct, settings: Settings) -> dict[str, Variant]:
    """Return the variants by SKU; one without a SKU cannot be sold, and is left out.

    Raise UnprocessableError if none has one, or two have the same.
    """
    found: dict[str, Variant] = {}
    for variant in variants(product):
        if not variant.sku:
            continue
        ref = whole(variant.sku, _REF, f"SKU of variant {variant.id} of product {product.id}")
        other = found.setdefault(ref, variant)
        if other is not variant:
            raise UnprocessableError(
                f"product {product.id}: variants {other.id} and {variant.id} have one SKU, {ref}"
            )
    if not found:
        raise UnprocessableError(f"product {product.id}: no variant has a SKU")
    standard = standard_ref(product, settings)
    if standard in found:
        raise UnprocessableError(
            f"product {product.id}: {standard} is both the standard product and a SKU"
        )
    return found


def inactive(entity: Entity, ref: str, product: CataloguedProduct, settings: Settings) -> Upsert:
    """Return a deactivation that touches only what came from this very product."""
    return Upsert(
        entity=entity,
        ref=ref,
        update={
            "ref": ref,
            "catalogue": {"ref": settings.catalogue},
            "status": "INACTIVE",
            "attributes": attributes(
                {"commercetoolsId": product.id, "commercetoolsVersion": product.version}
            ),
        },
        identity=("commercetoolsId", product.id),
    )


def _standard(
    product: CataloguedProduct,
    data: ProductData,
    ref: str,
    sold: list[Variant],
    settings: Settings,
) -> Upsert:
    left_out = [each.id for each in variants(product) if not each.sku]
    extra: Mapping[str, object] = {"variantsWithoutSku": left_out}
    fields = {
        **common(ref, product, data, settings),
        "gtin": gtin(ref, sold[0] if len(sold) == 1 else None, data, settings),
        "attributes": described(product, data.attributes, data, settings, extra),
    }
    return _upsert("standardProduct", ref, fields, product=product, data=data, settings=settings)


def _variant(
    product: CataloguedProduct,
    data: ProductData,
    variant: Variant,
    standard: str,
    settings: Settings,
) -> Upsert:
    ref = variant.sku or ""
    extra: Mapping[str, object] = {
        "commercetoolsVariantId": variant.id,
        "variantKey": variant.key,
        "imageUrls": [image.url for image in variant.images if image.url],
    }
    fields = {
        **common(ref, product, data, settings),
        "product": {"ref": standard, "catalogue": {"ref": settings.catalogue}},
        "gtin": gtin(ref, variant, data, settings),
        "attributes": described(product, variant.attributes, data, settings, extra),
    }
    prices = rows(product, variant, settings)
    if prices:
        fields["prices"] = prices
    parent = Parent("standardProduct", standard, Reference("product", product.id))
    return _upsert(
        "variantProduct",
        ref,
        fields,
        product=product,
        data=data,
        settings=settings,
        parents=(parent,),
    )


def _upsert(
    entity: Entity,
    ref: str,
    fields: dict[str, object],
    *,
    product: CataloguedProduct,
    data: ProductData,
    settings: Settings,
    parents: tuple[Parent, ...] = (),
) -> Upsert:
    categories = [
        Parent(
            "category", _category(link.id, link_key(link), settings), Reference("category", link.id)
        )
        for link in data.categories
    ]
    refs = _distinct(each.ref for each in categories)
    catalogue = {"ref": settings.catalogue}
    if refs:
        fields["categories"] = [{"ref": each, "catalogue": catalogue} for each in refs]
    again = {"status": "ACTIVE"} if ref in product.in_fluent.inactive else {}
    return Upsert(
        entity=entity,
        ref=ref,
        create={**fields, "type": "STANDARD" if entity == "standardProduct" else "VARIANT"},
        update={**fields, **again},
        categories=refs,
        parents=(*parents, *categories, Parent("catalogue", settings.catalogue)),
    )


def _category(identity: str, key: str | None, settings: Settings) -> str:
    name = identity if settings.category_ref == "id" else key or ""
    return whole(name, _REF, f"the {settings.category_ref} of category {identity}")
