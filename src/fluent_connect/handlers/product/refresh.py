"""What products depend on changed: the products are looked at again."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import ClassVar

from fluent_connect.clients.commercetools.model import Head
from fluent_connect.clients.commercetools.product import StandalonePrice
from fluent_connect.handlers.message_handler import (
    Change,
    Fetched,
    HandlerContext,
    MapContext,
    MessageHandler,
    Refresh,
)
from fluent_connect.model.errors import Skip, UnprocessableError
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference

_BY_SKU = "masterData(current(masterVariant(sku=:sku) or variants(sku=:sku)))"
_BY_TYPE = {
    "product-type": "productType(id=:id)",
    "tax-category": "taxCategory(id=:id)",
}


class ProductRefreshHandler(MessageHandler[Sequence[Reference]]):
    """Have the products looked at again that a price, product type or tax category belongs to."""

    name: ClassVar[str] = "ProductRefreshHandler"

    async def fetch(
        self, message: Message, context: HandlerContext
    ) -> Fetched[Sequence[Reference]]:
        """Find the products that the changed resource belongs to."""
        changed = message.resource
        if changed is None:
            raise UnprocessableError("the message names no resource")
        if changed.type_id == "standalone-price":
            price = await context.commercetools.get(changed, StandalonePrice)
            if price is None and not message.deletes:
                return Fetched(None, None)
            sku = price.sku if price else await _told_sku(message, context)
            owners = await _owners_of_price(changed, sku, context)
        elif changed.type_id in _BY_TYPE:
            where = (_BY_TYPE[changed.type_id], "masterData(published=true)")
            products = context.commercetools.all(
                "product", Head, where=where, variables={"id": changed.id}
            )
            owners = await _references(products)
        else:
            raise Skip(f"no product depends on a {changed.type_id}")
        return Fetched(owners, message.version, deleted=message.deletes)

    def map(
        self,
        resource: Sequence[Reference],
        message: Message,
        context: MapContext,  # noqa: ARG002
    ) -> Iterable[Change]:
        """Return a refresh for each product. Raise Skip if there is none."""
        if not resource:
            raise Skip(f"no product depends on {message.resource}")
        return [Refresh(each) for each in sorted(resource, key=str)]


async def _owners_of_price(
    price: Reference, sku: str | None, context: HandlerContext
) -> list[Reference]:
    if sku is None:
        raise Skip(f"{price} is gone, and nobody tells its SKU")
    products = context.commercetools.all("product", Head, where=(_BY_SKU,), variables={"sku": sku})
    return await _references(products)


async def _told_sku(message: Message, context: HandlerContext) -> str | None:
    """Return the SKU that the notification of a deleted price tells."""
    payload = await context.payload() or {}
    inner = payload.get("data")
    told: Mapping[str, object] = inner if isinstance(inner, Mapping) else payload
    sku = message.attributes.get("sku") or told.get("sku")
    return sku if isinstance(sku, str) else None


async def _references(products: AsyncIterator[Head]) -> list[Reference]:
    return [Reference("product", each.id) async for each in products]
