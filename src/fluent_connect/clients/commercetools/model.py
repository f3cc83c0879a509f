"""commercetools' resources as far as mappings read them, and the updates that we send.

Written for the specification, not for one project: only `id` and `version` are required, what is
unknown is ignored, enums are text (a new value must not lose a resource), money is integers, and
dates stay text until someone needs one. Passwords are not read at all.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from fluent_connect.model.notification import Reference

T = TypeVar("T")
Localized = Mapping[str, str]


class Update(msgspec.Struct, frozen=True):
    """Update actions for a resource at a version (None: at the version it has when sent)."""

    resource: Reference
    actions: Sequence[Mapping[str, object]]
    version: int | None = None


class Link(msgspec.Struct, Generic[T], frozen=True, kw_only=True, rename="camel"):
    """A reference; `obj` is there if it was expanded and its target exists and may be read."""

    type_id: str = ""
    id: str = ""
    key: str | None = None
    obj: T | None = None


class Head(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What nearly every resource has; all that is read of most expanded references."""

    id: str = ""
    version: int = 0
    key: str | None = None


class Money(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An amount: `centAmount` of the smallest unit, or `preciseAmount` of a finer one."""

    currency_code: str = ""
    cent_amount: int = 0
    fraction_digits: int | None = None
    precise_amount: int | None = None


class TaxPortion(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The part of a tax that has one rate."""

    name: str | None = None
    rate: float = 0.0
    amount: Money = Money()


class TaxedPrice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An amount without and with its taxes."""

    total_net: Money
    total_gross: Money
    total_tax: Money | None = None
    tax_portions: Sequence[TaxPortion] = ()


class SubRate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A part of a rate: that of the state, of the county."""

    name: str = ""
    amount: float = 0.0


class TaxRate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A rate (0.19), and whether prices include it."""

    id: str | None = None
    key: str | None = None
    name: str | None = None
    amount: float = 0.0
    included_in_price: bool = False
    country: str | None = None
    state: str | None = None
    sub_rates: Sequence[SubRate] = ()


class CustomFields(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The custom fields of a resource, by name."""

    type: Link[Head] | None = None
    fields: Mapping[str, Any] = {}


class Address(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A postal address with its contact."""

    id: str | None = None
    key: str | None = None
    title: str | None = None
    salutation: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    department: str | None = None
    street_name: str | None = None
    street_number: str | None = None
    additional_street_info: str | None = None
    building: str | None = None
    apartment: str | None = None
    p_o_box: str | None = None
    postal_code: str | None = None
    city: str | None = None
    region: str | None = None
    state: str | None = None
    country: str | None = None
    phone: str | None = None
    mobile: str | None = None
    email: str | None = None
    fax: str | None = None
    additional_address_info: str | None = None
    external_id: str | None = None
    custom: CustomFields | None = None


class AssetSource(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One rendering of an asset: where it lies, and of which kind it is."""

    uri: str = ""
    key: str | None = None
    dimensions: Mapping[str, int] | None = None
    content_type: str | None = None


class Asset(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A picture, film or document that belongs to a category or a variant."""

    id: str = ""
    key: str | None = None
    sources: Sequence[AssetSource] = ()
    name: Localized = {}
    description: Localized | None = None
    tags: Sequence[str] = ()
    custom: CustomFields | None = None


class DiscountedPrice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a price comes down to by a product discount."""

    value: Money
    discount: Link[Head] | None = None
