"""A commercetools category."""

import msgspec

from fluent_connect.clients.commercetools.model import CustomFields, Head, Link, Localized


class Category(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A category and its place in the tree."""

    id: str
    version: int
    key: str | None = None
    external_id: str | None = None
    name: Localized = {}
    slug: Localized = {}
    description: Localized | None = None
    order_hint: str | None = None
    parent: Link[Head] | None = None
    custom: CustomFields | None = None
