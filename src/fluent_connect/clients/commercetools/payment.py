"""A commercetools payment and its transactions."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.commercetools.model import (
    CustomFields,
    Head,
    Link,
    Localized,
    Money,
)


class PaymentMethodInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who handles a payment, and how it is paid. Its token is a secret, and is not read."""

    payment_interface: str | None = None
    interface_account: str | None = None
    method: str | None = None
    name: Localized | None = None
    custom: CustomFields | None = None


class PaymentStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the payment provider says of a payment, in its own words."""

    interface_code: str | None = None
    interface_text: str | None = None
    state: Link[Head] | None = None


class Transaction(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One step of a payment."""

    id: str = ""
    timestamp: str | None = None
    type: str = ""
    state: str = ""
    amount: Money | None = None
    interaction_id: str | None = None
    interface_id: str | None = None
    custom: CustomFields | None = None


class Payment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A payment and its transactions. `interface_interactions`: as they came."""

    id: str
    version: int
    created_at: str | None = None
    last_modified_at: str | None = None
    key: str | None = None
    customer: Link[Head] | None = None
    anonymous_id: str | None = None
    interface_id: str | None = None
    amount_planned: Money | None = None
    payment_method_info: PaymentMethodInfo = PaymentMethodInfo()
    payment_status: PaymentStatus | None = None
    transactions: Sequence[Transaction] = ()
    interface_interactions: Sequence[Mapping[str, Any]] = ()
    custom: CustomFields | None = None
