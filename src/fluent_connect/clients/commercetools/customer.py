"""A commercetools customer: every documented field but the password."""

from collections.abc import Sequence

import msgspec

from fluent_connect.clients.commercetools.model import Address, CustomFields, Head, Link

EXPAND = ("customerGroup", "customerGroupAssignments[*].customerGroup")
"""What is read along with a customer: the keys of its groups."""


class GroupAssignment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One of the groups that a customer is in, where a customer may be in several."""

    customer_group: Link[Head] = Link()


class Customer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A customer, without the password."""

    id: str
    version: int
    created_at: str | None = None
    last_modified_at: str | None = None
    key: str | None = None
    customer_number: str | None = None
    external_id: str | None = None
    email: str | None = None
    is_email_verified: bool | None = None
    authentication_mode: str | None = None
    title: str | None = None
    salutation: str | None = None
    first_name: str | None = None
    middle_name: str | None = None
    last_name: str | None = None
    date_of_birth: str | None = None
    company_name: str | None = None
    vat_id: str | None = None
    locale: str | None = None
    addresses: Sequence[Address] = ()
    default_shipping_address_id: str | None = None
    shipping_address_ids: Sequence[str] = ()
    default_billing_address_id: str | None = None
    billing_address_ids: Sequence[str] = ()
    customer_group: Link[Head] | None = None
    customer_group_assignments: Sequence[GroupAssignment] = ()
    stores: Sequence[Link[Head]] = ()
    custom: CustomFields | None = None
