# ruff: noqa: D102 - the properties of a port say it by their names
"""Postal addresses: commercetools' parts, Fluent's lines."""

from collections.abc import Sequence
from typing import Protocol

from fluent_connect.mapping.text import cut, fits

_NUMBER_FIRST = frozenset({"US", "CA", "GB", "IE", "AU", "NZ", "FR", "LU", "IN", "SG", "ZA"})


class Address(Protocol):
    """The parts of an address that are read."""

    @property
    def first_name(self) -> str | None: ...
    @property
    def last_name(self) -> str | None: ...
    @property
    def company(self) -> str | None: ...
    @property
    def street_name(self) -> str | None: ...
    @property
    def street_number(self) -> str | None: ...
    @property
    def additional_street_info(self) -> str | None: ...
    @property
    def building(self) -> str | None: ...
    @property
    def apartment(self) -> str | None: ...
    @property
    def p_o_box(self) -> str | None: ...
    @property
    def postal_code(self) -> str | None: ...
    @property
    def city(self) -> str | None: ...
    @property
    def region(self) -> str | None: ...
    @property
    def state(self) -> str | None: ...
    @property
    def country(self) -> str | None: ...
    @property
    def phone(self) -> str | None: ...
    @property
    def mobile(self) -> str | None: ...
    @property
    def email(self) -> str | None: ...


def postal(address: Address) -> dict[str, object]:
    """Return the fields that a delivery and a billing address of Fluent have in common."""
    fields = {
        "companyName": cut(address.company, 255),
        "name": cut(full_name(address), 255),
        "street": cut(street(address), 255),
        "street2": cut(second_line(address), 255),
        "city": cut(address.city, 255),
        "state": cut(address.state, 200),
        "postcode": cut(address.postal_code, 100),
        "region": cut(address.region, 250),
        "country": cut(address.country, 100),
        "email": fits(address.email, 255),
    }
    return {name: value for name, value in fields.items() if value is not None}


def full_name(address: Address) -> str:
    """Return first and last name as one."""
    return _join(" ", address.first_name, address.last_name)


def street(address: Address) -> str:
    """Return street and number in the order of the country; a post box where there is no street."""
    name, house = address.street_name, address.street_number
    if (address.country or "").upper() in _NUMBER_FIRST:
        name, house = house, name
    return _join(" ", name, house) or (f"PO Box {address.p_o_box}" if address.p_o_box else "")


def second_line(address: Address) -> str:
    """Return what else is said of the place, and the post box where there is a street too."""
    box = address.p_o_box if address.street_name or address.street_number else None
    return _join(
        ", ",
        address.additional_street_info,
        address.building,
        address.apartment,
        f"PO Box {box}" if box else None,
    )


def phone(address: Address, limit: int, kinds: Sequence[str] = ("mobile", "phone")) -> str | None:
    """Return the first number of these kinds, in at most `limit` characters.

    Dots, dashes and spaces give way first; what is still too long is no number at all.
    """
    known = {"mobile": address.mobile, "phone": address.phone}
    for number in map(known.get, kinds):
        whole = fits(number, limit) or fits(_dense(number or ""), limit)
        if whole is not None:
            return whole
    return None


def _dense(number: str) -> str:
    return "".join(char for char in number if char.isdecimal() or char == "+")


def _join(separator: str, *parts: str | None) -> str:
    return separator.join(part.strip() for part in parts if part and part.strip())
