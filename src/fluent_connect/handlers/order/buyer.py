"""Whose order it is in Fluent: a customer, or a guest made for this one order."""

from fluent_connect.clients.commercetools.customer import Customer
from fluent_connect.clients.commercetools.model import Address
from fluent_connect.clients.fluent.model import Ref
from fluent_connect.handlers.message_handler import MapContext
from fluent_connect.handlers.order.export import ExportedOrder
from fluent_connect.mapping.attributes import attributes
from fluent_connect.mapping.customer_fields import Person, email_or, owned, told, username
from fluent_connect.mapping.text import cut, whole

_USERNAME = 250


def buyer(order: ExportedOrder, context: MapContext) -> Ref:
    """Return the customer, to be created if Fluent has none of that username (never updated)."""
    settings = context.settings
    if order.buyer is not None:
        name = username(order.buyer, settings.username, settings.username_prefix)
        return Ref("customer", name, _create(order.buyer, name, context, {}))
    name = whole(f"{settings.username_prefix}guest-{order.id}", _USERNAME, "a guest's username")
    extra = {"commercetoolsOrderId": order.id, "guest": True}
    return Ref("customer", name, _create(_guest(order), name, context, extra))


def _guest(order: ExportedOrder) -> Customer:
    """Return the customer that the order's own addresses tell of."""
    addresses = [each for each in (order.shipping_address, order.billing_address) if each]
    named = next((each for each in reversed(addresses) if each.last_name), Address())
    mails = (order.customer_email, *(each.email for each in reversed(addresses)))
    return Customer(
        id=order.id,
        version=order.version,
        email=next((mail for mail in mails if mail), None),
        first_name=named.first_name,
        last_name=named.last_name,
        addresses=addresses,
    )


def _create(
    person: Person, name: str, context: MapContext, extra: dict[str, object]
) -> dict[str, object]:
    settings = context.settings
    return {
        "username": name,
        **owned(person, email_or(person, settings.missing_email)),
        "timezone": cut(settings.timezone, 32) or "UTC",
        "promotionOptIn": settings.promotion_opt_in,
        "retailer": {"id": context.retailer},
        "attributes": attributes({**told(person), **extra}),
    }
