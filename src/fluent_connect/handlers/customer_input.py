"""What a customer of Fluent is made of: for the customer's own handler, and for orders."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from fluent_connect.clients.commercetools.customer import Customer
from fluent_connect.clients.commercetools.model import Address
from fluent_connect.clients.commercetools.order import Order
from fluent_connect.handlers.message_handler import HandlerContext
from fluent_connect.mapping.customer_fields import email_or, preferred
from fluent_connect.mapping.rules.mapper import Mapper
from fluent_connect.mapping.rules.target import Target
from fluent_connect.mapping.text import clean, cut

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


TARGETS: Mapping[str, Target] = {
    "customer": Target(CustomerSource, "UpdateCustomerInput"),
    "customer-create": Target(CustomerSource, "CreateCustomerInput"),
}
"""What handlers that make a customer have filled."""


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


def creation(source: CustomerSource, mapping: Mapper) -> dict[str, object]:
    """Return the input of a create: what commercetools owns, and what a create carries besides."""
    return mapping.added(owned(source, mapping), "customer-create", source)


def owned(source: CustomerSource, mapping: Mapper) -> dict[str, object]:
    """Return the input of an update: what commercetools owns, and nothing else."""
    return mapping.fill("customer", source)


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
