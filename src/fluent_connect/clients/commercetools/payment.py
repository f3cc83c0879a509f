"""A commercetools payment and its transactions."""

from collections.abc import Sequence

import msgspec

from fluent_connect.clients.commercetools.model import Money


class PaymentMethodInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who handles a payment, and how it is paid."""

    payment_interface: str | None = None
    method: str | None = None


class Transaction(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One step of a payment."""

    id: str = ""
    type: str = ""
    state: str = ""
    amount: Money | None = None
    interaction_id: str | None = None


class Payment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A payment and its transactions."""

    id: str
    version: int
    key: str | None = None
    interface_id: str | None = None
    amount_planned: Money | None = None
    payment_method_info: PaymentMethodInfo = PaymentMethodInfo()
    transactions: Sequence[Transaction] = ()
