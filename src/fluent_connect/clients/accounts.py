"""Which commercetools project feeds which Fluent account and retailer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

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
    """All accounts, and which of them a resource belongs to. The order is the configuration's."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self._accounts = tuple(accounts)
        self._projects: dict[str, tuple[Account, ...]] = {}
        for account in self._accounts:
            key = account.commercetools.project_key
            self._projects[key] = (*self._projects.get(key, ()), account)

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts)

    def for_project(self, project_key: str) -> tuple[Account, ...]:
        """Return the accounts that a project feeds; none if it is unknown."""
        return self._projects.get(project_key, ())

    def find(self, name: str, retailer: str) -> Account | None:
        """Return the account of this name and retailer."""
        for account in self._accounts:
            if account.name == name and account.retailer == retailer:
                return account
        return None

    def resolve(self, project_key: str, resource: Mapping[str, Any] | None) -> Account | None:
        """Return the account that a resource (as commercetools writes it) belongs to.

        The first whose conditions match; else the first without conditions; else None. Without a
        resource only an account without conditions can tell.
        """
        candidates = self.for_project(project_key)
        if resource is not None:
            for account in candidates:
                if not account.when.always and matches(account.when, resource):
                    return account
        return next((account for account in candidates if account.when.always), None)


def matches(when: When, resource: Mapping[str, Any]) -> bool:
    """Say whether a resource satisfies every condition that is set."""
    if when.store and when.store not in _stores(resource):
        return False
    if when.country and when.country != _country(resource):
        return False
    if when.channel and when.channel not in _channels(resource):
        return False
    custom = resource.get("custom") or {}
    fields = custom.get("fields") or {}
    return all(_text(fields.get(name)) == value for name, value in when.custom.items())


def place(resource: Mapping[str, Any]) -> str:
    """Return in words where a resource is at home: its store, else its country."""
    stores = _stores(resource)
    if stores:
        return f"store {', '.join(sorted(stores))}"
    country = _country(resource)
    return f"country {country}" if country else "a resource without store and country"


def _stores(resource: Mapping[str, Any]) -> set[str]:
    references = [resource.get("store"), *(resource.get("stores") or ())]
    return {reference["key"] for reference in references if reference and "key" in reference}


def _country(resource: Mapping[str, Any]) -> str | None:
    """Return the country of the shipping, else the billing address; a customer's are defaults."""
    addresses = {each.get("id"): each for each in resource.get("addresses") or ()}
    for kind in ("shipping", "billing"):
        address = resource.get(f"{kind}Address") or addresses.get(
            resource.get(f"default{kind.capitalize()}AddressId")
        )
        if address and address.get("country"):
            return str(address["country"])
    return None


def _channels(resource: Mapping[str, Any]) -> set[str]:
    """Return the keys (where known) and the ids of all channels that a resource names."""
    holders: Iterable[Mapping[str, Any]] = (resource, *(resource.get("lineItems") or ()))
    found: set[str] = set()
    for holder in holders:
        for name in ("distributionChannel", "supplyChannel", "channel"):
            reference = holder.get(name) or {}
            told = (
                reference.get("key"),
                reference.get("id"),
                (reference.get("obj") or {}).get("key"),
            )
            found.update(each for each in told if each)
    return found


def _text(value: Any) -> str:
    """Return a custom field's value as configuration would write it; of an enum, its key."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return str(value.get("key", ""))
    return "" if value is None else str(value)
