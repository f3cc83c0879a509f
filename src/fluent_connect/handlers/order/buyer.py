"""Whose order it is in Fluent: a customer, or a guest made for this one order."""

from fluent_connect.clients.commercetools.customer import Customer
from fluent_connect.clients.commercetools.model import Address
from fluent_connect.clients.fluent.model import Ref
from fluent_connect.handlers.customer_input import creation, source
from fluent_connect.handlers.message_handler import MapContext
from fluent_connect.handlers.order.export import ExportedOrder
from fluent_connect.mapping.customer_fields import username
from fluent_connect.mapping.text import whole

_USERNAME = 250


def buyer(order: ExportedOrder, context: MapContext) -> Ref:
    """Return the customer, to be created if Fluent has none of that username (never updated)."""
    settings = context.settings
    if order.buyer is not None:
        person, guests = order.buyer, None
        rule = (settings.username, settings.username_prefix)
        name = order.buyer_known_as or username(person, *rule)
    else:
        person, guests = _guest(order), order
        name = f"{settings.username_prefix}guest-{order.id}"
        whole(name, _USERNAME, "a guest's username")
    told = source(person, name, settings.missing_email, guests)
    return Ref("customer", name, creation(told, context.mapping))


def _guest(order: ExportedOrder) -> Customer:
    """Return the customer that the order's own addresses tell of."""
    ships = [order.shipping_address, *(each.shipping_address for each in order.shipping)]
    addresses = [each for each in (*ships, order.billing_address) if each]
    named = next((each for each in reversed(addresses) if each.last_name), Address())
    mails = (order.customer_email, *(each.email for each in reversed(addresses)))
    return Customer(
        id=order.id,
        version=order.version,
        email=next((mail for mail in mails if mail), None),
        first_name=named.first_name,
        last_name=named.last_name,
        locale=order.locale,
        addresses=addresses,
    )
