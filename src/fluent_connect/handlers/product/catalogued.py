"""What is read of a product, from both systems, before it is mapped."""

import datetime as dt
from collections.abc import Mapping, Sequence

import msgspec

from fluent_connect.clients.commercetools.model import Head, Link, Price, Product, Variant
from fluent_connect.handlers.message_handler import HandlerContext
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.text import whole
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference

_REF = 100
_SKUS = 20
_VARIANTS = """\
query variantsOf($ref: String!, $catalogue: ProductCatalogueKey!, $after: String) {
  found: standardProduct(ref: $ref, catalogue: $catalogue) {
    ref
    variants(first: 500, after: $after) {
      edges { cursor node { ref attributes { name value } } }
      pageInfo { hasNextPage }
    }
  }
}
"""


class CataloguedProduct(Product, frozen=True, kw_only=True):
    """A product, its standalone prices, and the variants that Fluent has of it.

    `at`: the time (UTC) at which prices must be valid. `gone`: the product is deleted.
    """

    standalone: Sequence[Price] = msgspec.field(default=(), name="~standalone")
    in_fluent: Sequence[str] = msgspec.field(default=(), name="~inFluent")
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
        in_fluent=await variants_in_fluent(product, context),
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


async def variants_in_fluent(product: Product, context: HandlerContext) -> list[str]:
    """Return the refs of all variants that Fluent keeps under the product's standard product.

    Those that came from another product (keys are used again) are left out.
    """
    settings = context.settings
    variables: dict[str, object] = {
        "ref": standard_ref(product, settings),
        "catalogue": {"ref": settings.catalogue},
    }
    found: list[str] = []
    while True:
        answer = await context.fluent.ask(_VARIANTS, variables)
        page = (answer.get("found") or {}).get("variants") or {}
        edges = page.get("edges") or []
        found += [edge["node"]["ref"] for edge in edges if _ours(edge["node"], product.id)]
        if not edges or not (page.get("pageInfo") or {}).get("hasNextPage"):
            return found
        variables["after"] = edges[-1]["cursor"]


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
    found = await variants_in_fluent(rest, context)
    return msgspec.structs.replace(rest, in_fluent=found)


def link_key(link: Link[Head] | None) -> str | None:
    """Return the key of what a reference points to, as far as it was read."""
    if link is None:
        return None
    return (link.obj.key if link.obj else None) or link.key
