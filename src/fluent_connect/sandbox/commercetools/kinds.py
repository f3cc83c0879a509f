"""The kinds of resources that the sandbox holds, and how each is called and looked up."""

from typing import Any

import msgspec

Json = dict[str, Any]


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind: its path, its type id, and the fields that identify a resource of it.

    identifiers: field -> prefix in a path (`/orders/order-number=1`); "" = not in paths.
    messages:    what its Messages begin with ("Order" -> OrderCreated); None = it sends none.
    removed:     the Message of a deletion, if there is one, and its field for the resource.
    """

    type_id: str
    path: str
    identifiers: dict[str, str] = msgspec.field(default_factory=lambda: {"key": "key"})
    messages: str | None = None
    body: str = ""
    removed: bool = True


_KINDS = (
    Kind(type_id="product", path="products", messages="Product", body="productProjection"),
    Kind(
        type_id="category",
        path="categories",
        identifiers={"key": "key", "externalId": ""},
        messages="Category",
        body="category",
        removed=False,
    ),
    Kind(
        type_id="customer",
        path="customers",
        identifiers={"key": "key", "customerNumber": "", "externalId": "", "email": ""},
        messages="Customer",
        body="customer",
    ),
    Kind(
        type_id="order",
        path="orders",
        identifiers={"orderNumber": "order-number", "customerId": ""},
        messages="Order",
        body="order",
    ),
    Kind(type_id="payment", path="payments", messages="Payment", body="payment", removed=False),
    Kind(
        type_id="inventory-entry",
        path="inventory",
        identifiers={"key": "key", "sku": ""},
        messages="InventoryEntry",
        body="inventoryEntry",
    ),
    Kind(
        type_id="standalone-price",
        path="standalone-prices",
        identifiers={"key": "key", "sku": ""},
        messages="StandalonePrice",
        body="standalonePrice",
    ),
    Kind(type_id="store", path="stores", messages="Store"),
    Kind(type_id="channel", path="channels"),
    Kind(type_id="type", path="types"),
    Kind(type_id="state", path="states"),
    Kind(type_id="zone", path="zones"),
    Kind(type_id="tax-category", path="tax-categories"),
    Kind(type_id="product-type", path="product-types"),
    Kind(type_id="shipping-method", path="shipping-methods"),
    Kind(type_id="customer-group", path="customer-groups"),
    Kind(type_id="subscription", path="subscriptions"),
    Kind(type_id="message", path="messages", identifiers={}),
)
BY_PATH = {kind.path: kind for kind in _KINDS}
BY_TYPE = {kind.type_id: kind for kind in _KINDS}


def identifiers(kind: Kind, resource: Json) -> set[tuple[str, str]]:
    """Return what a resource can be looked up by, besides its id."""
    found = {
        (name, value)
        for name in kind.identifiers
        if isinstance(value := resource.get(name), str) and value
    }
    if kind.type_id == "product":
        found |= {("sku", variant["sku"]) for variant in variants(resource) if variant.get("sku")}
    if kind.type_id == "message":
        found.add(("resource", resource["resource"]["id"]))
    if kind.type_id == "order":
        payments = (resource.get("paymentInfo") or {}).get("payments") or ()
        found |= {("payment", payment["id"]) for payment in payments}
    return found


def variants(product: Json) -> list[Json]:
    """Return all variants of a product, current and staged."""
    data = product["masterData"]
    views = [data[view] for view in ("current", "staged") if data.get(view)]
    return [
        variant for view in views for variant in (view["masterVariant"], *view.get("variants", ()))
    ]


def user_provided(kind: Kind, resource: Json) -> Json:
    """Return `resourceUserProvidedIdentifiers` as a notification shows them."""
    names = ("key", "externalId", "orderNumber", "customerNumber", "sku", "slug")
    found = {name: resource[name] for name in names if resource.get(name)}
    if kind.type_id == "product":
        found["slug"] = resource["masterData"]["staged"].get("slug", {})
    return found
