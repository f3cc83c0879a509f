# ruff: noqa: D102 - the properties of a port say it by their names
"""A customer's fields, for customers with an account and for guests."""

from collections.abc import Sequence
from typing import Literal, Protocol

from fluent_connect.mapping.address import Address, phone, postal
from fluent_connect.mapping.text import clean, fits, units
from fluent_connect.model.errors import UnprocessableError

_USERNAME = 250
_EMAIL = 250
_PHONE = 20
_LONG = 255


class KnownAddress(Address, Protocol):
    """An address that a customer's defaults can point to."""

    @property
    def id(self) -> str | None: ...
    @property
    def key(self) -> str | None: ...


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
    def shipping_address_ids(self) -> Sequence[str]: ...
    @property
    def default_billing_address_id(self) -> str | None: ...
    @property
    def billing_address_ids(self) -> Sequence[str]: ...


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


def number(
    addresses: Sequence[Address], kinds: Sequence[str] = ("mobile", "phone"), limit: int = _PHONE
) -> str | None:
    """Return the first number that any address tells, of `kinds` in this order; never cut."""
    found = (phone(address, limit, kinds) for address in addresses)
    return next((each for each in found if each), None)


def land(addresses: Sequence[Address]) -> str | None:
    """Return the first country that any address tells."""
    return next((address.country for address in addresses if clean(address.country)), None)


def address_book(person: Person) -> list[dict[str, object]]:
    """Return all addresses in Fluent's words, each with its id and what it is used for."""
    return [
        {
            **_named(address),
            **postal(address),
            **_number_of(address),
            **_uses_of(address.id, person),
        }
        for address in person.addresses
    ]


def _named(address: KnownAddress) -> dict[str, object]:
    names = {"id": address.id, "key": address.key}
    return {name: text for name, text in names.items() if text}


def _number_of(address: Address) -> dict[str, object]:
    found = phone(address, _LONG)
    return {"phone": found} if found else {}


def _uses_of(id_: str | None, person: Person) -> dict[str, object]:
    uses = {
        "defaultShipping": id_ == person.default_shipping_address_id,
        "shipping": id_ in person.shipping_address_ids,
        "defaultBilling": id_ == person.default_billing_address_id,
        "billing": id_ in person.billing_address_ids,
    }
    found = [use for use, holds in uses.items() if holds and id_]
    return {"uses": found} if found else {}
