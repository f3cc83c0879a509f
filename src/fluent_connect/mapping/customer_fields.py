# ruff: noqa: D102 - the properties of a port say it by their names
"""A customer's fields, for customers with an account and for guests."""

from collections.abc import Sequence
from typing import Literal, Protocol

from fluent_connect.mapping.address import Address, phone
from fluent_connect.mapping.text import clean, cut, fits, units
from fluent_connect.model.errors import UnprocessableError

_USERNAME = 250
_EMAIL = 250
_PHONE = 20


class KnownAddress(Address, Protocol):
    """An address that a customer's defaults can point to."""

    @property
    def id(self) -> str | None: ...


class Person(Protocol):
    """What is read of a customer."""

    @property
    def id(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def key(self) -> str | None: ...
    @property
    def external_id(self) -> str | None: ...
    @property
    def company_name(self) -> str | None: ...
    @property
    def vat_id(self) -> str | None: ...
    @property
    def locale(self) -> str | None: ...
    @property
    def email(self) -> str | None: ...
    @property
    def title(self) -> str | None: ...
    @property
    def first_name(self) -> str | None: ...
    @property
    def last_name(self) -> str | None: ...
    @property
    def customer_number(self) -> str | None: ...
    @property
    def addresses(self) -> Sequence[KnownAddress]: ...
    @property
    def default_shipping_address_id(self) -> str | None: ...
    @property
    def default_billing_address_id(self) -> str | None: ...


def username(
    person: Person, rule: Literal["id", "customer-number", "email"], prefix: str = ""
) -> str:
    """Return what the customer is called for ever. Never cut: two could then be one.

    Raise UnprocessableError if what the rule asks for is missing or longer than 250 characters.
    """
    email = clean(person.email)
    found = {
        "id": person.id,
        "customer-number": clean(person.customer_number),
        "email": email.lower() if email else None,
    }[rule]
    if found is None:
        raise UnprocessableError(f"customer {person.id} has no {rule} to be its username")
    name = prefix + found
    if units(name) > _USERNAME:
        raise UnprocessableError(f"customer {person.id}: username is over {_USERNAME} characters")
    return name


def email_or(person: Person, missing: str) -> str:
    """Return the e-mail address, or what stands in for one that is missing or too long.

    `missing` is "dead" (raise UnprocessableError) or a pattern with {id}.
    """
    found = fits(person.email, _EMAIL)
    if found is not None:
        return found
    if missing == "dead":
        raise UnprocessableError(f"customer {person.id} has no e-mail address that Fluent can take")
    return missing.replace("{id}", person.id)


def owned(person: Person, email: str) -> dict[str, object]:
    """Return the fields that commercetools owns, for create and update alike."""
    ordered = preferred(person)
    numbers = (phone(address, _PHONE) for address in ordered)
    countries = (cut(address.country, 100) for address in ordered)
    fields = {
        "title": cut(person.title, 50),
        "firstName": cut(person.first_name, 50),
        "lastName": cut(person.last_name, 50),
        "primaryEmail": email,
        "primaryPhone": next((number for number in numbers if number), None),
        "country": next((country for country in countries if country), None),
    }
    return {name: value for name, value in fields.items() if value is not None}


def preferred(person: Person) -> list[KnownAddress]:
    """Return the addresses: default shipping, default billing, then as they come."""
    defaults = (person.default_shipping_address_id, person.default_billing_address_id)
    first = [
        address
        for wanted in defaults
        if wanted is not None
        for address in person.addresses
        if address.id == wanted
    ]
    return [*first, *person.addresses]


def told(person: Person) -> dict[str, object]:
    """Return what else is known of a customer, by the names of Fluent's attributes."""
    return {
        "commercetoolsId": person.id,
        "commercetoolsVersion": person.version,
        "customerKey": person.key,
        "customerNumber": person.customer_number,
        "externalId": person.external_id,
        "company": person.company_name,
        "vatId": person.vat_id,
        "locale": person.locale,
    }
