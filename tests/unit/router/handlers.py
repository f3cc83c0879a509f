"""Handlers as partners write them, for the router's tests."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from fluent_connect.clients.commercetools.model import Update
from fluent_connect.clients.fluent.model import Event, Parent, Upsert
from fluent_connect.handlers.message_handler import (
    Change,
    Fetched,
    HandlerContext,
    MapContext,
    MessageHandler,
    Refresh,
)
from fluent_connect.model.errors import Skip
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference

Json = dict[str, Any]


CATALOGUE = {"ref": "X"}


def input_of(entity: str, ref: str, **more: object) -> Json:
    """Return the least that Fluent takes to create an entity."""
    if entity == "order":
        item = {"ref": "1", "productRef": "P", "quantity": 1}
        about = {"retailer": {"id": "1"}, "customer": {"id": "1"}, "items": [item]}
        return {"ref": ref, "type": "HD", **about, **more}
    gtin = {} if entity == "category" else {"gtin": "0"}
    return {"ref": ref, "catalogue": CATALOGUE, "type": "T", "name": "N", **gtin, **more}


def upsert(resource: Mapping[str, Any]) -> Upsert:
    create = input_of("order", resource["id"])
    update = {"status": resource.get("orderState", "Open")}
    parents = [
        Parent("standardProduct", ref, Reference("product", ref))
        for ref in resource.get("products", ())
    ]
    return Upsert(entity="order", ref=resource["id"], create=create, update=update, parents=parents)


class OrderHandler(MessageHandler[Json]):
    """Bring an order about."""

    name = "OrderHandler"

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[Json]:
        assert message.resource is not None
        found = await context.commercetools.get(message.resource, Json)
        return Fetched(found, None if found is None else found.get("version"))

    def map(self, resource: Json, message: Message, context: MapContext) -> Iterable[Change]:
        yield upsert(resource)


class CancellingHandler(OrderHandler):
    """Say in Fluent that an order is gone."""

    name = "CancellingHandler"

    def gone(self, message: Message, context: MapContext) -> Iterable[Change]:
        assert message.resource is not None
        fields = {"status": "CANCELLED"}
        yield Upsert(entity="order", ref=message.resource.id, update=fields)


class SlowHandler(OrderHandler):
    name = "SlowHandler"
    slow = True


class ProductHandler(OrderHandler):
    """Bring a product and its variants about."""

    name = "ProductHandler"

    def map(self, resource: Json, message: Message, context: MapContext) -> Iterable[Change]:
        for entity, ref in (
            ("standardProduct", resource["id"]),
            ("variantProduct", resource["sku"]),
        ):
            yield Upsert(entity=entity, ref=ref, create=input_of(entity, ref))  # type: ignore[arg-type]


class PriceHandler(OrderHandler):
    """Have the owner of a price looked at again."""

    name = "PriceHandler"
    route: ClassVar[str | None] = None

    def map(self, resource: Json, message: Message, context: MapContext) -> Iterable[Change]:
        yield Refresh(Reference("product", resource["product"]), self.route)


class LostPriceHandler(PriceHandler):
    name = "LostPriceHandler"
    route = "nowhere"


class PaidHandler(OrderHandler):
    """Tell Fluent and commercetools of each payment."""

    name = "PaidHandler"
    kind = "event"

    def map(self, resource: Json, message: Message, context: MapContext) -> Iterable[Change]:
        if resource.get("skip"):
            raise Skip("not paid")
        yield Event(name="Paid", entity_type="ORDER", entity_ref=resource["id"])
        assert message.resource is not None
        yield Update(message.resource, [{"action": "setOrderNumber", "orderNumber": "1"}])


class CarrierHandler(MessageHandler[Json]):
    """Carry what a carrier sent: there is nothing to fetch."""

    name = "CarrierHandler"

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[Json]:
        payload = await context.payload()
        return Fetched(dict(payload or {"none": True}), None)

    def map(self, resource: Json, message: Message, context: MapContext) -> Iterable[Change]:
        attributes = {**resource, **message.attributes, **context.props}
        yield Event(name="Parcel", entity_type="FULFILMENT", attributes=attributes)


class BrokenHandler(OrderHandler):
    """Fail as its prop says, after the push of what it maps."""

    name = "BrokenHandler"

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[Json]:
        raise RuntimeError("a bug")
