"""Whether a resource, now that it was read, is the account's that its message was addressed to."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.accounts import Account, Accounts, When
from fluent_connect.model.errors import Skip, UnprocessableError
from fluent_connect.model.message import Message

CATALOGUE = frozenset({"category", "product", "product-type", "standalone-price", "tax-category"})
"""Types of which every account of a project gets all."""

Json = Mapping[str, Any]


class Belonging:
    """Decide after the fetch what the notification alone could not tell.

    Of the accounts that one project feeds, a resource belongs to the first whose conditions it
    meets. Each candidate gets a message: all but the right one are skipped, and if there is none,
    the first candidate's is dead, so that it is told once.
    """

    def __init__(self, accounts: Accounts) -> None:
        candidates: dict[str, list[Account]] = {}
        for account in accounts:
            candidates.setdefault(account.commercetools.project_key, []).append(account)
        self._divided = {
            project: several
            for project, several in candidates.items()
            if not all(account.when.always for account in several)
        }
        """The projects whose resources do not all go to the same accounts."""

    def __call__(self, account: Account, message: Message, resource: object) -> None:
        """Raise Skip if the resource belongs to another account, UnprocessableError if to none."""
        candidates = self._divided.get(account.commercetools.project_key)
        about = message.resource
        if candidates is None or about is None or about.type_id in CATALOGUE:
            return
        plain = msgspec.to_builtins(resource)
        right = next((each for each in candidates if meets(plain, each.when)), None)
        if right is not None and _place(right) != _place(account):
            raise Skip(f"belongs to {_place(right)}")
        if right is None and _place(candidates[0]) != _place(account):
            raise Skip("belongs to no account")
        if right is None:
            raise UnprocessableError(f"no account mapping for {_told(plain)}")


def meets(resource: Json, when: When) -> bool:
    """Say whether a resource, as plain JSON, meets every condition that is set."""
    fields = (resource.get("custom") or {}).get("fields") or {}
    return (
        (when.store is None or when.store in _stores(resource))
        and (when.country is None or when.country == _country(resource))
        and (when.channel is None or when.channel in _channels(resource))
        and all(fields.get(name) == value for name, value in when.custom.items())
    )


def _place(account: Account) -> str:
    return f"{account.name}/{account.retailer}"


def _told(resource: Json) -> str:
    stores = _stores(resource)
    if stores:
        return f"store {', '.join(stores)}"
    country = _country(resource)
    return f"country {country}" if country else "a resource without store and country"


def _stores(resource: Json) -> Sequence[str]:
    """Return the keys of an order's store, or of a customer's stores."""
    several = [resource.get("store"), *(resource.get("stores") or ())]
    return [store["key"] for store in several if store and store.get("key")]


def _country(resource: Json) -> str | None:
    """Return the country of the shipping, else the billing, else the first address."""
    several = (
        resource.get("shippingAddress"),
        resource.get("billingAddress"),
        *(resource.get("addresses") or ()),
    )
    return next((address["country"] for address in several if address), None)


def _channels(resource: Json) -> Iterator[str]:
    """Yield the keys (where expanded) and ids of the channels that an order's lines name."""
    for line in resource.get("lineItems") or ():
        for name in ("supplyChannel", "distributionChannel"):
            channel = line.get(name) or {}
            yield from (value for value in (channel.get("id"), _key(channel)) if value)


def _key(channel: Json) -> str | None:
    key: str | None = channel.get("key") or (channel.get("obj") or {}).get("key")
    return key
