"""Whether a resource, now that it was read, is the account's that its message was addressed to."""

from collections.abc import Mapping
from typing import Any

import msgspec

from fluent_connect.clients.accounts import Account, Accounts, place
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.message import Message

CATALOGUE = frozenset({"category", "product", "product-type", "standalone-price", "tax-category"})
"""Types of which every account of a project gets all."""


class Belonging:
    """Decide after the fetch what the notification alone could not tell."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._divided = {
            each.commercetools.project_key for each in accounts if not each.when.always
        }
        """The projects whose resources do not all go to the same accounts."""

    def __call__(self, account: Account, message: Message, resource: object) -> Account | None:
        """Return the account that the resource belongs to instead; None if it is this one's.

        Raise UnprocessableError if it belongs to none.
        """
        project, about = account.commercetools.project_key, message.resource
        if project not in self._divided or about is None or about.type_id in CATALOGUE:
            return None
        plain: Any = msgspec.to_builtins(resource)
        if not isinstance(plain, Mapping):
            return None
        right = self._accounts.resolve(project, plain)
        if right is None:
            raise UnprocessableError(f"no account mapping for {place(plain)}")
        same = (right.name, right.retailer) == (account.name, account.retailer)
        return None if same else right
