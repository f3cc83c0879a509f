"""A commercetools channel: a shop, a warehouse, a sales channel."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.commercetools.model import Address, CustomFields, Localized


class Channel(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A channel, as far as an expanded reference shows it."""

    id: str = ""
    version: int = 0
    key: str | None = None
    roles: Sequence[str] = ()
    name: Localized | None = None
    description: Localized | None = None
    address: Address | None = None
    geo_location: Mapping[str, Any] | None = None
    custom: CustomFields | None = None
