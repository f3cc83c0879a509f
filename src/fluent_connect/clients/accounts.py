"""Which commercetools project feeds which Fluent account and retailer."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec


class CommercetoolsAccess(msgspec.Struct, frozen=True, kw_only=True):
    """How a commercetools project is reached. URLs have no trailing slash."""

    project_key: str
    auth_url: str
    api_url: str
    client_id: str
    client_secret: str
    scopes: Sequence[str] = ()


class FluentAccess(msgspec.Struct, frozen=True, kw_only=True):
    """How a Fluent account is reached: the root URL and a user of the retailer."""

    account: str
    url: str
    username: str
    password: str
    client_id: str
    client_secret: str


class When(msgspec.Struct, frozen=True, kw_only=True):
    """Which resources of a project belong to an account, where the project feeds several.

    Each field that is set must match: the store's key, a country of the shipping (else billing)
    address, the key of a channel, custom fields. Nothing set = all.
    """

    store: str | None = None
    country: str | None = None
    channel: str | None = None
    custom: Mapping[str, str] = {}

    @property
    def always(self) -> bool:
        """Say whether no condition is set."""
        return not (self.store or self.country or self.channel or self.custom)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A commercetools project (or a part of it) and the Fluent retailer that it feeds.

    `name` is the Fluent account's id, `retailer` the retailer's numeric id as text: both are part
    of lane, fence and token keys.
    """

    name: str
    retailer: str
    commercetools: CommercetoolsAccess
    fluent: FluentAccess
    when: When = When()


class Accounts:
    """All accounts, and which of them a resource belongs to."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self._accounts = tuple(accounts)

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts)
