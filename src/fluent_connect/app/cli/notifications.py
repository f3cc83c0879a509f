"""Notifications made up for `trigger`: what commercetools would send, in three envelopes. Pure."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.app.cli.errors import CliError
from fluent_connect.app.config.mistakes import did_you_mean
from fluent_connect.listener.parse import CHANGES
from fluent_connect.model.notification import Reference

_PREFIXES = {
    **dict.fromkeys(
        ("Order", "Delivery", "Parcel", "Return", "LineItem", "CustomLineItem"), "order"
    ),
    "ApprovalFlow": "approval-flow",
    "ApprovalRule": "approval-rule",
    "AssociateRole": "associate-role",
    "BusinessUnit": "business-unit",
    "Cart": "cart",
    "CartDiscount": "cart-discount",
    "Category": "category",
    "Customer": "customer",
    "CustomerEmailToken": "customer-email-token",
    "CustomerGroupCustom": "customer-group",
    "CustomerPasswordToken": "customer-password-token",
    "DiscountCode": "discount-code",
    "DiscountGroup": "discount-group",
    "InventoryEntry": "inventory-entry",
    "Payment": "payment",
    "PaymentMethod": "payment-method",
    "PaymentMethodInfo": "payment",
    "Product": "product",
    "ProductSelection": "product-selection",
    "ProductTailoring": "product-tailoring",
    "ProductVariantTailoring": "product-tailoring",
    "Quote": "quote",
    "QuoteRequest": "quote-request",
    "RecurringOrder": "recurring-order",
    "Review": "review",
    "ShoppingList": "shopping-list",
    "StagedQuote": "staged-quote",
    "StandalonePrice": "standalone-price",
    "Store": "store",
    "Variant": "variant",
}
"""How the Messages of a resource type begin; the longest that fits decides."""

ENVELOPES = ("raw", "pubsub", "cloudevents")
_encode = msgspec.json.encode


def type_of(kind: str, known: Sequence[str] = ()) -> str | None:
    """Return the typeId that Messages of this kind are about; None for a change, which has any.

    Raise CliError, with a suggestion among `known` kinds, if there is none.
    """
    if kind in CHANGES:
        return None
    fitting = [prefix for prefix in _PREFIXES if kind.startswith(prefix) and kind != prefix]
    if not fitting:
        otherwise = (
            "write a Message type such as OrderCreated, or ResourceUpdated with --id type/id"
        )
        do = did_you_mean(kind, [*known, *CHANGES], otherwise)
        raise CliError("CLI004", f"no notification is called {kind!r}", do=do)
    return _PREFIXES[max(fitting, key=len)]


def made_up(
    kind: str, about: Reference, version: int, *, id_: str, project: str, at: str
) -> dict[str, Any]:
    """Return a notification of this kind about a resource, as small as commercetools' smallest.

    A Message comes without its payload (`payloadNotIncluded`), as large ones do: handlers read the
    resource. It has no sequenceNumber, for that would stand in the way of real ones.
    """
    resource = {"typeId": about.type_id, "id": about.id}
    if kind in CHANGES:
        time = "createdAt" if kind == "ResourceCreated" else "modifiedAt"
        old = {"oldVersion": max(1, version - 1)} if kind == "ResourceUpdated" else {}
        erased = {"dataErasure": False} if kind == "ResourceDeleted" else {}
        told = {"version": version, **old, **erased, time: at}
        return {"notificationType": kind, "projectKey": project, "resource": resource, **told}
    return {
        "notificationType": "Message",
        "projectKey": project,
        "id": id_,
        "version": 1,
        "resource": resource,
        "resourceVersion": version,
        "createdAt": at,
        "lastModifiedAt": at,
        "payloadNotIncluded": {"reason": "made up by fluent-connect trigger", "payloadType": kind},
    }


def notification_id(payload: Mapping[str, Any]) -> str:
    """Return the id by which the journal knows the notification."""
    if "id" in payload:
        return str(payload["id"])
    about = payload["resource"]
    kind, version = payload["notificationType"], payload["version"]
    return f"{about['typeId']}:{about['id']}:{kind}:{version}"


def assign(payload: dict[str, Any], assignments: Sequence[str]) -> None:
    """Set `path=value` (dots between names; the value is JSON, or else a text) in a payload."""
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not (path and equals):
            do = "write --set resourceVersion=7, or --set order.orderState=Open"
            raise CliError("CLI004", f"{assignment!r} is no assignment", do=do)
        *parents, last = path.split(".")
        place = payload
        for name in parents:
            inner = place.setdefault(name, {})
            if not isinstance(inner, dict):
                raise CliError("CLI004", f"{name} in {path!r} is no table")
            place = inner
        place[last] = _value(text)


def wrapped(envelope: str, payload: Mapping[str, Any], id_: str) -> tuple[bytes, str]:
    """Return the body in an envelope, and its content type. Raise CliError for an unknown one."""
    if envelope == "raw":
        return _encode(payload), "application/json"
    if envelope == "pubsub":
        message = {"data": base64.b64encode(_encode(payload)).decode(), "messageId": id_}
        pushed = {"message": message, "subscription": "projects/none/subscriptions/trigger"}
        return _encode(pushed), "application/json"
    if envelope == "cloudevents":
        kind = payload.get("notificationType")
        event = {"specversion": "1.0", "id": id_, "source": f"/{payload.get('projectKey')}"}
        told = {"type": f"com.commercetools.trigger.{kind}", "data": payload}
        return _encode({**event, **told}), "application/cloudevents+json"
    do = did_you_mean(envelope, ENVELOPES, f"write one of {', '.join(ENVELOPES)}")
    raise CliError("CLI004", f"no envelope is called {envelope!r}", do=do)


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
