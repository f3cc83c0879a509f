"""What the listener's tests share: a listener, deliveries, and wrappers around them."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from fluent_connect.listener.account_mapping import AccountMap, Target
from fluent_connect.listener.ct_queue_listener import CTQueueListener
from fluent_connect.listener.route_mapping import RouteMap, RouteMapping
from fluent_connect.model.outcome import Outcome
from fluent_connect.model.parcel import CT_QUEUE, Parcel
from fluent_connect.queues.store import Delivery

ORDER = RouteMapping(
    name="order",
    route="commercetools.connect.order.create",
    inclusion_filter=frozenset({"OrderCreated"}),
    ordered=True,
)


PRODUCT = RouteMapping(name="product", route="commercetools.connect.product.upsert")


NO_STOCK = RouteMapping(name="inventory-entry", skip="stock flows the other way")


IMPORTS = RouteMapping(name="import-api", route="imports")


SHOP = Target(project_key="shop", account="acme", retailer="1")


PARCEL_ID = "0193576f4f00aaaaaaaaaaaaaaaaaaaa"


def listener(*targets: Target, **options: Any) -> CTQueueListener:
    routes = RouteMap([ORDER, PRODUCT, NO_STOCK, IMPORTS])
    return CTQueueListener(
        routes, AccountMap(targets or (SHOP,)), clock=lambda: 1_700_000_000.0, **options
    )


def delivery(body: object, headers: Mapping[str, str] = {}) -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    parcel = Parcel(PARCEL_ID, "", raw, headers={"door": "default", **headers})
    return Delivery(CT_QUEUE, parcel, 1, None, "lease", 0.0)


async def hear(body: object, headers: Mapping[str, str] = {}, *targets: Target) -> Outcome:
    return await listener(*targets)(delivery(body, headers))


def base(**more: object) -> dict[str, object]:
    return {"projectKey": "shop", "resource": {"typeId": "order", "id": "o-1"}, **more}


def target(account: str, **conditions: Any) -> Target:
    return Target(project_key="shop", account=account, retailer="1", **conditions)


def pubsub(data: object) -> dict[str, object]:
    return {"message": {"data": base64.b64encode(json.dumps(data).encode()).decode()}}
