"""The financial transactions of Fluent's createOrder: what money there is for an order."""

from collections.abc import Iterable, Sequence

from fluent_connect.clients.commercetools.model import Money
from fluent_connect.clients.commercetools.order import Order
from fluent_connect.clients.commercetools.payment import Payment, Transaction
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping import money
from fluent_connect.mapping.attributes import attributes
from fluent_connect.mapping.text import cut, whole
from fluent_connect.model.errors import UnprocessableError, UnreachableError

_REF = 255
_UNKNOWN = "UNKNOWN"


def payments(order: Order) -> list[Payment]:
    """Return the order's payments. Raise UnreachableError if one could not be read.

    A payment that was to be expanded and is not there means that we may not read payments (or,
    seldom, that it was deleted): no reason to send an order as unpaid.
    """
    found = []
    for link in order.payment_info.payments if order.payment_info else ():
        if link.obj is None:
            raise UnreachableError(
                f"payment {link.id} of order {order.id} cannot be read:"
                " missing scope view_payments",
                outage=True,
            )
        found.append(link.obj)
    return found


def transactions(found: Iterable[Payment], settings: Settings) -> list[dict[str, object]]:
    """Return one financial transaction for each payment that holds money."""
    made = (_transaction(each, settings) for each in found)
    return [each for each in made if each is not None]


def _transaction(payment: Payment, settings: Settings) -> dict[str, object] | None:
    """Return what was charged, else what was authorized, never both."""
    for kind in ("Charge", "Authorization"):
        good = [
            each
            for each in payment.transactions
            if each.type == kind and each.state == "Success" and each.amount is not None
        ]
        amounts = [each.amount for each in good if each.amount is not None]
        if amounts:
            total, digits = _sum(amounts)
            return _input(payment, good, total, digits, settings) if total > 0 else None
    return None


def _sum(amounts: Sequence[Money]) -> tuple[int, int]:
    digits = max(money.digits(each) for each in amounts)
    if len({each.currency_code for each in amounts}) > 1:
        raise UnprocessableError("a payment has transactions in several currencies")
    return sum(money.units(each, digits) for each in amounts), digits


def _input(
    payment: Payment, good: Sequence[Transaction], total: int, digits: int, settings: Settings
) -> dict[str, object]:
    info, first = payment.payment_method_info, good[0]
    method = cut(info.method, 255) or _UNKNOWN
    unscaled = money.unscaled(total)
    amount = first.amount or Money()
    fields = {
        "ref": whole(payment.id, _REF, "the id of a payment"),
        "type": "PAYMENT",
        "amount": money.number(total, digits),
        "scale": None if unscaled is None else digits,
        "unscaledValue": unscaled,
        "currency": whole(amount.currency_code, 3, f"the currency of payment {payment.id}"),
        "externalTransactionId": cut(first.interaction_id, 255),
        "externalTransactionCode": cut(payment.interface_id, 255),
        "paymentMethod": settings.payment_methods.get(method, method),
        "paymentProvider": cut(info.payment_interface, 255),
        "attributes": attributes(
            {
                "commercetoolsId": payment.id,
                "commercetoolsVersion": payment.version,
                "commercetoolsTransactionType": first.type,
                "exactAmount": format(money.exact(total, digits), "f")
                if unscaled is None
                else None,
            }
        ),
    }
    return {name: value for name, value in fields.items() if value is not None}
