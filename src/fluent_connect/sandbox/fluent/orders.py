"""Mutations of orders, customers and financial transactions."""

from collections.abc import Mapping
from typing import Any

from fluent_connect.sandbox.fluent.entities import Json
from fluent_connect.sandbox.fluent.errors import NotImplementedHereError, exists, missing
from fluent_connect.sandbox.fluent.session import Session, attributes, taken

Input = Mapping[str, Any]
_CUSTOMER = (
    "title",
    "department",
    "country",
    "firstName",
    "lastName",
    "primaryEmail",
    "primaryPhone",
    "timezone",
    "promotionOptIn",
)
_ITEM = (
    "ref",
    "fulfilmentChoiceRef",
    "status",
    "quantity",
    "paidPrice",
    "currency",
    "price",
    "taxPrice",
    "taxType",
    "totalPrice",
    "totalTaxPrice",
)


def create_customer(session: Session, given: Input) -> Json:
    """Make a customer, who is found by this username for ever; no workflow."""
    retailer = session.by_id("retailer", given["retailer"]["id"])
    data = {
        "__typename": "Customer",
        "ref": given["username"],
        "username": given["username"],
        **taken(given, *_CUSTOMER),
        "status": "ACTIVE",
        "retailer": {"id": retailer["id"]},
        "attributes": attributes((), given.get("attributes")),
    }
    return session.entities.add("customer", data)


def update_customer(session: Session, given: Input) -> Json:
    """Change what is given of the customer with this username."""
    held = session.parent("customer", given["username"])
    held |= taken(given, *_CUSTOMER)
    held["attributes"] = attributes(held["attributes"], given.get("attributes"))
    return session.entities.save(held)


def create_order(session: Session, given: Input) -> Json:
    """Make an order with its items, fulfilment choices and financial transactions."""
    customer = session.by_id("customer", given["customer"]["id"])
    return _create(session, given, customer)


def create_order_and_customer(session: Session, given: Input) -> Json:
    """Make a customer and an order of theirs, both or none."""
    if session.entities.find("order", given["ref"]) is not None:
        raise exists("order", given["ref"])
    return _create(session, given, create_customer(session, given["customer"]))


def update_order(session: Session, given: Input) -> Json:
    """Change what is given of the order with this id, and of its items by theirs."""
    held = session.by_id("order", given["id"])
    held |= taken(given, "status", "totalPrice", "totalTaxPrice")
    held["attributes"] = attributes(held["attributes"], given.get("attributes"))
    items = {item["id"]: item for item in held["items"]}
    for change in given.get("items") or ():
        item = items.get(str(change["id"]))
        if item is None:
            raise missing("orderItem", change["id"])
        item |= taken(change, *_ITEM)
        item["attributes"] = attributes(item["attributes"], change.get("attributes"))
    address = given.get("billingAddress")
    if address is not None:
        held["billingAddress"] = {**(held["billingAddress"] or {}), **address}
    return session.entities.save(held)


def create_transaction(session: Session, given: Input) -> Json:
    """Add a financial transaction to an order."""
    return _transaction(session, given, session.by_id("order", given["order"]["id"]))


def _create(session: Session, given: Input, customer: Json) -> Json:
    retailer = session.by_id("retailer", given["retailer"]["id"])
    if given.get("payment"):
        raise NotImplementedHereError("payment in an order's input")
    if session.entities.find("order", given["ref"]) is not None:
        raise exists("order", given["ref"])
    fields, settles = session.orchestrated("ORDER", given["type"])
    id_ = session.entities.next_id()
    address = given.get("billingAddress")
    data = {
        "id": str(id_),
        **fields,
        "__typename": "Order",
        **taken(given, "ref", "type", "totalPrice", "totalTaxPrice"),
        "retailer": {"id": retailer["id"]},
        "customer": customer["id"],
        "customerLink": {"ref": customer["ref"]},
        "attributes": attributes((), given.get("attributes")),
        "choices": _choices(session, given, id_),
        "items": _items(session, given, id_),
        "billingAddress": {"id": f"{id_}9", **address} if address else None,
    }
    order = session.create("order", data, settles=settles)
    for transaction in given.get("financialTransactions") or ():
        _transaction(session, transaction, order)
    return order


def _items(session: Session, given: Input, order: int) -> list[Json]:
    items: list[Json] = []
    for number, one in enumerate(given["items"], 1):
        catalogue = one.get("productCatalogueRef")
        product = _product(session, one["productRef"], catalogue)
        item = {
            "id": f"{order}{number:03}",
            "status": "CREATED",
            **taken(one, *_ITEM),
            "productRef": one["productRef"],
            "product": product,
            "attributes": attributes((), one.get("attributes")),
        }
        items.append(item)
    return items


def _product(session: Session, ref: str, catalogue: str | None) -> list[str]:
    """Return kind and id of the product. Raise C0120E if there is none."""
    for kind in ("variantProduct", "standardProduct"):
        found = session.entities.find(kind, ref, catalogue)
        if found is not None:
            return [kind, found["id"]]
    raise missing("product", ref, catalogue or "")


def _choices(session: Session, given: Input, order: int) -> list[Json]:
    single = given.get("fulfilmentChoice")
    choices = given.get("fulfilmentChoices") or ([single] if single else [])
    made: list[Json] = []
    for number, one in enumerate(choices, 1):
        pickup = one.get("pickupLocationRef")
        if pickup:
            session.parent("location", pickup)
        address = one.get("deliveryAddress")
        type_ = one.get("type") or given["type"]
        choice = {
            **one,
            "id": f"{order}8{number:02}",
            "type": type_,
            "status": "CREATED",
            "workflowRef": f"FULFILMENT_CHOICE::{type_}",
            "workflowVersion": 1,
            "attributes": attributes((), one.get("attributes")),
        }
        if address:
            typed = {"__typename": "CustomerAddress", "id": f"{order}7{number:02}", **address}
            choice["deliveryAddress"] = typed
        made.append(choice)
    return made


def _transaction(session: Session, given: Input, order: Json) -> Json:
    fields, settles = session.orchestrated("FINANCIAL_TRANSACTION", given["type"])
    names = ("ref", "type", "scale", "unscaledValue", "currency", "externalTransactionCode")
    data = {
        **fields,
        "__typename": "FinancialTransaction",
        **taken(given, *names, "externalTransactionId", "cardType", "paymentMethod"),
        "total": given["amount"],
        "paymentProviderName": given.get("paymentProvider"),
        "order": order["id"],
        "attributes": attributes((), given.get("attributes")),
    }
    return session.create("financialTransaction", data, owner=order["id"], settles=settles)
