"""A commercetools category: every documented field."""

from collections.abc import Sequence

import msgspec

from fluent_connect.clients.commercetools.model import Asset, CustomFields, Head, Link, Localized


class Category(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A category and its place in the tree; `ancestors` from the root down."""

    id: str
    version: int
    created_at: str | None = None
    last_modified_at: str | None = None
    key: str | None = None
    external_id: str | None = None
    name: Localized = {}
    slug: Localized = {}
    description: Localized | None = None
    meta_title: Localized | None = None
    meta_description: Localized | None = None
    meta_keywords: Localized | None = None
    order_hint: str | None = None
    ancestors: Sequence[Link[Head]] = ()
    parent: Link[Head] | None = None
    assets: Sequence[Asset] = ()
    custom: CustomFields | None = None
