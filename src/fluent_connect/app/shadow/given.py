"""What a file holds: a resource of commercetools, a notification, or notifications in envelopes."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.listener.envelopes import unwrap
from fluent_connect.model.codec import decode_json
from fluent_connect.model.errors import ConnectError, UnprocessableError

_SIGNS = (
    (("cartState",), "cart"),
    (("lineItems", "orderState"), "order"),
    (("lineItems",), "order"),
    (("masterData",), "product"),
    (("ancestors",), "category"),
    (("paymentMethodInfo",), "payment"),
    (("quantityOnStock",), "inventory-entry"),
    (("isEmailVerified",), "customer"),
    (("email", "addresses"), "customer"),
    (("email", "authenticationMode"), "customer"),
    (("sku", "value"), "standalone-price"),
    (("orderHint", "slug"), "category"),
)
"""By which fields the type of a resource is known, where nobody says it."""
_WRAPPERS = frozenset({"notificationType", "specversion", "TopicArn", "detail-type", "eventType"})


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A resource (with its type), or the notifications in a file as bytes."""

    type_id: str = ""
    resource: Mapping[str, Any] | None = None
    notifications: Sequence[bytes] = ()


def given(body: bytes, type_id: str | None = None) -> Given:
    """Return what `body` holds. Raise UnprocessableError if it is nothing that is known.

    type_id: of a resource whose type cannot be told by its fields.
    """
    value = decode_json(body)
    if isinstance(value, Mapping) and _is_resource(value):
        return Given(type_id=type_id or type_of(value), resource=value)
    try:
        parts = unwrap(body)
        # The parts of a batch may be wrapped one by one.
        whole = [part for one in parts for part in unwrap(bytes(one), batch=False)]
    except ConnectError as error:
        raise UnprocessableError(
            f"neither a resource with id and version, nor a notification ({error})"
        ) from error
    return Given(notifications=whole)


def type_of(resource: Mapping[str, Any]) -> str:
    """Return the type of a resource by its fields. Raise UnprocessableError if none is known so."""
    for fields, type_id in _SIGNS:
        if all(field in resource for field in fields):
            return type_id
    raise UnprocessableError("the type of the resource cannot be told by its fields")


def _is_resource(value: Mapping[str, Any]) -> bool:
    identified = isinstance(value.get("id"), str) and isinstance(value.get("version"), int)
    told = "sequenceNumber" in value and "resource" in value
    return identified and not told and not _WRAPPERS & set(value)
