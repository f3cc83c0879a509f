"""Drafts become resources: references are resolved, what the platform fills in is filled in."""

# ruff: noqa: ARG001 - all of a table's functions take the same arguments.

import uuid
from collections.abc import Callable
from typing import Any

from fluent_connect.sandbox.commercetools.errors import invalid, not_implemented
from fluent_connect.sandbox.commercetools.kinds import BY_TYPE, Json, Kind
from fluent_connect.sandbox.commercetools.project import Project, now, reference
from fluent_connect.sandbox.commercetools.reading import projection
from fluent_connect.sandbox.commercetools.type_actions import check_resources, field_of

_BY_KEY = {"store", "business-unit"}
_REQUIRED: dict[str, tuple[str, ...]] = {
    "product": ("productType", "name", "slug"),
    "category": ("name", "slug"),
    "customer": ("email",),
    "order": ("totalPrice", "lineItems"),
    "payment": ("amountPlanned",),
    "inventory-entry": ("sku", "quantityOnStock"),
    "standalone-price": ("sku", "value"),
    "store": ("key",),
    "channel": ("key",),
    "type": ("key", "name", "resourceTypeIds"),
    "tax-category": ("name",),
    "product-type": ("name", "description"),
    "shipping-method": ("name", "taxCategory", "zoneRates"),
}
_ARRAYS: dict[str, tuple[str, ...]] = {
    "category": ("ancestors", "assets"),
    "customer": ("addresses", "shippingAddressIds", "billingAddressIds", "stores"),
    "order": ("customLineItems", "syncInfo", "returnInfo", "discountCodes", "refusedGifts"),
    "payment": ("transactions", "interfaceInteractions"),
    "store": ("languages", "countries", "distributionChannels", "supplyChannels"),
    "channel": (),
    "type": ("fieldDefinitions",),
    "tax-category": ("rates",),
    "product-type": ("attributes",),
}


def create(project: Project, kind: Kind, draft: Json) -> Json:
    """Make a resource of a (near complete) draft. Raise a 400 where it cannot be one."""
    if kind.type_id == "product" and "masterData" in draft:
        missing: list[str] = []
    else:
        missing = [name for name in _REQUIRED.get(kind.type_id, ()) if name not in draft]
    if missing:
        raise invalid(
            f"Request body does not contain valid JSON: {missing[0]}: Missing required value",
            "RequiredField",
            field=missing[0],
        )
    resolved = resolve(project, draft)
    arrays: Json = {name: [] for name in _ARRAYS.get(kind.type_id, ())}
    resource: Json = {**arrays, **resolved}
    fill = _FILL.get(kind.type_id)
    return fill(project, resource) if fill else resource


def created(project: Project, kind: Kind, resource: Json, name: str = "Created") -> list[Json]:
    """Return the Messages of a creation."""
    if kind.messages is None:
        return []
    body: Any = resource
    if kind.type_id == "product":
        body = projection(resource, staged=True)
    if kind.type_id == "store":
        fields = ("name", "languages", "countries", "distributionChannels", "supplyChannels")
        shown = {field: resource[field] for field in fields if field in resource}
        return [{"type": "StoreCreated", **shown, "productSelections": []}]
    messages = [{"type": f"{kind.messages}{name}", kind.body: body}]
    if kind.type_id == "product" and resource["masterData"]["published"]:
        messages.append(published(resource))
    return messages


def published(product: Json) -> Json:
    """Return the Message of a publication."""
    shown = projection(product, staged=False)
    return {
        "type": "ProductPublished",
        "productProjection": shown,
        "removedImageUrls": [],
        "scope": "All",
    }


def deleted(kind: Kind, resource: Json) -> list[Json]:
    """Return the Messages of a deletion."""
    if kind.messages is None or not kind.removed:
        return []
    own: dict[str, Callable[[], Json]] = {
        "product": lambda: {
            "removedImageUrls": [],
            **(
                {"currentProjection": shown}
                if (shown := projection(resource, staged=False))
                else {}
            ),
        },
        "order": lambda: {"order": resource},
        "customer": lambda: {"email": resource["email"]},
        "inventory-entry": lambda: {"sku": resource["sku"]},
        "standalone-price": lambda: {"sku": resource["sku"]},
        "store": dict,
    }
    return [{"type": f"{kind.messages}Deleted", **own[kind.type_id]()}]


def resolve(project: Project, value: Any) -> Any:
    """Turn references by key into references by id, and refuse those to nothing."""
    if isinstance(value, list):
        return [resolve(project, item) for item in value]
    if not isinstance(value, dict):
        return value
    type_id = value.get("typeId")
    if isinstance(type_id, str) and type_id in BY_TYPE and ("id" in value or "key" in value):
        return _resolved(project, type_id, value)
    if isinstance(value.get("fields"), dict) and isinstance(value.get("type"), dict):
        typed = {"typeId": "type", **value["type"]}
        return {**value, "type": resolve(project, typed)}
    return {name: resolve(project, item) for name, item in value.items()}


def _resolved(project: Project, type_id: str, value: Json) -> Json:
    if type_id in _BY_KEY:
        return value
    by = "id" if "id" in value else "key"
    target = (
        project.get(type_id, value["id"]) if by == "id" else project.find(type_id, by, value[by])
    )
    if target is None:
        message = (
            f"The referenced object of type '{type_id}' with {by} '{value[by]}' was not found."
        )
        raise invalid(message, "ReferencedResourceNotFound", typeId=type_id, **{by: value[by]})
    return reference(target, type_id)


def variant(draft: Json, number: int) -> Json:
    """Make a product variant of its draft."""
    prices = [price_of(price) for price in draft.get("prices", ())]
    defaults: Json = {"attributes": [], "images": [], "assets": []}
    return {**defaults, **draft, "id": number, "prices": prices}


def price_of(draft: Json) -> Json:
    """Make a price of its draft."""
    return {"id": str(uuid.uuid4()), **draft, "value": money(draft["value"])}


def money(draft: Json) -> Json:
    """Fill in a money's type and fraction digits."""
    if draft.get("type") == "highPrecision":
        return draft
    digits = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}.get(draft["currencyCode"], 2)
    return {"type": "centPrecision", "fractionDigits": digits, **draft}


def _product(project: Project, draft: Json) -> Json:
    if "masterData" in draft:
        return draft
    of_view = ("name", "slug", "description", "metaTitle", "metaDescription")
    view: Json = {name: draft[name] for name in of_view if name in draft}
    view["categories"] = draft.get("categories", [])
    view["masterVariant"] = variant(draft.get("masterVariant", {}), 1)
    view["variants"] = [variant(one, n) for n, one in enumerate(draft.get("variants", ()), 2)]
    view.setdefault("searchKeywords", {})
    of_product = ("id", "key", "productType", "taxCategory", "state", "priceMode")
    product = {name: draft[name] for name in of_product if name in draft}
    publish = bool(draft.get("publish"))
    return product | {
        "masterData": {
            "published": publish,
            "hasStagedChanges": False,
            "current": view,
            "staged": view,
        }
    }


def _category(project: Project, draft: Json) -> Json:
    return {"orderHint": "0.5", **draft, "ancestors": ancestors(project, draft.get("parent"))}


def ancestors(project: Project, parent: Json | None) -> list[Json]:
    """Return the ancestors of a category below `parent`, root first."""
    if parent is None:
        return []
    above = project.get("category", parent["id"])
    return [*(above or {}).get("ancestors", ()), {"typeId": "category", "id": parent["id"]}]


def _customer(project: Project, draft: Json) -> Json:
    addresses = [{"id": uuid.uuid4().hex[:8], **one} for one in draft["addresses"]]
    customer = {"isEmailVerified": False, "authenticationMode": "Password", **draft}
    customer.pop("password", None)
    customer["addresses"] = addresses
    for role in ("Shipping", "Billing"):
        index = customer.pop(f"default{role}Address", None)
        if isinstance(index, int) and index < len(addresses):
            customer[f"default{role}AddressId"] = addresses[index]["id"]
    return customer


def _order(project: Project, draft: Json) -> Json:
    if "cart" in draft:
        raise not_implemented("orders from carts (send the order itself, or import it)")
    lines = [
        {"id": str(uuid.uuid4()), "lineItemMode": "Standard", **one} for one in draft["lineItems"]
    ]
    defaults: Json = {
        "orderState": "Open",
        "shippingMode": "Single",
        "shipping": [],
        "origin": "Customer",
        "inventoryMode": "None",
        "taxMode": "Platform",
        "taxRoundingMode": "HalfEven",
        "type": "Order",
    }
    order: Json = {
        **defaults,
        **draft,
        "lineItems": lines,
        "totalPrice": money(draft["totalPrice"]),
    }
    return order


def _payment(project: Project, draft: Json) -> Json:
    transactions = [
        {"id": str(uuid.uuid4()), "state": "Initial", "timestamp": now(), **one}
        for one in draft["transactions"]
    ]
    defaults: Json = {"paymentMethodInfo": {}, "paymentStatus": {}}
    planned = money(draft["amountPlanned"])
    return {**defaults, **draft, "transactions": transactions, "amountPlanned": planned}


def _inventory(project: Project, draft: Json) -> Json:
    return {"availableQuantity": draft["quantityOnStock"], **draft}


def _price(project: Project, draft: Json) -> Json:
    return {"active": True, **draft, "value": money(draft["value"])}


def _channel(project: Project, draft: Json) -> Json:
    return {"roles": ["InventorySupply"], **draft}


def _type(project: Project, draft: Json) -> Json:
    check_resources(draft["resourceTypeIds"])
    made: Json = {**draft, "fieldDefinitions": []}
    for field in draft["fieldDefinitions"]:
        made["fieldDefinitions"].append(field_of(project, made, field))
    return made


_FILL: dict[str, Callable[[Project, Json], Json]] = {
    "product": _product,
    "category": _category,
    "customer": _customer,
    "order": _order,
    "payment": _payment,
    "inventory-entry": _inventory,
    "standalone-price": _price,
    "channel": _channel,
    "type": _type,
}
