"""What a customer of Fluent is made of: for the customer's own handler, and for orders."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from fluent_connect.clients.commercetools.customer import Customer
from fluent_connect.clients.commercetools.model import Address, Head, Link
from fluent_connect.clients.commercetools.order import Order
from fluent_connect.handlers.message_handler import HandlerContext, MapContext
from fluent_connect.mapping.attributes import attributes
from fluent_connect.mapping.customer_fields import (
    address_book,
    email_or,
    land,
    number,
    preferred,
)
from fluent_connect.mapping.text import clean, cut
from fluent_connect.mapping.values import Typed

_NAME = 50
_KNOWN = """\
query knownCustomer(
  $emails: [String] $firstNames: [String] $lastNames: [String] $named: Boolean!
) {
  username: customers(username: $emails, first: 100) {
    edges { node { username attributes { name value } } }
  }
  email: customers(primaryEmail: $emails, first: 100) {
    edges { node { username attributes { name value } } }
  }
  name: customers(firstName: $firstNames, lastName: $lastNames, first: 500) @include(if: $named) {
    edges { node { username attributes { name value } } }
  }
}
"""


class CustomerSource(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A customer, for its mapping.

    customer:  as commercetools has it; a guest is made up of the order's own addresses.
    username:  by the account's rule. email: the address, or what stands in for a missing one.
    addresses: default shipping, default billing, then as they come.
    shipping:  the default shipping address; billing: the default billing address.
    order:     of a guest, the order; None for a customer with an account.
    """

    customer: Customer
    username: str
    email: str
    addresses: Sequence[Address] = ()
    shipping: Address | None = None
    billing: Address | None = None
    order: Order | None = None


def source(
    customer: Customer, name: str, missing_email: str, order: Order | None = None
) -> CustomerSource:
    """Return what the mapping of a customer reads."""
    by_id = {address.id: address for address in customer.addresses if address.id}
    return CustomerSource(
        customer=customer,
        username=name,
        email=email_or(customer, missing_email),
        addresses=cast("list[Address]", preferred(customer)),
        shipping=by_id.get(customer.default_shipping_address_id or ""),
        billing=by_id.get(customer.default_billing_address_id or ""),
        order=order,
    )


def creation(source: CustomerSource, context: MapContext) -> dict[str, object]:
    """Return the input of a create: what commercetools owns, and what a create carries besides."""
    settings = context.settings
    made: dict[str, object] = {
        "timezone": cut(settings.timezone, 32) or "UTC",
        "promotionOptIn": settings.promotion_opt_in,
        "retailer": {"id": context.retailer},
    }
    return {**made, **owned(source, context)}


def owned(source: CustomerSource, context: MapContext) -> dict[str, object]:
    """Return the input of an update: what commercetools owns, and nothing else."""
    customer, settings = source.customer, context.settings
    fields = {
        "username": source.username,
        "title": cut(customer.title, 50) or cut(customer.salutation, 50),
        "firstName": cut(customer.first_name, 50),
        "lastName": cut(customer.last_name, 50),
        "primaryEmail": source.email,
        "primaryPhone": number(source.addresses),
        "country": cut(land(source.addresses), 100),
        "attributes": attributes(_told(source, context), settings),
    }
    return {name: value for name, value in fields.items() if value}


def _told(source: CustomerSource, context: MapContext) -> dict[str, object]:
    customer, order = source.customer, source.order
    custom = customer.custom.fields if customer.custom else {}
    ours: dict[str, object] = {
        "commercetoolsId": customer.id,
        "commercetoolsVersion": customer.version,
        "commercetoolsProject": context.project_key,
        "customerKey": customer.key,
        "customerNumber": customer.customer_number,
        "externalId": customer.external_id,
        "salutation": customer.salutation,
        "middleName": customer.middle_name,
        "dateOfBirth": customer.date_of_birth,
        "company": customer.company_name,
        "vatId": customer.vat_id,
        "locale": customer.locale,
        "emailVerified": customer.is_email_verified,
        "authenticationMode": customer.authentication_mode,
        "customerGroup": _key(customer.customer_group),
        "customerGroups": Typed("JSON", groups) if (groups := _groups(customer)) else None,
        "stores": Typed("JSON", stores)
        if (stores := [each.key for each in customer.stores])
        else None,
        "addresses": Typed("JSON", book) if (book := address_book(customer)) else None,
        "commercetoolsOrderId": order.id if order else None,
        "guest": True if order else None,
    }
    return {**{name: value for name, value in custom.items() if name not in ours}, **ours}


def _groups(customer: Customer) -> list[str | None]:
    return [_key(each.customer_group) for each in customer.customer_group_assignments]


def _key(link: Link[Head] | None) -> str | None:
    if link is None:
        return None
    return (link.obj.key if link.obj else None) or link.key or link.id


async def known_username(customer: Customer, context: HandlerContext) -> str | None:
    """Return what Fluent calls the customer already, where the e-mail address is the username.

    A username is for ever, and an e-mail address is not: the customer is found by the address or,
    once that has changed, by the name, and known by its `commercetoolsId`. None: nobody is found,
    or the account's rule does not need it.
    """
    settings, email = context.settings, clean(customer.email)
    if settings.username != "email" or email is None:
        return None
    first, last = cut(customer.first_name, _NAME), cut(customer.last_name, _NAME)
    asked = {
        "emails": list(dict.fromkeys((email, f"{settings.username_prefix}{email.lower()}"))),
        "firstNames": [first] if first else None,
        "lastNames": [last] if last else None,
        "named": bool(first or last),
    }
    found = await context.fluent.ask(_KNOWN, asked)
    for connection in (found.get("username"), found.get("email"), found.get("name")):
        for edge in (connection or {}).get("edges") or ():
            if _source_of(edge["node"]) == customer.id:
                return str(edge["node"]["username"])
    return None


def _source_of(node: Mapping[str, Any]) -> str | None:
    for each in node.get("attributes") or ():
        if each.get("name") == "commercetoolsId":
            return str(each.get("value"))
    return None
