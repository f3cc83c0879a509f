"""Resolvers of queries, and of the fields that lead from one entity to others."""

from collections.abc import Callable, Iterator
from typing import Any

from fluent_connect.sandbox.fluent.connections import after, connection, plain_refs
from fluent_connect.sandbox.fluent.entities import Json
from fluent_connect.sandbox.fluent.errors import NotImplementedHereError, RefusedMutationError
from fluent_connect.sandbox.fluent.session import Session

Resolver = Callable[..., Any]
Info = Any
"""graphql-core's GraphQLResolveInfo; its `context` is our Session."""
_PRODUCTS = ("standardProduct", "variantProduct")


def me(_: Any, info: Info) -> Json:
    """Return the API user."""
    session: Session = info.context
    access = session.access
    retailer = session.entities.get("retailer", access.retailers[0])
    return {
        "id": "1",
        "ref": access.username,
        "username": access.username,
        "type": "API",
        "status": "ACTIVE",
        "primaryRetailer": retailer,
    }


def by_key(kind: str) -> Resolver:
    """Resolve `name(ref, catalogue)`."""

    def resolve(_: Any, info: Info, ref: str, catalogue: Json) -> Json | None:
        session: Session = info.context
        return session.entities.find(kind, ref, catalogue["ref"])

    return resolve


def by_ref(kind: str) -> Resolver:
    """Resolve `name(id, ref)`: either, or both."""

    def resolve(
        _: Any,
        info: Info,
        id: str | None = None,
        ref: str | None = None,
    ) -> Json | None:
        session: Session = info.context
        if id is not None:
            found = session.entities.get(kind, id)
            return found if found is None or ref in (None, found["ref"]) else None
        return session.entities.find(kind, ref) if ref is not None else None

    return resolve


def product(_: Any, info: Info, ref: str, catalogue: Json) -> Json | None:
    """Return the one product of this ref; several kinds with it are an error (C0128E)."""
    session: Session = info.context
    found = [session.entities.find(kind, ref, catalogue["ref"]) for kind in _PRODUCTS]
    products = [one for one in found if one is not None]
    if len(products) > 1:
        raise RefusedMutationError("C0128E", f"Several products found with ref '{ref}'.")
    return products[0] if products else None


def listing(kind: str) -> Resolver:
    """Resolve a root connection over all entities of a kind."""

    def resolve(_: Any, info: Info, **arguments: Any) -> Json:
        session: Session = info.context
        key = arguments.pop("category", None)
        refs = plain_refs(arguments)
        if refs is None and kind in {"customer", "setting"}:
            refs = plain_refs(arguments, "username" if kind == "customer" else "name")
        entities = session.entities.listing(kind, refs=refs, after=after(arguments))
        if key is not None:
            category = session.parent("category", key["ref"], key["catalogue"]["ref"])
            entities = (one for one in entities if category["id"] in one["categories"])
        return connection(entities, arguments)

    return resolve


def owned(kind: str) -> Resolver:
    """Resolve a connection to what belongs to an entity."""

    def resolve(entity: Json, info: Info, **arguments: Any) -> Json:
        session: Session = info.context
        found = session.entities.owned(entity["id"], kind, after(arguments))
        return connection(found, arguments)

    return resolve


def inside(field: str) -> Resolver:
    """Resolve a connection to a list that stands inside the entity."""

    def resolve(entity: Json, _: Info, **arguments: Any) -> Json:
        start = after(arguments)
        members = entity[field]
        found: Iterator[Json] = (
            one for one in members if not isinstance(one, str) and int(one["id"]) > start
        )
        return connection(found, arguments)

    return resolve


def linked(kind: str, field: str) -> Resolver:
    """Resolve one entity whose id the field holds."""

    def resolve(entity: Json, info: Info) -> Json | None:
        session: Session = info.context
        id_ = entity.get(field)
        if isinstance(id_, dict):
            id_ = id_.get("id")
        return session.entities.get(kind, id_) if id_ is not None else None

    return resolve


def categories(entity: Json, info: Info, **arguments: Any) -> Json:
    """Resolve the categories of a product."""
    session: Session = info.context
    start = after(arguments)
    ids = sorted(int(id_) for id_ in entity["categories"])
    found = (session.entities.get("category", id_) for id_ in ids if id_ > start)
    return connection((one for one in found if one is not None), arguments)


def catalogue(entity: Json, info: Info) -> Json | None:
    """Resolve the catalogue of an entity."""
    session: Session = info.context
    return session.entities.find("productCatalogue", entity["catalogue"]["ref"])


def item_product(item: Json, info: Info) -> Json | None:
    """Resolve the product of an order item."""
    session: Session = info.context
    kind, id_ = item["product"]
    return session.entities.get(kind, id_)


def first_choice(order: Json, _: Info) -> Json | None:
    """Resolve the only, or first, fulfilment choice of an order."""
    return order["choices"][0] if order["choices"] else None


def not_implemented(name: str) -> Resolver:
    """Refuse a field that the sandbox lacks: never an empty success."""

    def resolve(*_: Any, **__: Any) -> None:
        raise NotImplementedHereError(name)

    return resolve


QUERIES: dict[str, Resolver] = {
    "me": me,
    "product": product,
    "order": by_ref("order"),
    "orderById": by_ref("order"),
    "orders": listing("order"),
    "customer": by_ref("customer"),
    "customerById": by_ref("customer"),
    "customers": listing("customer"),
    "category": by_key("category"),
    "categories": listing("category"),
    "standardProduct": by_key("standardProduct"),
    "standardProducts": listing("standardProduct"),
    "variantProduct": by_key("variantProduct"),
    "variantProducts": listing("variantProduct"),
    "groupProduct": by_key("groupProduct"),
    "groupProducts": listing("groupProduct"),
    "productCatalogue": by_ref("productCatalogue"),
    "productCatalogues": listing("productCatalogue"),
    "location": by_ref("location"),
    "locationById": by_ref("location"),
    "locations": listing("location"),
    "setting": by_ref("setting"),
    "settings": listing("setting"),
    "financialTransaction": by_ref("financialTransaction"),
    "financialTransactions": listing("financialTransaction"),
    "retailerById": by_ref("retailer"),
    "retailers": listing("retailer"),
}
FIELDS: dict[str, dict[str, Resolver]] = {
    "Order": {
        "retailer": linked("retailer", "retailer"),
        "customer": linked("customer", "customer"),
        "items": inside("items"),
        "fulfilmentChoice": first_choice,
        "fulfilmentChoices": inside("choices"),
        "financialTransactions": owned("financialTransaction"),
    },
    "OrderItem": {"product": item_product},
    "FinancialTransaction": {"order": linked("order", "order")},
    "Customer": {"retailer": linked("retailer", "retailer")},
    "Location": {"retailer": linked("retailer", "retailer")},
    "Category": {
        "catalogue": catalogue,
        "parentCategory": linked("category", "parent"),
        "childCategories": owned("category"),
    },
    "StandardProduct": {
        "catalogue": catalogue,
        "categories": categories,
        "variants": owned("variantProduct"),
    },
    "VariantProduct": {
        "catalogue": catalogue,
        "categories": categories,
        "product": linked("standardProduct", "standard"),
    },
}
PLAIN: set[tuple[str, str]] = {
    ("Order", "customerLink"),
    ("Order", "billingAddress"),
    ("FulfilmentChoice", "deliveryAddress"),
    ("Location", "primaryAddress"),
    ("Location", "openingSchedule"),
    ("User", "primaryRetailer"),
}
"""Fields of an object type that the entity holds as they are."""
