"""A commercetools customer, as far as mappings read it."""

from collections.abc import Sequence

import msgspec

from fluent_connect.clients.commercetools.model import Address, CustomFields, Head, Link


class Customer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A customer, without the password."""

    id: str
    version: int
    key: str | None = None
    customer_number: str | None = None
    external_id: str | None = None
    email: str | None = None
    title: str | None = None
    salutation: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company_name: str | None = None
    vat_id: str | None = None
    locale: str | None = None
    addresses: Sequence[Address] = ()
    default_shipping_address_id: str | None = None
    default_billing_address_id: str | None = None
    customer_group: Link[Head] | None = None
    stores: Sequence[Link[Head]] = ()
    custom: CustomFields | None = None
