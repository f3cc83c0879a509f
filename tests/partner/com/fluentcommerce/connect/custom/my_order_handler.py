"""Our orders: as the connector maps them, and with the gift message that our shop asks for."""

from collections.abc import Iterable
from typing import Any

import msgspec

from fluent_connect import MapContext, Message, Skip, Upsert
from fluent_connect.handlers.order.create import OrderCreateHandler


class MyOrderHandler(OrderCreateHandler):
    """Replaces OrderCreateHandler everywhere: same name, higher priority."""

    priority = 10

    def map(self, resource: Any, message: Message, context: MapContext) -> Iterable[Upsert]:
        """Return the order as the connector maps it, with our attribute."""
        for change in super().map(resource, message, context):
            yield with_attribute(change, "channel", context.props.get("channel", "web"))


class MarketplaceOrderHandler(OrderCreateHandler):
    """Named by its dotted path in one route: orders of the marketplace only."""

    name = "MarketplaceOrderHandler"

    def map(self, resource: Any, message: Message, context: MapContext) -> Iterable[Upsert]:
        """Return the order, if it came from the marketplace."""
        if not (resource.order_number or "").startswith("MP-"):
            raise Skip("not from the marketplace")
        return super().map(resource, message, context)


def with_attribute(change: Any, name: str, value: str) -> Any:
    """Return the change with one more attribute where it creates an order."""
    if not isinstance(change, Upsert) or change.create is None:
        return change
    attribute = {"name": name, "type": "STRING", "value": value}
    attributes = [*(change.create.get("attributes") or ()), attribute]  # type: ignore[misc]
    return msgspec.structs.replace(change, create={**change.create, "attributes": attributes})
