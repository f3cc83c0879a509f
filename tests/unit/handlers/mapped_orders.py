"""What the tests of the order's mapping share: an order mapped, and what it adds up to."""

from decimal import Decimal
from typing import Any

import msgspec

from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.handlers.order.create import OrderCreateHandler
from fluent_connect.handlers.order.export import ExportedOrder
from fluent_connect.handlers.order.sources import TARGETS
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.defaults.packaged import packaged
from fluent_connect.mapping.rules.blocks import parsed
from fluent_connect.mapping.rules.compiler import Rules
from fluent_connect.mapping.rules.mapper import Mapper
from fluent_schema import faults
from unit.handlers.made_up_orders import (
    ADDRESS,
    line,
    order,
    shipping_info,
)
from unit.handlers.stage import (
    map_context,
    message,
)

HANDLER = OrderCreateHandler()


def mapped(
    raw: dict[str, Any],
    settings: Settings | None = None,
    kind: str = "OrderCreated",
    buyer: dict[str, Any] | None = None,
    rules: str = "",
) -> Upsert:
    """Return what an order becomes; `rules` is a mapping/order.yml laid over ours."""
    resource = msgspec.convert({**raw, "~buyer": buyer}, ExportedOrder)
    told = message("order", raw["id"], kind)
    context = map_context(settings)
    if rules:
        laid = Rules(parsed(rules, "order.yml").over(packaged()), TARGETS, settings=Settings)
        context = msgspec.structs.replace(context, mapping=Mapper(laid))
    changes = list(HANDLER.map(resource, told, context))
    assert changes == list(HANDLER.map(resource, told, context))
    (change,) = changes
    assert isinstance(change, Upsert)
    assert faults(change) == []
    return change


def body(raw: dict[str, Any], settings: Settings | None = None, **more: Any) -> dict[str, Any]:
    create = mapped(raw, settings, **more).create
    assert create is not None
    return dict(create)


def attribute(of: dict[str, Any], name: str) -> Any:
    return {each["name"]: each["value"] for each in of["attributes"]}.get(name)


def paid(created: dict[str, Any]) -> Decimal:
    """Return what all parts of an order in Fluent add up to."""
    choices = created.get("fulfilmentChoices") or [created["fulfilmentChoice"]]
    parts = [each[name] for each in created["items"] for name in ("totalPrice", "totalTaxPrice")]
    parts += [each[name] for each in choices for name in ("fulfilmentPrice", "fulfilmentTaxPrice")]
    assert all(each >= 0 for each in parts)
    noted = attribute(created, "customLines") or []
    rest = [Decimal(each[name]) for each in noted for name in ("net", "tax")]
    positive = [each for each in rest if each > 0]
    return sum((Decimal(str(each)) for each in parts), Decimal(0)) + sum(positive, Decimal(0))


# Where it goes.


def shipped_twice() -> dict[str, Any]:
    targets = [
        {"addressKey": "home", "quantity": 1, "shippingMethodKey": "s1"},
        {"addressKey": "work", "quantity": 2, "shippingMethodKey": "s2"},
    ]
    return order(
        shippingMode="Multiple",
        shippingInfo=None,
        shipping=[
            {
                "shippingKey": "s1",
                "shippingInfo": shipping_info(300, 357),
                "shippingAddress": {**ADDRESS, "key": "home"},
            },
            {
                "shippingKey": "s2",
                "shippingInfo": shipping_info(200, 238),
                "shippingAddress": {**ADDRESS, "key": "work", "city": "Bonn"},
            },
        ],
        lineItems=[line(quantity=3, shippingDetails={"targets": targets, "valid": True})],
    )
