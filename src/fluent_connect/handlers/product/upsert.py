"""A published product becomes a standard product and its variants in Fluent."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import ClassVar

import msgspec

from fluent_connect.clients.commercetools.product import Variant
from fluent_connect.clients.fluent.model import Entity, Parent, Upsert
from fluent_connect.handlers.message_handler import (
    Change,
    Fetched,
    HandlerContext,
    MapContext,
    MessageHandler,
    Refresh,
)
from fluent_connect.handlers.product.catalogued import (
    REF,
    CataloguedProduct,
    dependencies,
    expansions,
    gather,
    remains,
    sku,
    skus,
    standard_ref,
    variants,
)
from fluent_connect.handlers.product.offers import PriceSource, campaigns, sources
from fluent_connect.handlers.product.sources import (
    Common,
    InactiveSource,
    StandardSource,
    VariantSource,
    prepared,
    standard_source,
    variant_source,
)
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.prices import REMOVED, Row, distinct, next_change, record
from fluent_connect.mapping.rules.target import Target
from fluent_connect.mapping.text import whole
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference


class ProductUpsertHandler(MessageHandler[CataloguedProduct]):
    """Create or update a product and its variants; what is no longer sold goes INACTIVE."""

    name: ClassVar[str] = "ProductUpsertHandler"
    version: ClassVar[str] = "2"
    targets: ClassVar[Mapping[str, Target]] = {
        "standard-product": Target(StandardSource, "UpdateStandardProductInput"),
        "standard-product-create": Target(StandardSource, "CreateStandardProductInput"),
        "variant-product": Target(VariantSource, "UpdateVariantProductInput"),
        "variant-product-create": Target(VariantSource, "CreateVariantProductInput"),
        "price": Target(PriceSource, "PriceInput"),
        "inactive-product": Target(InactiveSource, "UpdateStandardProductInput"),
    }

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[CataloguedProduct]:
        """Read the product, its standalone prices, and what Fluent has of it."""
        if message.resource is None:
            raise UnprocessableError("the message names no product")
        expand = expansions(context.settings)
        found = await context.commercetools.get(message.resource, CataloguedProduct, expand=expand)
        if found is not None:
            full = await gather(found, message, context)
            return Fetched(full, full.version, dependencies=dependencies(full))
        if not message.deletes:
            return Fetched(None, None)
        rest = await remains(message, message.resource, context)
        return Fetched(rest, message.version, deleted=True)

    def map(
        self, resource: CataloguedProduct, message: Message, context: MapContext
    ) -> Iterable[Change]:
        """Return the standard product first, then its variants, then those that go INACTIVE.

        Last comes the look at the product when its prices change by date.
        """
        data = resource.master_data.current
        standard = standard_ref(resource, context.settings)
        if resource.gone or data is None or not resource.master_data.published:
            return _ended(resource, standard, context)
        sold = _sold(resource, standard)
        common = prepared(resource, data, standard, context.settings)
        return [
            _standard(common, list(sold.values()), context),
            *(_variant(common, each, context) for each in sold.values()),
            *_over(resource, sold, context),
            *_look(resource, sold.values(), message, context),
        ]


def _ended(product: CataloguedProduct, standard: str, context: MapContext) -> list[Change]:
    """Return the deactivations of a product that is not sold: variants first."""
    known = dict.fromkeys([*skus(product), *product.in_fluent.variants])
    return [
        *(_inactive("variantProduct", ref, product, context) for ref in known),
        *(
            _inactive("standardProduct", ref, product, context)
            for ref in dict.fromkeys((standard, *product.in_fluent.standards))
        ),
    ]


def _over(
    product: CataloguedProduct, sold: Mapping[str, Variant], context: MapContext
) -> Iterable[Change]:
    """Yield the deactivations of variants that are gone, and of what the product was before."""
    for ref in dict.fromkeys(product.in_fluent.variants):
        if ref not in sold:
            yield _inactive("variantProduct", ref, product, context)
    for ref in product.in_fluent.standards:
        yield _inactive("standardProduct", ref, product, context)


def _look(
    product: CataloguedProduct, sold: Iterable[Variant], message: Message, context: MapContext
) -> Iterable[Change]:
    """Yield the look at the product at the next time at which one of its prices begins or ends."""
    found = (campaigns(product, variant, context.settings) for variant in sold)
    at = next_change(chain.from_iterable(found), product.at)
    if at is not None:
        yield Refresh(message.resource or Reference("product", product.id), message.name, at)


def _sold(product: CataloguedProduct, standard: str) -> dict[str, Variant]:
    """Return the variants by SKU; one without a SKU cannot be sold, and is left out.

    Raise UnprocessableError if none has one, two have the same, or another project holds one.
    """
    found: dict[str, Variant] = {}
    for variant in variants(product):
        name = sku(variant)
        if name is None:
            continue
        ref = whole(name, REF, f"SKU of variant {variant.id} of product {product.id}")
        other = found.setdefault(ref, variant)
        if other is not variant:
            raise UnprocessableError(
                f"product {product.id}: variants {other.id} and {variant.id} have one SKU, {ref}"
            )
    if not found:
        raise UnprocessableError(f"product {product.id}: no variant has a SKU")
    if standard in found:
        raise UnprocessableError(
            f"product {product.id}: {standard} is both the standard product and a SKU"
        )
    for ref in (standard, *found):
        if ref in product.in_fluent.foreign:
            raise UnprocessableError(
                f"conflict: Fluent's {ref} is that of product {product.in_fluent.foreign[ref]},"
                f" not of {product.id}: give the projects catalogues or refs of their own"
            )
    return found


def _inactive(entity: Entity, ref: str, product: CataloguedProduct, context: MapContext) -> Upsert:
    """Return a deactivation that touches only what came from this very product."""
    return Upsert(
        entity=entity,
        ref=ref,
        update=context.mapping.fill("inactive-product", InactiveSource(ref=ref, product=product)),
        identity=("commercetoolsId", product.id),
    )


def _standard(common: Common, sold: Sequence[Variant], context: MapContext) -> Upsert:
    source = standard_source(common, sold, context.settings)
    return _upsert("standardProduct", "standard-product", source, common, context)


def _variant(common: Common, variant: Variant, context: MapContext) -> Upsert:
    settings, product = context.settings, common.product
    ref = variant.sku or ""
    rows = distinct(
        Row(each.offer.name, context.mapping.fill("price", each))
        for each in sources(product, variant, settings)
    )
    known = record(rows, product.in_fluent.prices.get(ref, {}))
    gone = [key for key, state in known.items() if state == REMOVED]
    source = variant_source(
        common,
        variant,
        settings,
        prices=[*(row.fields for row in rows), *_marked(gone, settings)],
        known_prices=known,
    )
    parent = Parent("standardProduct", common.standard, Reference("product", product.id))
    made = _upsert("variantProduct", "variant-product", source, common, context)
    return msgspec.structs.replace(made, parents=(parent, *made.parents), notes=_told(gone, ref))


def _marked(gone: Iterable[str], settings: Settings) -> Iterable[Mapping[str, object]]:
    """Yield the rows that tell of removed prices, if that is wanted: Fluent deletes none."""
    for key in gone if settings.removed_price == "mark" else ():
        kind, _, currency = key.rpartition("/")
        yield {"type": kind, "currency": currency, "value": settings.price_marker}


def _told(gone: Sequence[str], ref: str) -> tuple[str, ...]:
    return (f"removed prices stay in Fluent: {ref} {', '.join(gone)}",) if gone else ()


def _upsert(
    entity: Entity,
    target: str,
    source: StandardSource | VariantSource,
    common: Common,
    context: MapContext,
) -> Upsert:
    mapping = context.mapping
    update = mapping.fill(target, source)
    create = mapping.added(mapping.copied(update), f"{target}-create", source)
    if source.ref in common.product.in_fluent.inactive:
        update["status"] = "ACTIVE"
    categories = (
        Parent("category", name, Reference("category", id_))
        for id_, name in common.categories.items()
    )
    return Upsert(
        entity=entity,
        ref=source.ref,
        create=create,
        update=update,
        categories=source.categories,
        parents=(*categories, Parent("catalogue", context.settings.catalogue)),
    )
