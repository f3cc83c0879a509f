"""What is read of a product, from both systems, before it is mapped."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.commercetools.model import Link
from fluent_connect.clients.commercetools.product import Price, Product, Variant
from fluent_connect.handlers.message_handler import HandlerContext
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.text import whole
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference

_REF = 100
_SKUS = 20
_IN_FLUENT = """\
query productInFluent(
  $ref: String! $catalogue: ProductCatalogueKey! $after: String
  $skus: [String!] $withSkus: Boolean!
) {
  found: standardProduct(ref: $ref, catalogue: $catalogue) {
    ref status
    variants(first: 500, after: $after) {
      edges { cursor node { ref status attributes { name value } } }
      pageInfo { hasNextPage }
    }
  }
  sold: variantProducts(ref: $skus, catalogue: $catalogue, first: 1000) @include(if: $withSkus) {
    edges { node { ref status } }
  }
}
"""


class InFluent(msgspec.Struct, frozen=True):
    """What Fluent has of a product: the variants that came from it, and what is INACTIVE."""

    variants: Sequence[str] = ()
    inactive: Collection[str] = ()


class CataloguedProduct(Product, frozen=True, kw_only=True):
    """A product, its standalone prices, and what Fluent has of it.

    `at`: the time (UTC) at which prices must be valid. `gone`: the product is deleted.
    """

    standalone: Sequence[Price] = msgspec.field(default=(), name="~standalone")
    in_fluent: InFluent = msgspec.field(default=InFluent(), name="~inFluent")
    at: str = msgspec.field(default="", name="~at")
    gone: bool = msgspec.field(default=False, name="~gone")


def standard_ref(product: Product, settings: Settings) -> str:
    """Return what the standard product is called in Fluent, never cut."""
    key = product.key if settings.product_key == "key" and product.key else product.id
    ref = settings.standard_product_ref.replace("{key}", key)
    return whole(ref, _REF, f"the ref of product {product.id}")


def variants(product: Product) -> list[Variant]:
    """Return the variants that customers see, the master first."""
    data = product.master_data.current
    if data is None:
        return []
    return [*((data.master_variant,) if data.master_variant else ()), *data.variants]


async def gather(product: CataloguedProduct, context: HandlerContext) -> CataloguedProduct:
    """Return the product with all else that its mapping needs."""
    moment = dt.datetime.fromtimestamp(context.clock(), dt.UTC)
    return msgspec.structs.replace(
        product,
        standalone=await _standalone(product, context),
        in_fluent=await _in_fluent(product, context),
        at=moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z",
    )


async def _standalone(product: Product, context: HandlerContext) -> list[Price]:
    """Return the product's standalone prices, if that is where its prices stand."""
    if product.price_mode != "Standalone" or not product.master_data.published:
        return []
    skus = [each.sku for each in variants(product) if each.sku]
    found: list[Price] = []
    for start in range(0, len(skus), _SKUS):
        some = {"skus": skus[start : start + _SKUS]}
        prices = context.commercetools.all(
            "standalone-price", Price, where=("sku in :skus",), variables=some
        )
        found += [price async for price in prices]
    return found


async def _in_fluent(product: Product, context: HandlerContext) -> InFluent:
    """Return what Fluent has under the product's standard product, and under its SKUs.

    A variant that came from another product (keys and SKUs are used again) is not its own.
    """
    settings = context.settings
    skus = [each.sku for each in variants(product) if each.sku]
    asked: dict[str, object] = {
        "ref": standard_ref(product, settings),
        "catalogue": {"ref": settings.catalogue},
        "skus": skus,
        "withSkus": bool(skus),
    }
    own: list[str] = []
    inactive: set[str] = set()
    while True:
        answer = await context.fluent.ask(_IN_FLUENT, asked)
        standard = answer.get("found") or {}
        edges = _edges(standard.get("variants"))
        nodes = [edge["node"] for edge in edges]
        own += [node["ref"] for node in nodes if _ours(node, product.id)]
        seen = [standard, *nodes, *(edge["node"] for edge in _edges(answer.get("sold")))]
        inactive |= {each["ref"] for each in seen if each.get("status") == "INACTIVE"}
        if not edges or not (standard["variants"].get("pageInfo") or {}).get("hasNextPage"):
            return InFluent(own, frozenset(inactive))
        asked |= {"after": edges[-1]["cursor"], "withSkus": False}


def _edges(connection: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    return [edge for edge in (connection or {}).get("edges") or () if edge.get("node")]


def _ours(node: Mapping[str, object], product_id: str) -> bool:
    attributes = node.get("attributes")
    return any(
        each.get("name") == "commercetoolsId" and each.get("value") == product_id
        for each in (attributes if isinstance(attributes, list) else ())
    )


async def remains(
    message: Message, reference: Reference, context: HandlerContext
) -> CataloguedProduct:
    """Return what is left of a deleted product: its key as the notification tells it."""
    key = message.attributes.get("key")
    rest = CataloguedProduct(
        id=reference.id,
        version=message.version or 0,
        key=key if isinstance(key, str) else None,
        gone=True,
    )
    found = await _in_fluent(rest, context)
    return msgspec.structs.replace(rest, in_fluent=found)


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
